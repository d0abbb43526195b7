/** Where values and times of a chart lie. */
import type { Series } from '../api/querier.ts';
import type { TimeRange } from '../model/time-range.ts';

/** Width of what names the values, left of a chart. */
export const AXIS_PX = 76;

export interface ChartScale {
  x(timeMs: number): number;
  y(value: number): number;
}

export function chartScale(
  series: readonly Series[],
  { startMs, endMs }: TimeRange,
  widthPx: number,
  heightPx: number,
): ChartScale {
  const largest = series.reduce((max, { values }) => values.reduce((a, b) => Math.max(a, b), max), 0);
  const top = roundUp(largest);
  return {
    x: (timeMs) => ((timeMs - startMs) / (endMs - startMs)) * widthPx,
    y: (value) => heightPx - (value / top) * (heightPx - 12),
  };
}

/** The next number of one digit that is 1, 2, 3, 5 or 8. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 5, 8].find((step) => step * size >= value) ?? 10) * size;
}

/** A line through the points, which lie in the middle of their steps; it drops to zero where steps hold nothing. */
export function linePath({ timesMs, values }: Series, { x, y }: ChartScale, stepSeconds: number): string {
  const stepMs = stepSeconds * 1_000;
  let path = '';
  let before: number | undefined;
  for (const [i, timeMs] of timesMs.entries()) {
    const isNext = before !== undefined && timeMs - before <= stepMs * 1.5;
    if (!isNext) {
      if (before !== undefined) path += `L${at(before + stepMs, 0)}`;
      path += `${path === '' ? 'M' : 'L'}${at(timeMs - stepMs, 0)}`;
    }
    path += `L${at(timeMs, values[i] ?? 0)}`;
    before = timeMs;
  }
  return path;

  function at(timeMs: number, value: number): string {
    return `${x(timeMs - stepMs / 2).toFixed(1)} ${y(value).toFixed(1)}`;
  }
}

export interface NearestPoint {
  readonly timeMs: number;
  readonly points: readonly { readonly series: number; readonly value: number }[];
}

/** The points of all series at the time nearest to another. */
export function nearestPoint(series: readonly Series[], timeMs: number): NearestPoint | undefined {
  let nearest: number | undefined;
  for (const { timesMs } of series) {
    for (const time of timesMs) {
      if (nearest === undefined || Math.abs(time - timeMs) < Math.abs(nearest - timeMs)) nearest = time;
    }
  }
  if (nearest === undefined) return undefined;
  const points = series.flatMap(({ timesMs, values }, index) => {
    const at = timesMs.indexOf(nearest);
    return at < 0 ? [] : [{ series: index, value: values[at] ?? 0 }];
  });
  return { timeMs: nearest, points: points.sort((a, b) => b.value - a.value).slice(0, 12) };
}
