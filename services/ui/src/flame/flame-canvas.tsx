/** The flame graph: a canvas that zooms by click, tells by hover, and is walked by arrow keys. Only the rows on the screen are drawn. */
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { formatShare } from '../model/units.ts';
import { useWidth } from '../parts/use-width.ts';
import { BarFigures } from './bar-figures.tsx';
import { BarLine } from './bar-line.tsx';
import { neighbour } from './bars.ts';
import { canvasSurface, drawBars, type Paint } from './draw.ts';
import { type FlameGraph, isOther, nameOf, searchBars } from './flame-graph.ts';
import { type PlacedBars, placeAt, placeBars, ROW_HEIGHT, THIN } from './place-bars.ts';

export interface FlameCanvasProps {
  readonly graph: FlameGraph;
  readonly unit: string;
  readonly search: string;
  readonly paint: Omit<Paint, 'found'>;
  /** Asks for what lies below a bar alone, so that nothing of it is hidden. */
  readonly onFocus?: (callSite: readonly string[]) => void;
  readonly onSandwich?: (name: string) => void;
}

interface Hover {
  readonly bar: number;
  readonly x: number;
  readonly y: number;
}

const NOTHING: Hover = { bar: -1, x: 0, y: 0 };
/** Rows that are seen at most; deeper graphs scroll. */
const ROWS_MAX = 36;

export function FlameCanvas({ graph, unit, search, paint, onFocus, onSandwich }: FlameCanvasProps) {
  const [zoom, setZoom] = useState(0);
  const [selected, setSelected] = useState(-1);
  const [hover, setHover] = useState(NOTHING);
  const [firstRow, setFirstRow] = useState(0);
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  useEffect(() => {
    setZoom(0);
    setSelected(-1);
    setHover(NOTHING);
  }, [graph]);
  // Bars of the graph before it are none of this one.
  const [shownZoom, shownSelected, shownHover] = [zoom, selected, hover.bar].map((bar) =>
    bar < graph.count ? bar : 0,
  );
  const found = useMemo(() => (search === '' ? undefined : searchBars(graph, search)), [graph, search]);
  const rows = Math.min(graph.levels, ROWS_MAX);
  const bars = useMemo(
    () => placeBars(graph, { zoom: shownZoom ?? 0, widthPx, firstRow, untilRow: firstRow + rows + 1 }),
    [graph, shownZoom, widthPx, firstRow, rows],
  );
  const { palette, align } = paint;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context == null || widthPx === 0) return;
    const ratio = globalThis.devicePixelRatio || 1;
    element.width = Math.round(widthPx * ratio);
    element.height = Math.round((rows + 1) * ROW_HEIGHT * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawBars(canvasSurface(context, palette), graph, bars, { palette, align, found: found?.found });
    // What was drawn is counted: for whoever measures it.
    element.dataset.bars = String(bars.count);
  }, [graph, found, widthPx, palette, align, bars, rows]);

  const pointed = (event: MouseEvent): Hover => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    return { bar: bars.bar[placeAt(bars, x, firstRow + Math.floor(y / ROW_HEIGHT))] ?? THIN, x, y };
  };
  const choose = (bar: number): void => {
    setSelected(bar);
    setZoom(bar);
    // What lies under the pointer is another bar then.
    setHover(NOTHING);
  };
  const walk = (event: KeyboardEvent): void => {
    const next = neighbour(graph, (shownSelected ?? 0) < 0 ? (shownZoom ?? 0) : (shownSelected ?? 0), event.key);
    if (next === undefined) return;
    event.preventDefault();
    if (event.key === 'Enter' || event.key === 'Escape') choose(next);
    else {
      setSelected(next);
      const row = graph.depth[next] ?? 0;
      const scroller = event.currentTarget.parentElement?.parentElement;
      if (row < firstRow || row >= firstRow + rows) scroller?.scrollTo({ top: (row - rows / 2) * ROW_HEIGHT });
    }
  };
  const marked = (shownSelected ?? 0) >= 0 ? (shownSelected ?? 0) : (shownZoom ?? 0);
  return (
    <div className="flame" ref={frame}>
      <BarLine
        graph={graph}
        bar={marked}
        unit={unit}
        found={found === undefined ? '' : `found ${formatShare(found.width, graph.width[0] ?? 0)}`}
        {...((shownZoom ?? 0) > 0 && { onZoomOut: () => choose(0) })}
        {...(onFocus !== undefined && { onFocus })}
        {...(onSandwich !== undefined && { onSandwich })}
      />
      <div
        className="flame-scroll"
        style={{ height: `${rows * ROW_HEIGHT + (graph.levels > rows ? ROW_HEIGHT / 2 : 0)}px` }}
        onScroll={(event) => {
          setHover(NOTHING);
          setFirstRow(Math.floor(event.currentTarget.scrollTop / ROW_HEIGHT));
        }}
      >
        <div className="flame-rows" style={{ height: `${graph.levels * ROW_HEIGHT}px` }}>
          <canvas
            ref={canvas}
            tabIndex={0}
            role="img"
            aria-label="Flame graph. Arrow keys walk, Enter zooms, Escape zooms out."
            style={{
              width: `${widthPx}px`,
              height: `${(rows + 1) * ROW_HEIGHT}px`,
              top: `${firstRow * ROW_HEIGHT}px`,
            }}
            onClick={(event) => {
              const { bar } = pointed(event);
              if (bar >= 0) choose(bar);
            }}
            onMouseMove={(event) => setHover(pointed(event))}
            onMouseLeave={() => setHover(NOTHING)}
            onKeyDown={walk}
          />
          <Mark bars={bars} graph={graph} bar={shownHover ?? -1} />
          <Mark bars={bars} graph={graph} bar={shownSelected ?? -1} />
        </div>
      </div>
      {hover.bar >= 0 && hover.bar < graph.count && (
        <div
          className="tooltip"
          style={{ left: `${Math.max(0, Math.min(hover.x + 12, widthPx - 300))}px`, top: `${hover.y + 60}px` }}
        >
          <b>
            <bdi>{nameOf(graph, hover.bar)}</bdi>
          </b>
          <BarFigures graph={graph} bar={hover.bar} unit={unit} />
          {graph.inlined?.[hover.bar] === 1 && <div>Inlined into its caller.</div>}
          {isOther(graph, hover.bar) && <div>Too small to be shown alone: focus shows it.</div>}
        </div>
      )}
    </div>
  );
}

interface MarkProps {
  readonly bars: PlacedBars;
  readonly graph: FlameGraph;
  readonly bar: number;
}

/** The outline of a bar, over the canvas: so that pointing draws nothing again. */
function Mark({ bars, graph, bar }: MarkProps) {
  const row = graph.depth[bar] ?? -1;
  const i = row - bars.firstRow;
  if (bar < 0 || i < 0 || i + 1 >= bars.rowStart.length) return null;
  const at = bars.bar.indexOf(bar, bars.rowStart[i]);
  if (at < 0 || at >= (bars.rowStart[i + 1] ?? 0)) return null;
  const left = bars.x[at] ?? 0;
  return (
    <div
      className="mark"
      style={{
        left: `${Math.max(0, left)}px`,
        top: `${row * ROW_HEIGHT}px`,
        width: `${(bars.width[at] ?? 0) + Math.min(0, left)}px`,
        height: `${ROW_HEIGHT - 1}px`,
      }}
    />
  );
}
