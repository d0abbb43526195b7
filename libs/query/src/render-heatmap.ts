/** Cells as querier.v1 answers them: heat maps, and the exemplars of time series. */
import { FlamelakeError, type Labels } from '@flamelake/model';
import type { Cell, CellGroup, Cells, Exemplar, Extent } from './cells.ts';
import { compareLabels } from './label-sets.ts';
import type { TimeGrid, ValueBuckets } from './task.ts';
import { stepEndMs } from './time-series.ts';

/** Buckets of the value axis of a heat map. */
export const HEATMAP_BUCKETS = 20;

/** One group of a heat map; only steps that hold points exist. */
export interface HeatmapSeries {
  readonly labels: Labels;
  readonly slots: readonly HeatmapSlot[];
}

export interface HeatmapSlot {
  /** Right edge of the step, ms since 1970. */
  readonly timestampMs: number;
  /** Points by bucket. */
  readonly counts: readonly number[];
  /** The largest point of each bucket that has any, where they were asked for; lower buckets first. */
  readonly exemplars: readonly Exemplar[];
}

/** Buckets that hold all of an extent; undefined when there is no point. */
export function heatmapBuckets({ range }: Extent): ValueBuckets | undefined {
  if (range === undefined) return undefined;
  // Beyond 2^53 the next number is more than 1 away.
  const max = range.max > range.min ? range.max : range.min + Math.max(1, range.min * 2 * Number.EPSILON);
  return { min: range.min, max, count: HEATMAP_BUCKETS };
}

/** Lower edges of buckets. */
export function bucketEdges({ min, max, count }: ValueBuckets): readonly number[] {
  return Array.from({ length: count }, (_, i) => min + (i * (max - min)) / count);
}

/**
 * Groups with the most points first, then by labels; the first `limit` of them, 0 for all.
 * @param groupBy - labels of groups, which exemplars leave out
 */
export function renderHeatmap(
  { groups }: Cells,
  grid: TimeGrid,
  buckets: ValueBuckets,
  groupBy: readonly string[],
  limit: number,
): readonly HeatmapSeries[] {
  const grouped = new Set(groupBy);
  const ordered = [...groups.values()]
    .map((group) => ({ group, points: [...group.cells.values()].reduce((sum, { count }) => sum + count, 0) }))
    .sort((a, b) => b.points - a.points || compareLabels(a.group.labels, b.group.labels));
  return (limit > 0 ? ordered.slice(0, limit) : ordered).map(({ group }) => ({
    labels: group.labels,
    slots: slotsOf(group, grid, buckets.count, grouped),
  }));
}

/** The largest point of each group and step, by `labelsKey` of the group, then by right edge of the step in ms. */
export function renderExemplars(
  { groups }: Cells,
  grid: TimeGrid,
  groupBy: readonly string[],
): ReadonlyMap<string, ReadonlyMap<number, Exemplar>> {
  const grouped = new Set(groupBy);
  const result = new Map<string, ReadonlyMap<number, Exemplar>>();
  for (const [key, { cells }] of groups) {
    const byTime = new Map<number, Exemplar>();
    for (const [step, { exemplar }] of cells) {
      if (exemplar === undefined) throw new FlamelakeError('internal', 'cell has no exemplar', { step });
      byTime.set(stepEndMs(grid, step), withoutLabels(exemplar, grouped));
    }
    result.set(key, byTime);
  }
  return result;
}

function slotsOf(
  { cells }: CellGroup,
  grid: TimeGrid,
  bucketCount: number,
  grouped: ReadonlySet<string>,
): readonly HeatmapSlot[] {
  const bySteps = new Map<number, (Cell | undefined)[]>();
  for (const [key, cell] of cells) {
    const step = Math.floor(key / bucketCount);
    const slot = bySteps.get(step) ?? Array.from<Cell | undefined>({ length: bucketCount });
    slot[key % bucketCount] = cell;
    bySteps.set(step, slot);
  }
  return [...bySteps.keys()]
    .sort((a, b) => a - b)
    .map((step) => {
      const slot = bySteps.get(step) ?? [];
      const exemplars = slot.flatMap((cell) => (cell?.exemplar === undefined ? [] : [cell.exemplar]));
      return {
        timestampMs: stepEndMs(grid, step),
        counts: slot.map((cell) => cell?.count ?? 0),
        exemplars: exemplars.map((exemplar) => withoutLabels(exemplar, grouped)),
      };
    });
}

function withoutLabels(exemplar: Exemplar, names: ReadonlySet<string>): Exemplar {
  return { ...exemplar, labels: exemplar.labels.filter(({ name }) => !names.has(name)) };
}
