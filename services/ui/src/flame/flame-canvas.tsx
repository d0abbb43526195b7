/** The flame graph: a canvas that zooms by click, tells by hover, and is walked by arrow keys. */
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { formatShare, formatValue } from '../model/units.ts';
import { useDarkMode } from '../parts/use-dark-mode.ts';
import { useWidth } from '../parts/use-width.ts';
import { barAt, drawScene, placeBars, ROW_HEIGHT } from './draw.ts';
import { type FlameGraph, isOther, nameOf, pathTo, searchBars } from './flame-graph.ts';

export interface FlameCanvasProps {
  readonly graph: FlameGraph;
  readonly unit: string;
  readonly search: string;
  /** Asks for what lies below a bar alone, so that nothing of it is hidden. */
  readonly onFocus?: (path: readonly string[]) => void;
  readonly onSandwich?: (name: string) => void;
}

interface Hover {
  readonly bar: number;
  readonly x: number;
  readonly y: number;
}

const NOTHING: Hover = { bar: -1, x: 0, y: 0 };

export function FlameCanvas({ graph, unit, search, onFocus, onSandwich }: FlameCanvasProps) {
  const [zoom, setZoom] = useState(0);
  const [selected, setSelected] = useState(-1);
  const [hover, setHover] = useState(NOTHING);
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const isDark = useDarkMode();
  useEffect(() => {
    setZoom(0);
    setSelected(-1);
    setHover(NOTHING);
  }, [graph]);
  const shownZoom = zoom < graph.count ? zoom : 0;
  const found = useMemo(() => (search === '' ? undefined : searchBars(graph, search)), [graph, search]);
  const bars = useMemo(() => placeBars({ graph, zoom: shownZoom, widthPx }), [graph, shownZoom, widthPx]);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context == null) return;
    const ratio = globalThis.devicePixelRatio || 1;
    element.width = Math.round(widthPx * ratio);
    element.height = Math.round(graph.levels * ROW_HEIGHT * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const scene = { graph, zoom: shownZoom, hovered: hover.bar, selected, found: found?.found, widthPx };
    drawScene(context, { ...scene, palette: { isDark } }, bars);
  }, [graph, shownZoom, hover.bar, selected, found, widthPx, isDark, bars]);

  const pointed = (event: MouseEvent): Hover => {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    return { bar: barAt(bars, x, y), x, y };
  };
  const choose = (bar: number): void => {
    setSelected(bar);
    setZoom(bar);
  };
  const walk = (event: KeyboardEvent): void => {
    const next = neighbour(graph, selected < 0 ? shownZoom : selected, event.key);
    if (next === undefined) return;
    event.preventDefault();
    if (event.key === 'Enter' || event.key === 'Escape') choose(next);
    else setSelected(next);
  };
  const marked = selected >= 0 ? selected : shownZoom;
  return (
    <div className="flame" ref={frame}>
      <div className="bar-line" role="status">
        <b>{nameOf(graph, marked)}</b> {describeBar(graph, marked, unit)}
        {found !== undefined && <span className="found">found {formatShare(found.width, graph.width[0] ?? 0)}</span>}
        <span className="actions">
          {shownZoom > 0 && <button onClick={() => choose(0)}>Zoom out</button>}
          {marked > 0 && onFocus !== undefined && (
            <button
              onClick={() => onFocus(pathTo(graph, isOther(graph, marked) ? (graph.parent[marked] ?? 0) : marked))}
            >
              Focus
            </button>
          )}
          {marked > 0 && onSandwich !== undefined && (
            <button onClick={() => onSandwich(nameOf(graph, marked))}>Callers and callees</button>
          )}
          {marked > 0 && (
            <button onClick={() => void navigator.clipboard.writeText(nameOf(graph, marked))}>Copy name</button>
          )}
        </span>
      </div>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label="Flame graph. Arrow keys walk, Enter zooms, Escape zooms out."
        style={{ width: `${widthPx}px`, height: `${graph.levels * ROW_HEIGHT}px` }}
        onClick={(event) => {
          const { bar } = pointed(event);
          if (bar >= 0) choose(bar);
        }}
        onMouseMove={(event) => setHover(pointed(event))}
        onMouseLeave={() => setHover(NOTHING)}
        onKeyDown={walk}
      />
      {hover.bar >= 0 && (
        <div
          className="tooltip"
          style={{ left: `${Math.min(hover.x + 12, widthPx - 260)}px`, top: `${hover.y + 52}px` }}
        >
          <b>{nameOf(graph, hover.bar)}</b>
          <div>{describeBar(graph, hover.bar, unit)}</div>
          {isOther(graph, hover.bar) && <div>Too small to be shown alone: focus shows it.</div>}
        </div>
      )}
    </div>
  );
}

function describeBar(graph: FlameGraph, bar: number, unit: string): string {
  const whole = graph.total[0] ?? 0;
  const [total, self] = [graph.total[bar] ?? 0, graph.self[bar] ?? 0];
  const left = `${formatValue(total, unit)} (${formatShare(total, whole)}), self ${formatValue(self, unit)}`;
  if (graph.right === undefined) return left;
  const right = graph.right.total[bar] ?? 0;
  return `before ${left}; after ${formatValue(right, unit)} (${formatShare(right, graph.right.total[0] ?? 0)})`;
}

/** Where a key leads from a bar; undefined where it leads nowhere. */
function neighbour(graph: FlameGraph, bar: number, key: string): number | undefined {
  const isChild = (one: number): boolean => graph.parent[one] === bar;
  const isSibling = (one: number): boolean => one > 0 && graph.parent[one] === graph.parent[bar];
  if (key === 'Enter') return bar;
  if (key === 'Escape') return 0;
  if (key === 'ArrowUp') return bar > 0 ? graph.parent[bar] : undefined;
  if (key === 'ArrowLeft') return isSibling(bar - 1) ? bar - 1 : undefined;
  if (key === 'ArrowRight') return isSibling(bar + 1) ? bar + 1 : undefined;
  if (key !== 'ArrowDown') return undefined;
  for (let one = bar + 1; one < graph.count; one++) if (isChild(one)) return one;
  return undefined;
}
