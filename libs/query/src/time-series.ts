/**
 * Totals by time step and group of labels. A step is known by its number in the grid; only steps that hold profiles exist.
 */
import type { ProfileColumns, Series } from '@flamelake/block';
import type { Labels } from '@flamelake/model';
import { compareLabels, groupIn, projectLabels } from './label-sets.ts';
import type { RowRun } from './select-rows.ts';
import type { TimeGrid } from './task.ts';
import { addTotals, SUM_RUN, sumOfHalves } from './value.ts';

/** One group: its labels, and columns by step in order of arrival. */
export interface SeriesGroup {
  readonly labels: Labels;
  /** Index of a step in the columns, by number of the step. */
  readonly indexOf: Map<number, number>;
  readonly sums: bigint[];
  readonly profileCounts: number[];
}

/** Groups by `labelsKey`. */
export type SeriesGroups = Map<string, SeriesGroup>;

/** A series as it is answered. */
export interface TimeSeries {
  readonly labels: Labels;
  /** Right edges of the steps that hold data, ms since 1970, ascending. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** Number of the step a time falls into: the first one whose right edge is at or after it. */
export function stepOf(grid: TimeGrid, timeMs: number): number {
  return Math.max(0, Math.ceil((timeMs - grid.startMs) / grid.stepMs));
}

/** Right edge of a step; the last step is cut at the end of the range, so that nothing in the range is left out. */
export function stepEndMs(grid: TimeGrid, step: number): number {
  return Math.min(grid.endMs, grid.startMs + step * grid.stepMs);
}

/** @throws {FlamelakeError} `out_of_range` when a sum leaves int64, `resource_exhausted` over LABEL_SETS_MAX groups */
export function addRows(
  groups: SeriesGroups,
  grid: TimeGrid,
  groupBy: ReadonlySet<string>,
  runs: readonly RowRun[],
  series: readonly Series[],
  profiles: ProfileColumns,
): void {
  for (const { series: index, from, until } of runs) {
    const group = seriesGroupOf(groups, projectLabels(series[index].labels, groupBy));
    addSteps(group, grid, profiles.timeMs, profiles.total, from, until);
  }
}

/**
 * Adds rows `[from, until)` of columns of times and totals; those of one step that follow each other are summed at once.
 * @throws {FlamelakeError} `out_of_range` when a sum leaves int64
 */
export function addSteps(
  group: SeriesGroup,
  grid: TimeGrid,
  timeMs: Float64Array,
  total: BigInt64Array,
  from: number,
  until: number,
): void {
  const low = new Uint32Array(total.buffer, total.byteOffset, total.length * 2);
  const high = new Int32Array(total.buffer, total.byteOffset, total.length * 2);
  for (let row = from; row < until; ) {
    const start = row;
    const step = stepOf(grid, timeMs[row]);
    let [lows, highs] = [0, 0];
    do {
      lows += low[2 * row];
      highs += high[2 * row + 1];
      row++;
    } while (row < until && row - start < SUM_RUN && stepOf(grid, timeMs[row]) === step);
    addPoint(group, step, sumOfHalves(lows, highs), row - start);
  }
}

/** Adds other groups. Associative and commutative. */
export function mergeSeriesGroups(into: SeriesGroups, from: SeriesGroups): void {
  for (const { labels, indexOf, sums, profileCounts } of from.values()) {
    const group = seriesGroupOf(into, labels);
    for (const [step, i] of indexOf) addPoint(group, step, sums[i], profileCounts[i]);
  }
}

/**
 * Series as they are answered: by total, largest first, then by labels; the first `limit` of them, 0 for all.
 * @throws {FlamelakeError} `out_of_range` when a series' total leaves int64
 */
export function renderTimeSeries(
  groups: SeriesGroups,
  grid: TimeGrid,
  aggregation: 'sum' | 'average',
  limit: number,
): readonly TimeSeries[] {
  const ordered = [...groups.values()]
    .map((group) => ({ group, total: group.sums.reduce(addTotals, 0n) }))
    .sort((a, b) => (a.total === b.total ? compareLabels(a.group.labels, b.group.labels) : a.total < b.total ? 1 : -1));
  return (limit > 0 ? ordered.slice(0, limit) : ordered).map(({ group }) => {
    const steps = Float64Array.from(group.indexOf.keys()).sort();
    const values = steps.map((step) => {
      const i = group.indexOf.get(step) as number;
      const sum = Number(group.sums[i]);
      return aggregation === 'sum' ? sum : sum / group.profileCounts[i];
    });
    return { labels: group.labels, timestampsMs: steps.map((step) => stepEndMs(grid, step)), values };
  });
}

/** The group of some labels, empty if it is new. @throws {FlamelakeError} `resource_exhausted` over LABEL_SETS_MAX groups */
export function seriesGroupOf(groups: SeriesGroups, labels: Labels): SeriesGroup {
  return groupIn(groups, labels, () => ({ labels, indexOf: new Map(), sums: [], profileCounts: [] }));
}

function addPoint(group: SeriesGroup, step: number, sum: bigint, profileCount: number): void {
  const i = group.indexOf.get(step);
  if (i === undefined) {
    group.indexOf.set(step, group.sums.length);
    group.sums.push(addTotals(0n, sum));
    group.profileCounts.push(profileCount);
  } else {
    group.sums[i] = addTotals(group.sums[i], sum);
    group.profileCounts[i] = group.profileCounts[i] + profileCount;
  }
}
