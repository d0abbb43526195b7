/** Time series as lines; a range is chosen by dragging over it. */
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { Series } from '../api/querier.ts';
import { formatTime, type TimeRange } from '../model/time-range.ts';
import { usePage } from '../parts/page.ts';
import { useDarkMode } from '../parts/use-dark-mode.ts';
import { useWidth } from '../parts/use-width.ts';
import { alignSeries } from './align-series.ts';
import { type AxisUnit, axisMarks } from './axis-marks.ts';
import { AXIS_PX, nearestPoint } from './chart-scale.ts';
import { seriesColour, seriesName } from './series-name.ts';

export interface SeriesChartProps {
  readonly series: readonly Series[];
  readonly range: TimeRange;
  readonly stepSeconds: number;
  readonly heightPx: number;
  readonly format: (value: number) => string;
  readonly unit: AxisUnit;
  /** Range that is shown as chosen. */
  readonly chosen?: TimeRange;
  readonly onRange?: (range: TimeRange) => void;
}

/** A shorter drag is a click. */
const DRAG_PX_MIN = 4;
const DAY_MS = 86_400_000;
/** Height that a mark of the axis takes. */
const MARK_PX = 44;

export function SeriesChart(props: SeriesChartProps) {
  const { series, range, stepSeconds, heightPx, format, chosen } = props;
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const widthPx = useWidth(frame);
  const isDark = useDarkMode();
  const [hoveredMs, setHovered] = useState<number | undefined>(undefined);
  // What lies ahead is not late.
  const untilMs = Math.min(range.endMs, usePage().nowMs);
  const data = useMemo(() => alignSeries(series, stepSeconds, untilMs), [series, stepSeconds, untilMs]);
  useEffect(() => {
    if (canvas.current === null || widthPx === 0) return undefined;
    const plot = new uPlot(optionsOf(latest, setHovered, widthPx, isDark), data, canvas.current);
    return () => plot.destroy();
  }, [data, widthPx, heightPx, isDark, range.startMs, range.endMs, chosen?.startMs, chosen?.endMs]);
  const hovered = hoveredMs === undefined ? undefined : nearestPoint(series, hoveredMs);
  const largest = largestOf(series);
  return (
    <div className="chart" ref={frame} style={{ minHeight: `${heightPx}px` }}>
      <div
        ref={canvas}
        role="img"
        aria-label={`Time series from ${formatTime(range.startMs)} to ${formatTime(range.endMs)}, at most ${format(largest)}`}
      />
      {hovered !== undefined && (
        <div className={hovered.timeMs > (range.startMs + range.endMs) / 2 ? 'legend left' : 'legend'}>
          {formatTime(hovered.timeMs)}
          {hovered.points.map(({ series: index, value }) => (
            <span key={index}>
              <i style={{ background: seriesColour(index, isDark) }} /> {seriesName(series[index])} {format(value)}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function largestOf(series: readonly Series[]): number {
  return series.reduce((max, { values }) => values.reduce((a, b) => Math.max(a, b), max), 0);
}

function optionsOf(
  latest: { readonly current: SeriesChartProps },
  onHover: (timeMs: number | undefined) => void,
  width: number,
  isDark: boolean,
): uPlot.Options {
  const { series, range, stepSeconds, heightPx, unit, chosen, onRange } = latest.current;
  const largest = largestOf(series);
  const style = getComputedStyle(document.documentElement);
  const [quiet, line, accent] = ['--quiet', '--line', '--accent'].map((name) => style.getPropertyValue(name));
  const font = '11px system-ui, sans-serif';
  const words = (seconds: number): string => {
    const text = formatTime(seconds * 1_000);
    if (range.endMs - range.startMs > DAY_MS) return text.slice(5, 16);
    return text.slice(11, seconds % 60 === 0 ? 16 : 19);
  };
  return {
    width,
    height: heightPx,
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: onRange !== undefined, y: false, setScale: false },
    },
    scales: {
      x: { time: true, range: [range.startMs / 1_000, range.endMs / 1_000] },
      y: { range: (_, __, largest) => [0, largest > 0 ? largest * 1.1 : 1] },
    },
    axes: [
      {
        stroke: quiet,
        font,
        size: 26,
        grid: { show: false },
        ticks: { stroke: line },
        space: 90,
        values: (_, at) => at.map(words),
      },
      {
        stroke: quiet,
        font,
        size: AXIS_PX,
        // With nothing but zeros there is nothing to mark above.
        splits: (_, __, ___, top) => axisMarks(largest > 0 ? top : 0, unit, heightPx / MARK_PX),
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        values: (_, at) => at.map((value) => latest.current.format(value)),
      },
    ],
    series: [
      {},
      ...series.map((one, i) => ({
        label: seriesName(one),
        stroke: seriesColour(i, isDark),
        width: 1.5,
        points: { show: false },
        ...(series.length === 1 && { fill: `${seriesColour(i, isDark)}22` }),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor, posToVal }) => {
          const { left = -1 } = cursor;
          onHover(left < 0 ? undefined : posToVal(left, 'x') * 1_000 + stepSeconds * 500);
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: chosenPx } = plot.select;
          if (chosenPx < DRAG_PX_MIN) return;
          const [startMs, endMs] = [left, left + chosenPx].map((at) => plot.posToVal(at, 'x') * 1_000);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onRange?.({ startMs: Math.floor(startMs ?? 0), endMs: Math.ceil(endMs ?? 0) });
        },
      ],
      drawClear: [
        ({ ctx, bbox, valToPos }) => {
          if (chosen === undefined) return;
          const [from, until] = [chosen.startMs, chosen.endMs].map((ms) => valToPos(ms / 1_000, 'x', true));
          ctx.save();
          ctx.globalAlpha = 0.14;
          ctx.fillStyle = accent ?? '#b45309';
          ctx.fillRect(from ?? 0, bbox.top, (until ?? 0) - (from ?? 0), bbox.height);
          ctx.restore();
        },
      ],
    },
  };
}
