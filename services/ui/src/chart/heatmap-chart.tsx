/** Single profiles by time and size: each cell says how many there are, and a click opens its largest. */
import { useRef, useState } from 'react';
import type { Exemplar, Heatmap } from '../api/querier.ts';
import { formatTime, type TimeRange } from '../model/time-range.ts';
import { useWidth } from '../parts/use-width.ts';
import { type HeatmapCell, heatmapCells } from './heatmap-cells.ts';

export interface HeatmapChartProps {
  readonly heatmap: Heatmap;
  readonly range: TimeRange;
  readonly stepSeconds: number;
  readonly heightPx: number;
  readonly format: (value: number) => string;
  readonly onPick: (profile: Exemplar) => void;
}

const AXIS_PX = 18;

export function HeatmapChart({ heatmap, range, stepSeconds, heightPx, format, onPick }: HeatmapChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const [hovered, setHovered] = useState<HeatmapCell | undefined>(undefined);
  const cells = heatmapCells(heatmap, range, stepSeconds, widthPx, heightPx - AXIS_PX);
  const { edges } = heatmap;
  return (
    <div className="chart" ref={frame}>
      <svg width={widthPx} height={heightPx} role="img" aria-label="Heat map of single profiles">
        {cells.map((cell) => (
          <rect
            key={`${cell.timeMs} ${cell.bucket}`}
            className="cell"
            x={cell.x}
            y={cell.y}
            width={cell.width}
            height={cell.height}
            opacity={cell.strength}
            onMouseEnter={() => setHovered(cell)}
            onMouseLeave={() => setHovered(undefined)}
            onClick={() => cell.largest !== undefined && onPick(cell.largest)}
          />
        ))}
        <text className="axis" x={2} y={10}>
          {format(edges.at(-1) ?? 0)}
        </text>
        <text className="axis" x={2} y={heightPx - AXIS_PX - 2}>
          {format(edges[0] ?? 0)}
        </text>
        <text className="axis" x={0} y={heightPx - 4}>
          {formatTime(range.startMs)}
        </text>
        <text className="axis" x={widthPx} y={heightPx - 4} textAnchor="end">
          {formatTime(range.endMs)}
        </text>
      </svg>
      {hovered !== undefined && (
        <div className="legend">
          {formatTime(hovered.timeMs)}: {hovered.count} {hovered.count === 1 ? 'profile' : 'profiles'} from{' '}
          {format(edges[hovered.bucket] ?? 0)}
          {hovered.largest !== undefined && <span>largest {format(hovered.largest.value)}; click to open it</span>}
        </div>
      )}
    </div>
  );
}
