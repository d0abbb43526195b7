/** Time series as lines; a range is chosen by dragging over it. */
import { useRef, useState } from 'preact/hooks';
import type { Series } from '../api/querier.ts';
import { formatTime, type TimeRange } from '../model/time-range.ts';
import { useWidth } from '../parts/use-width.ts';
import { chartScale, linePath, nearestPoint } from './chart-scale.ts';
import { seriesColour, seriesName } from './series-name.ts';

export interface SeriesChartProps {
  readonly series: readonly Series[];
  readonly range: TimeRange;
  readonly stepSeconds: number;
  readonly heightPx: number;
  readonly format: (value: number) => string;
  /** Range that is shown as chosen. */
  readonly chosen?: TimeRange;
  readonly onRange?: (range: TimeRange) => void;
}

interface Drag {
  readonly from: number;
  readonly to: number;
}

const AXIS_PX = 18;
/** A shorter drag is a click. */
const DRAG_PX_MIN = 4;

export function SeriesChart({ series, range, stepSeconds, heightPx, format, chosen, onRange }: SeriesChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const [drag, setDrag] = useState<Drag | undefined>(undefined);
  const [hoverX, setHoverX] = useState<number | undefined>(undefined);
  const scale = chartScale(series, range, widthPx, heightPx - AXIS_PX);
  const xOf = (event: PointerEvent): number =>
    Math.max(0, Math.min(widthPx, event.clientX - (frame.current?.getBoundingClientRect().left ?? 0)));
  const finish = (): void => {
    if (drag !== undefined && Math.abs(drag.to - drag.from) >= DRAG_PX_MIN) {
      const [a, b] = [scale.timeAt(drag.from), scale.timeAt(drag.to)];
      onRange?.({ startMs: Math.floor(Math.min(a, b)), endMs: Math.ceil(Math.max(a, b)) });
    }
    setDrag(undefined);
  };
  const hovered = hoverX === undefined ? undefined : nearestPoint(series, scale.timeAt(hoverX));
  return (
    <div class="chart" ref={frame}>
      <svg
        width={widthPx}
        height={heightPx}
        role="img"
        aria-label="Time series. Drag to choose a time range."
        onPointerDown={(event) => {
          if (onRange === undefined) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: xOf(event), to: xOf(event) });
        }}
        onPointerMove={(event) => {
          setHoverX(xOf(event));
          if (drag !== undefined) setDrag({ ...drag, to: xOf(event) });
        }}
        onPointerUp={finish}
        onPointerLeave={() => setHoverX(undefined)}
      >
        {scale.ticks.map(({ y, value }) => (
          <g key={y}>
            <line class="grid" x1={0} x2={widthPx} y1={y} y2={y} />
            <text class="axis" x={2} y={y - 3}>
              {format(value)}
            </text>
          </g>
        ))}
        {chosen !== undefined && (
          <rect
            class="chosen"
            x={scale.x(chosen.startMs)}
            width={Math.max(0, scale.x(chosen.endMs) - scale.x(chosen.startMs))}
            y={0}
            height={heightPx - AXIS_PX}
          />
        )}
        {series.map((one, i) => (
          <path key={seriesName(one)} class="line" d={linePath(one, scale, stepSeconds)} stroke={seriesColour(i)} />
        ))}
        {hovered !== undefined && (
          <line
            class="cursor"
            x1={scale.x(hovered.timeMs)}
            x2={scale.x(hovered.timeMs)}
            y1={0}
            y2={heightPx - AXIS_PX}
          />
        )}
        {drag !== undefined && (
          <rect
            class="brush"
            x={Math.min(drag.from, drag.to)}
            width={Math.abs(drag.to - drag.from)}
            y={0}
            height={heightPx - AXIS_PX}
          />
        )}
        {scale.times.map(({ x, words, anchor }) => (
          <text key={x} class="axis" x={x} y={heightPx - 4} text-anchor={anchor}>
            {words}
          </text>
        ))}
      </svg>
      {hovered !== undefined && (
        <div class="legend">
          {formatTime(hovered.timeMs)}
          {hovered.points.map(({ series: index, value }) => (
            <span key={index}>
              <i style={{ background: seriesColour(index) }} /> {seriesName(series[index])} {format(value)}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
