/**
 * Points – stored profiles, or samples with a span – counted by time step, bucket of their value and group of labels: heat maps, and with one
 * bucket the exemplars of time series. A cell keeps its largest point where the question wants it named.
 */
import type { DatasetReader, IdentityColumns, ProfileColumns, Series, TimeColumns } from '@flamelake/block';
import { FlamelakeError, type Labels, labelsKey } from '@flamelake/model';
import { compareLabels, projectLabels } from './label-sets.ts';
import { type ChosenSpans, profileIdAt, type RowRun } from './select-rows.ts';
import type { PointKind, Question, ValueBuckets } from './task.ts';
import { stepOf } from './time-series.ts';
import { visitSpans } from './visit-spans.ts';

/** Most cells one answer may hold; some hundred bytes each. */
export const CELLS_MAX = 1_000_000;

/** A point by name. */
export interface Exemplar {
  readonly timeMs: number;
  readonly value: bigint;
  /** UUID of the stored profile; empty for a span's. */
  readonly profileId: string;
  /** 16 hex digits; empty for a profile's. */
  readonly spanId: string;
  /** 32 hex digits, empty when there is none. */
  readonly traceId: string;
  /** All labels of its series. */
  readonly labels: Labels;
}

export interface Cell {
  count: number;
  /** The largest point; of equal ones the earliest, then the one with the smallest id. */
  exemplar: Exemplar | undefined;
}

/** Cells of one group by `step × buckets + bucket`. */
export interface CellGroup {
  readonly labels: Labels;
  readonly cells: Map<number, Cell>;
}

/** Groups by `labelsKey`, and how many cells they have together. */
export interface Cells {
  readonly groups: Map<string, CellGroup>;
  cellCount: number;
}

/** Smallest and largest value; undefined when there is no point. */
export interface Extent {
  range: { readonly min: number; readonly max: number } | undefined;
}

export type CellsQuestion = Extract<Question, { kind: 'cells' }>;

/** Where points of a dataset are found. */
export interface PointSource {
  readonly dataset: DatasetReader;
  readonly series: readonly Series[];
  readonly profiles: ProfileColumns;
  /** Needed where profiles are named. */
  readonly identities: IdentityColumns | undefined;
  readonly runs: readonly RowRun[];
  readonly spans: ChosenSpans | undefined;
}

/** `nameOf` makes the parts of an exemplar that cost something. */
type VisitPoint = (series: number, timeMs: number, value: bigint, nameOf: () => PointName) => void;
type PointName = Pick<Exemplar, 'profileId' | 'spanId' | 'traceId'>;

export function createCells(): Cells {
  return { groups: new Map(), cellCount: 0 };
}

/** Widens an extent by the points of a dataset. */
export async function addExtent(extent: Extent, points: PointKind, source: PointSource): Promise<void> {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  await visitPoints(points, source, (_series, _timeMs, value) => {
    min = Math.min(min, Number(value));
    max = Math.max(max, Number(value));
  });
  if (min <= max) mergeExtent(extent, { range: { min, max } });
}

export function mergeExtent(into: Extent, from: Extent): void {
  if (from.range === undefined) return;
  const { min, max } = into.range ?? from.range;
  into.range = { min: Math.min(min, from.range.min), max: Math.max(max, from.range.max) };
}

/** @throws {FlamelakeError} `resource_exhausted` over CELLS_MAX */
export async function addCells(into: Cells, question: CellsQuestion, source: PointSource): Promise<void> {
  const { grid, buckets, hasExemplars } = question;
  const names = new Set(question.groupBy);
  const groupOf = new Map<number, CellGroup>();
  await visitPoints(question.points, source, (series, timeMs, value, nameOf) => {
    const { labels } = source.series[series];
    let group = groupOf.get(series);
    if (group === undefined) {
      group = groupIn(into, projectLabels(labels, names));
      groupOf.set(series, group);
    }
    // A profile in the range may have samples that were taken after its end.
    const key = stepOf(grid, Math.min(timeMs, grid.endMs)) * buckets.count + bucketOf(buckets, Number(value));
    const cell = cellIn(into, group, key);
    cell.count++;
    if (hasExemplars && isCandidate(cell.exemplar, value, timeMs)) {
      cell.exemplar = larger(cell.exemplar, { timeMs, value, labels, ...nameOf() });
    }
  });
}

