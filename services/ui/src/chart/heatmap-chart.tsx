/** Single profiles by time and size: each cell says how many there are, and a click or Enter opens it. */
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import type { Heatmap } from '../api/querier.ts';
import { formatTime, type TimeRange } from '../model/time-range.ts';
import { useWidth } from '../parts/use-width.ts';
import { AXIS_PX } from './chart-scale.ts';
import { type HeatmapCell, heatmapCells } from './heatmap-cells.ts';
import { neighbourCell } from './heatmap-walk.ts';

export interface HeatmapChartProps {
  readonly heatmap: Heatmap;
  readonly range: TimeRange;
  readonly stepSeconds: number;
  readonly heightPx: number;
  readonly format: (value: number) => string;
  readonly onPick: (cell: HeatmapCell) => void;
}

/** Height of what names the times. */
const TIMES_PX = 26;
const MARGIN_PX = 24;
/** Above the highest cells. */
const TOP_PX = 10;

export function HeatmapChart({ heatmap, range, stepSeconds, heightPx, format, onPick }: HeatmapChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const [hovered, setHovered] = useState<HeatmapCell | undefined>(undefined);
  const [marked, setMarked] = useState(-1);
  /** The one that was marked last: who comes back goes on there. */
  const last = useRef(0);
  const id = useId();
  const plotPx = Math.max(0, widthPx - AXIS_PX - MARGIN_PX);
  const groundPx = heightPx - TIMES_PX;
  const cells = heatmapCells(heatmap, range, stepSeconds, plotPx, groundPx - TOP_PX);
  const { edges } = heatmap;
  const most = cells.reduce((max, { count }) => Math.max(max, count), 1);
  const told = hovered ?? cells[marked];
  const open = (cell: HeatmapCell | undefined): void => {
    if (cell !== undefined) onPick(cell);
  };
  const mark = (at: number): void => {
    last.current = at;
    setMarked(at);
  };
  const walk = (event: KeyboardEvent): void => {
    const next = neighbourCell(cells, marked, event.key);
    if (next === undefined && event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    if (next === undefined) open(cells[marked]);
    else mark(next);
  };
  const words = ({ timeMs, count, bucket, largest }: HeatmapCell): string =>
    `${formatTime(timeMs)}: ${count} ${count === 1 ? 'profile' : 'profiles'} from ${format(edges[bucket] ?? 0)}` +
    (largest === undefined ? '' : `, the largest ${format(largest.value)}`);
  return (
    <div className="chart" ref={frame} style={{ minHeight: `${heightPx}px` }}>
      <svg
        width={widthPx}
        height={heightPx}
        role="grid"
        tabIndex={0}
        aria-label={`Heat map of single profiles, ${cells.length} cells. Arrow keys walk, Enter opens the profile of a cell, or lists them.`}
        {...(cells[marked] !== undefined && { 'aria-activedescendant': `${id}-${marked}` })}
        onKeyDown={walk}
        onFocus={({ currentTarget }) => {
          if (currentTarget.matches(':focus-visible') && cells.length > 0) {
            mark(Math.min(last.current, cells.length - 1));
          }
        }}
        onBlur={() => setMarked(-1)}
      >
        <g role="row" transform={`translate(${AXIS_PX} ${TOP_PX})`}>
          {cells.map((cell, i) => (
            <rect
              key={`${cell.timeMs} ${cell.bucket}`}
              id={`${id}-${i}`}
              className={i === marked ? 'cell marked' : 'cell'}
              role="gridcell"
              aria-label={words(cell)}
              x={cell.x}
              y={cell.y}
              width={cell.width}
              height={cell.height}
              fillOpacity={cell.strength}
              onMouseEnter={() => setHovered(cell)}
              onMouseLeave={() => setHovered(undefined)}
              onClick={() => open(cell)}
            />
          ))}
          {cells.length === 0 && <g role="gridcell" aria-label="No profile" />}
        </g>
        <g aria-hidden="true">
          <line className="ground" x1={AXIS_PX} x2={AXIS_PX + plotPx} y1={groundPx} y2={groundPx} />
          <text className="axis" x={AXIS_PX - 6} y={TOP_PX + 8} textAnchor="end">
            {format(edges.at(-1) ?? 0)}
          </text>
          <text className="axis" x={AXIS_PX - 6} y={groundPx} textAnchor="end">
            {format(edges[0] ?? 0)}
          </text>
          <text className="axis" x={AXIS_PX} y={heightPx - 8}>
            {formatTime(range.startMs)}
          </text>
          <text className="axis" x={AXIS_PX + plotPx} y={heightPx - 8} textAnchor="end">
            {formatTime(range.endMs)}
          </text>
          {most > 1 && (
            <g transform={`translate(${AXIS_PX + plotPx / 2 - 90} ${heightPx - 17})`}>
              <text className="axis" x={0} y={9}>
                1
              </text>
              {[0.15, 0.43, 0.72, 1].map((strength, i) => (
                <rect key={strength} className="scale" x={12 + i * 14} width={13} height={10} fillOpacity={strength} />
              ))}
              <text className="axis" x={74} y={9}>
                {most} profiles in a cell
              </text>
            </g>
          )}
        </g>
      </svg>
      {told !== undefined && (
        <div className={told.x > plotPx / 2 ? 'legend left' : 'legend'}>
          {words(told)}
          <span className="quiet">Click or press Enter to {told.count === 1 ? 'open it' : 'list them'}</span>
        </div>
      )}
    </div>
  );
}
