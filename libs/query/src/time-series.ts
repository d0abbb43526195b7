/**
 * Totals by time step and group of labels. A step is known by its number in the grid; only steps that hold profiles exist.
 */
import type { ProfileColumns, Series } from '@flamelake/block';
import { FlamelakeError, type Labels, labelsKey } from '@flamelake/model';
import { compareLabels, LABEL_SETS_MAX, projectLabels } from './label-sets.ts';
import type { RowRun } from './select-rows.ts';
import type { TimeGrid } from './task.ts';
import { addTotals } from './value.ts';

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
  for (const run of runs) {
    const group = groupOf(groups, projectLabels(series[run.series].labels, groupBy));
    for (let row = run.from; row < run.until; row++) {
      addPoint(group, stepOf(grid, profiles.timeMs[row]), profiles.total[row], 1);
    }
  }
}

/**
 * Adds other groups. Associative and commutative.
 * @param stepsLater - what a step of `from` is to be counted up by; what falls before the first step is in it
 */
export function mergeSeriesGroups(into: SeriesGroups, from: SeriesGroups, stepsLater = 0): void {
  for (const { labels, indexOf, sums, profileCounts } of from.values()) {
    const group = groupOf(into, labels);
    for (const [step, i] of indexOf) addPoint(group, Math.max(0, step + stepsLater), sums[i], profileCounts[i]);
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

function groupOf(groups: SeriesGroups, labels: Labels): SeriesGroup {
  const key = labelsKey(labels);
  let group = groups.get(key);
  if (group === undefined) {
    group = { labels, indexOf: new Map(), sums: [], profileCounts: [] };
    groups.set(key, group);
    if (groups.size > LABEL_SETS_MAX) {
      throw new FlamelakeError('resource_exhausted', 'query groups into too many series; group by fewer labels', {
        limit: LABEL_SETS_MAX,
      });
    }
  }
  return group;
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