/** Adds other cells of the same question. Associative and commutative. */
export function mergeCells(into: Cells, from: Cells): void {
  for (const { labels, cells } of from.groups.values()) {
    const group = groupIn(into, labels);
    for (const [key, { count, exemplar }] of cells) {
      const cell = cellIn(into, group, key);
      cell.count += count;
      if (exemplar !== undefined) cell.exemplar = larger(cell.exemplar, exemplar);
    }
  }
}

/** Puts a cell in its place; for readers of stored results. */
export function putCell(into: Cells, labels: Labels, key: number, cell: Cell): void {
  const { count, exemplar } = cell;
  const own = cellIn(into, groupIn(into, labels), key);
  own.count = count;
  own.exemplar = exemplar;
}

async function visitPoints(points: PointKind, source: PointSource, visit: VisitPoint): Promise<void> {
  const { dataset, profiles, identities, runs, spans } = source;
  if (points === 'spans') {
    const times = await dataset.times();
    await visitSpans(dataset, runs, spans, ({ series }, row, _stacktrace, value, spanId, traceId, ordinal) => {
      visit(series, profiles.timeMs[row] + firstOffset(times, profiles.stackList[row], ordinal), value, () => ({
        profileId: '',
        spanId: spanId.toString(16).padStart(16, '0'),
        traceId,
      }));
    });
    return;
  }
  for (const { series, from, until } of runs) {
    for (let row = from; row < until; row++) {
      visit(series, profiles.timeMs[row], profiles.total[row], () => ({
        profileId: identities === undefined ? '' : profileIdAt(profiles, identities, row),
        spanId: '',
        traceId: '',
      }));
    }
  }
}

/** When a sample was taken first, ms from its profile's time; 0 where nothing says so. */
function firstOffset(times: TimeColumns | undefined, stackList: number, ordinal: number): number {
  if (times === undefined) return 0;
  const element = times.firstElement[stackList] + ordinal;
  const first = times.start[element];
  return first < times.start[element + 1] ? times.offsetMs[first] : 0;
}

function bucketOf({ min, max, count }: ValueBuckets, value: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(((value - min) / (max - min)) * count)));
}

function groupIn({ groups }: Cells, labels: Labels): CellGroup {
  const key = labelsKey(labels);
  let group = groups.get(key);
  if (group === undefined) {
    group = { labels, cells: new Map() };
    groups.set(key, group);
  }
  return group;
}

function cellIn(into: Cells, { cells }: CellGroup, key: number): Cell {
  let cell = cells.get(key);
  if (cell === undefined) {
    cell = { count: 0, exemplar: undefined };
    cells.set(key, cell);
    if (++into.cellCount > CELLS_MAX) {
      throw new FlamelakeError('resource_exhausted', 'query has too many cells; take a larger step or fewer groups', {
        limit: CELLS_MAX,
      });
    }
  }
  return cell;
}

function isCandidate(best: Exemplar | undefined, value: bigint, timeMs: number): boolean {
  return best === undefined || value > best.value || (value === best.value && timeMs <= best.timeMs);
}

function larger(a: Exemplar | undefined, b: Exemplar): Exemplar {
  if (a === undefined) return b;
  if (a.value !== b.value) return a.value > b.value ? a : b;
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs ? a : b;
  const [x, y] = [nameText(a), nameText(b)];
  if (x !== y) return x < y ? a : b;
  return compareLabels(a.labels, b.labels) <= 0 ? a : b;
}

function nameText({ profileId, spanId, traceId }: Exemplar): string {
  return `${profileId}${spanId}${traceId}`;
}
