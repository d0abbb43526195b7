/**
 * Times and totals of single profiles by group of labels: what a time series of any range and grid is made of. Rows are in no order, and
 * several may have one time.
 */
import type { ProfileColumns, Series } from '@flamelake/block';
import type { Labels } from '@flamelake/model';
import { groupIn, projectLabels } from './label-sets.ts';
import type { RowRun } from './select-rows.ts';
import type { TimeGrid } from './task.ts';
import { addSteps, type SeriesGroup, type SeriesGroups, seriesGroupOf } from './time-series.ts';

/** Of a row in the columns: time, total. */
export const TIMED_ROW_BYTES = 16;

/** Columns by row; grow, arrays are replaced when they do. */
export interface TimedGroup {
  readonly labels: Labels;
  count: number;
  timeMs: Float64Array;
  total: BigInt64Array;
}

/** Groups by `labelsKey`. */
export type TimedGroups = Map<string, TimedGroup>;

/** @throws {FlamelakeError} `resource_exhausted` over LABEL_SETS_MAX groups */
export function addTimedTotals(
  groups: TimedGroups,
  groupBy: ReadonlySet<string>,
  runs: readonly RowRun[],
  series: readonly Series[],
  { timeMs, total }: ProfileColumns,
): void {
  for (const { series: index, from, until } of runs) {
    const group = timedGroupOf(groups, projectLabels(series[index].labels, groupBy));
    append(group, timeMs.subarray(from, until), total.subarray(from, until));
  }
}

/**
 * Adds what lies in `[fromMs, untilMs)` to a time series of the same groups.
 * @throws {FlamelakeError} `out_of_range` when a sum leaves int64, `resource_exhausted` over LABEL_SETS_MAX groups
 */
export function addToSeries(
  into: SeriesGroups,
  grid: TimeGrid,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  from: TimedGroups,
): void {
  for (const { labels, count, timeMs, total } of from.values()) {
    let group: SeriesGroup | undefined;
    for (let row = 0; row < count; ) {
      const start = row;
      while (row < count && timeMs[row] >= fromMs && timeMs[row] < untilMs) row++;
      if (row > start) {
        group ??= seriesGroupOf(into, labels);
        addSteps(group, grid, timeMs, total, start, row);
      } else row++;
    }
  }
}

/** The group of some labels, empty if it is new. */
export function timedGroupOf(groups: TimedGroups, labels: Labels): TimedGroup {
  return groupIn(groups, labels, () => ({
    labels,
    count: 0,
    timeMs: new Float64Array(),
    total: new BigInt64Array(),
  }));
}

function append(group: TimedGroup, timeMs: Float64Array, total: BigInt64Array): void {
  const needed = group.count + timeMs.length;
  if (needed > group.timeMs.length) {
    // The first run is most often the only one.
    const capacity = group.count === 0 ? needed : Math.max(needed, group.timeMs.length * 2);
    const grownTimes = new Float64Array(capacity);
    grownTimes.set(group.timeMs.subarray(0, group.count));
    group.timeMs = grownTimes;
    const grownTotals = new BigInt64Array(capacity);
    grownTotals.set(group.total.subarray(0, group.count));
    group.total = grownTotals;
  }
  group.timeMs.set(timeMs, group.count);
  group.total.set(total, group.count);
  group.count = needed;
}
