/** The marked bar in words, and what can be done with it. */
import { useState } from 'react';
import { describeBar } from './bars.ts';
import { callSiteOf, type FlameGraph, nameOf } from './flame-graph.ts';

export interface BarLineProps {
  readonly graph: FlameGraph;
  readonly bar: number;
  readonly unit: string;
  /** What a search found, in words. */
  readonly found: string;
  readonly onZoomOut?: () => void;
  readonly onFocus?: (callSite: readonly string[]) => void;
  readonly onSandwich?: (name: string) => void;
}

export function BarLine({ graph, bar, unit, found, onZoomOut, onFocus, onSandwich }: BarLineProps) {
  const [copied, setCopied] = useState('');
  const name = nameOf(graph, bar);
  return (
    <div className="bar-line">
      <div className="bar-words" role="status">
        <b>
          <bdi>{name}</bdi>
        </b>{' '}
        {describeBar(graph, bar, unit)}
        {graph.inlined?.[bar] === 1 && ', inlined'}
        {found !== '' && <span className="found"> {found}</span>}
      </div>
      <span className="actions">
        {onZoomOut !== undefined && <button onClick={onZoomOut}>Zoom out</button>}
        {bar > 0 && onFocus !== undefined && (
          <button
            title="Asks again for what lies below this call alone"
            onClick={() => onFocus(callSiteOf(graph, bar))}
          >
            Focus
          </button>
        )}
        {bar > 0 && onSandwich !== undefined && <button onClick={() => onSandwich(name)}>Callers and callees</button>}
        {bar > 0 && (
          <button onClick={() => void navigator.clipboard.writeText(name).then(() => setCopied(name))}>
            {copied === name ? 'Copied' : 'Copy name'}
          </button>
        )}
      </span>
    </div>
  );
}
