/** Series on one time axis, as uPlot wants them. */
import type { Series } from '../api/querier.ts';

/** The first column is the time, s since 1970; one column of values for each series follows, null behind its end. */
export type AlignedSeries = [times: number[], ...values: (number | null)[][]];

/** A series this many steps behind the end of the range has not ended: its next profile is still to come. */
const STEPS_LATE = 2;

/**
 * Puts series on the times any of them has. A step without work counts zero: where a series has no point, and on both sides of a gap.
 * Points lie in the middle of their steps.
 * @param untilMs - end of the range; the newest point if absent
 */
export function alignSeries(series: readonly Series[], stepSeconds: number, untilMs?: number): AlignedSeries {
  const stepMs = stepSeconds * 1_000;
  const times = new Set<number>();
  for (const { timesMs } of series) for (const timeMs of timesMs) times.add(timeMs);
  const sorted = [...times].sort((a, b) => a - b);
  for (const [i, timeMs] of sorted.entries()) {
    if (i === 0 || timeMs - (sorted[i - 1] ?? 0) > stepMs * 1.5) times.add(timeMs - stepMs);
    if (i < sorted.length - 1 && (sorted[i + 1] ?? 0) - timeMs > stepMs * 1.5) times.add(timeMs + stepMs);
  }
  const newestMs = sorted.at(-1) ?? 0;
  const endMs = untilMs ?? newestMs;
  if (newestMs > 0 && endMs - newestMs > STEPS_LATE * stepMs) times.add(newestMs + stepMs);
  const axis = [...times].sort((a, b) => a - b);
  const columns = series.map(({ timesMs, values }) => {
    const valueAt = new Map(timesMs.map((timeMs, i) => [timeMs, values[i] ?? 0]));
    const last = timesMs.at(-1) ?? 0;
    const isLate = endMs - last <= STEPS_LATE * stepMs;
    return axis.map((timeMs) => valueAt.get(timeMs) ?? (isLate && timeMs > last ? null : 0));
  });
  return [axis.map((timeMs) => (timeMs - stepMs / 2) / 1_000), ...columns];
}
