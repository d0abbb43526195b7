/** A flame graph with its table: one of them, both, or the sandwich of a function. */
import { useMemo } from 'react';
import { FlameCanvas } from '../flame/flame-canvas.tsx';
import type { FlameGraph } from '../flame/flame-graph.ts';
import { calleesOf, callersOf } from '../flame/sandwich.ts';
import { PANES, type Pane } from '../model/page-state.ts';
import { partsOf } from '../model/units.ts';
import { usePage } from '../parts/page.ts';
import { FunctionTable } from './function-table.tsx';
import { NoData } from './services-view.tsx';

const PANE_WORDS: Readonly<Record<Pane, string>> = {
  both: 'Both',
  graph: 'Flame graph',
  table: 'Table',
  sandwich: 'Sandwich',
};

export interface ProfilePanesProps {
  readonly graph: FlameGraph;
}

export function ProfilePanes({ graph }: ProfilePanesProps) {
  const { state, go } = usePage();
  const { unit } = partsOf(state.type);
  const { pane, search, focus } = state;
  const showAbout = (about: string): void => go({ about, pane: 'sandwich' });
  if ((graph.width[0] ?? 0) === 0 && focus.length === 0) return <NoData />;
  const table = <FunctionTable graph={graph} unit={unit} search={search} onPick={showAbout} />;
  const canvas = (
    <FlameCanvas
      graph={graph}
      unit={unit}
      search={search}
      onSandwich={showAbout}
      {...(graph.right === undefined && { onFocus: (path: readonly string[]) => go({ focus: path }) })}
    />
  );
  return (
    <section>
      <div className="row">
        <div className="tabs" role="tablist">
          {PANES.map((one) => (
            <button key={one} role="tab" aria-selected={pane === one} onClick={() => go({ pane: one })}>
              {PANE_WORDS[one]}
            </button>
          ))}
        </div>
        <input
          type="search"
          placeholder="Search functions"
          value={search}
          aria-label="Search functions"
          onChange={(event) => go({ search: event.currentTarget.value }, { isStep: false })}
        />
        {focus.length > 0 && (
          <button className="chip" onClick={() => go({ focus: [] })}>
            Focused on {focus.at(-1)} ×
          </button>
        )}
      </div>
      {pane === 'sandwich' ? (
        <Sandwich graph={graph} unit={unit} about={state.about} />
      ) : (
        <div className={pane === 'both' ? 'split' : ''}>
          {pane !== 'graph' && table}
          {pane !== 'table' && canvas}
        </div>
      )}
    </section>
  );
}

function Sandwich({
  graph,
  unit,
  about,
}: {
  readonly graph: FlameGraph;
  readonly unit: string;
  readonly about: string;
}) {
  const { state, go } = usePage();
  const [callers, callees] = useMemo(() => [callersOf(graph, about), calleesOf(graph, about)], [graph, about]);
  if (about === '')
    return <FunctionTable graph={graph} unit={unit} search={state.search} onPick={(name) => go({ about: name })} />;
  const onSandwich = (name: string): void => go({ about: name });
  return (
    <>
      <h2>Callers of {about}</h2>
      <FlameCanvas graph={callers} unit={unit} search={state.search} onSandwich={onSandwich} />
      <h2>What {about} calls</h2>
      <FlameCanvas graph={callees} unit={unit} search={state.search} onSandwich={onSandwich} />
    </>
  );
}
