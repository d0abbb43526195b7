/** Which rows a job that starts now leaves out: deleted ones, and those whose retention has ended. */
import type { DatasetInfo, RowFilter, Series } from '@flamelake/block';
import { type CompiledMatcher, compileMatchers, matchLabels, parseSelector } from '@flamelake/model';
import { isBlockSubject, isSegmentSubject } from './pending-deletes.ts';
import { withCuts } from './size-cuts.ts';
import type { BlockEntry, Manifest, SegmentEntry } from './types.ts';

/** Profiles of a tenant before this time are expired, ms since 1970; -Infinity when they stay for ever. */
export type ExpireBefore = (tenant: string) => number;

interface RowRule {
  readonly tenant: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly matchers: readonly CompiledMatcher[];
}

/** @returns undefined when every row of the block stays */
export function rowsOfBlock(
  manifest: Manifest,
  block: Pick<BlockEntry, 'key' | 'datasets'>,
  expireBefore?: ExpireBefore,
): RowFilter | undefined {
  const deletes = manifest.deletes.filter((pending) => isBlockSubject(block, pending));
  return rowFilter(block.datasets, deletes, manifest.pins, expireBefore && withCuts(manifest, expireBefore));
}

/**
 * Folds leave out what is deleted, not what is expired: a pin that comes meanwhile must find it.
 * @returns undefined when every row of the segment stays
 */
export function rowsOfSegment(
  manifest: Manifest,
  segment: SegmentEntry,
  expireBefore?: ExpireBefore,
): RowFilter | undefined {
  const deletes = manifest.deletes.filter((pending) => isSegmentSubject(segment, pending));
  return rowFilter(segment.info.datasets, deletes, manifest.pins, expireBefore && withCuts(manifest, expireBefore));
}

/** Whether all rows of a dataset are expired, and no pin can exempt any. */
export function isWhollyExpired(dataset: DatasetInfo, pins: Manifest['pins'], expireBefore: ExpireBefore): boolean {
  return dataset.maxTimeMs < expireBefore(dataset.tenant) && !pins.some((pin) => overlaps(pin, dataset));
}

function rowFilter(
  datasets: readonly DatasetInfo[],
  deletes: Manifest['deletes'],
  pins: Manifest['pins'],
  expireBefore: ExpireBefore = () => Number.NEGATIVE_INFINITY,
): RowFilter | undefined {
  const [deleting, pinning] = [deletes.map(compile), pins.map(compile)];
  const isTouched = (dataset: DatasetInfo): boolean =>
    dataset.minTimeMs < expireBefore(dataset.tenant) || deleting.some((rule) => overlaps(rule, dataset));
  if (!datasets.some(isTouched)) return undefined;
  const deletesOf = matching(deleting);
  const pinsOf = matching(pinning);
  return {
    dataset: (dataset) =>
      dataset.maxTimeMs >= expireBefore(dataset.tenant) || pinning.some((rule) => overlaps(rule, dataset)),
    row(dataset, series, timeMs) {
      if (deletesOf(dataset, series).some((rule) => holds(rule, timeMs))) return false;
      return timeMs >= expireBefore(dataset.tenant) || pinsOf(dataset, series).some((rule) => holds(rule, timeMs));
    },
  };
}

/** The rules that match a series; rows come series by series, so the last answer is kept. */
function matching(rules: readonly RowRule[]): (dataset: DatasetInfo, series: Series) => readonly RowRule[] {
  let last: Series | undefined;
  let matched: readonly RowRule[] = [];
  return (dataset, series) => {
    if (series !== last) {
      last = series;
      matched = rules.filter(
        ({ tenant, matchers }) => tenant === dataset.tenant && matchLabels(matchers, series.labels),
      );
    }
    return matched;
  };
}

function compile(rule: { tenant: string; selector: string; fromMs: number; untilMs: number }): RowRule {
  const { tenant, fromMs, untilMs } = rule;
  return { tenant, fromMs, untilMs, matchers: compileMatchers(parseSelector(rule.selector)) };
}

function overlaps({ tenant, fromMs, untilMs }: Omit<RowRule, 'matchers'>, dataset: DatasetInfo): boolean {
  return tenant === dataset.tenant && fromMs <= dataset.maxTimeMs && untilMs > dataset.minTimeMs;
}

function holds({ fromMs, untilMs }: RowRule, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < untilMs;
}
