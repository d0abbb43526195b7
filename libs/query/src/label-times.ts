/**
 * Distinct label sets with the times of their first and last profile: which of them a range holds whose one end lies in the dataset is said
 * by these, wherever it lies.
 */
import type { ProfileColumns, Series } from '@flamelake/block';
import type { Labels } from '@flamelake/model';
import { addLabelSet, addSeriesLabels, groupIn, type LabelProjection, type LabelSets } from './label-sets.ts';
import type { RowRun } from './select-rows.ts';

export interface TimedLabels {
  readonly labels: Labels;
  /** ms since 1970. */
  firstMs: number;
  lastMs: number;
}

/** Label sets by `labelsKey`. */
export type LabelTimes = Map<string, TimedLabels>;

/** @throws {FlamelakeError} `resource_exhausted` over LABEL_SETS_MAX */
export function addLabelTimes(
  sets: LabelTimes,
  projection: LabelProjection,
  runs: readonly RowRun[],
  series: readonly Series[],
  { timeMs }: ProfileColumns,
): void {
  const projected: LabelSets = new Map();
  for (const { series: index, from, until } of runs) {
    projected.clear();
    addSeriesLabels(projected, series[index], projection);
    // Rows of a series are sorted by time.
    for (const labels of projected.values()) widen(sets, labels, timeMs[from], timeMs[until - 1]);
  }
}

/** Adds the sets that a range holds to plain ones. @param range - holds the first or the last of all profiles */
export function addSetsWithin(
  into: LabelSets,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  from: LabelTimes,
): void {
  for (const { labels, firstMs, lastMs } of from.values()) {
    if (firstMs < untilMs && lastMs >= fromMs) addLabelSet(into, labels);
  }
}

function widen(sets: LabelTimes, labels: Labels, firstMs: number, lastMs: number): void {
  const known = groupIn(sets, labels, () => ({ labels, firstMs, lastMs }));
  known.firstMs = Math.min(known.firstMs, firstMs);
  known.lastMs = Math.max(known.lastMs, lastMs);
}
