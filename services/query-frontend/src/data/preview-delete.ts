/** What a delete would take away, read from the profiles themselves: nothing is changed. */
import { type BlockReader, type DatasetInfo, objectSource, openBlock } from '@flamelake/block';
import {
  type BlockEntry,
  type ExpireBefore,
  type Manifest,
  openSegment,
  rowsOfBlock,
  rowsOfSegment,
  type SegmentEntry,
  takeSnapshot,
  withBlocks,
} from '@flamelake/catalog';
import { type Clock, compileMatchers, matchLabels, type ObjectStore, parseSelector } from '@flamelake/model';

/** Which profiles a delete is about. */
export interface DeletedRange {
  readonly tenant: string;
  readonly selector: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface DeletePreview {
  /** Pushed profiles that lose something. */
  readonly profiles: number;
  /** Rows: one a profile, label set and profile type. */
  readonly rows: number;
  /** About so many bytes of objects. */
  readonly bytes: number;
  /** Objects that hold some of them. */
  readonly objects: number;
  /** Whether everything was looked at; if not, it is at least so much. */
  readonly isComplete: boolean;
}

export interface PreviewContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** What is expired is gone already; nothing unless given. */
  readonly expireBefore?: ExpireBefore;
  /** How long it may look, ms; 10,000 by default. */
  readonly timeMsMax?: number;
  /** Bytes of datasets it may look into; 4 GiB by default, of which it reads a small part. */
  readonly bytesMax?: number;
}

const TIME_MS_MAX_DEFAULT = 10_000;
const BYTES_MAX_DEFAULT = 4_294_967_296;
const NEVER: ExpireBefore = () => Number.NEGATIVE_INFINITY;

/**
 * Looks until it has seen everything, or its time or bytes are used up.
 * @throws {FlamelakeError} `not_found` when an object is swept meanwhile: ask again
 */
export async function previewDelete(
  context: PreviewContext,
  range: DeletedRange,
  signal: AbortSignal,
): Promise<DeletePreview> {
  const { store, clock, expireBefore = NEVER } = context;
  const { timeMsMax = TIME_MS_MAX_DEFAULT, bytesMax = BYTES_MAX_DEFAULT } = context;
  const startMs = clock.monotonicMs();
  const sum = { profiles: 0, rows: 0, bytes: 0, objects: 0, isComplete: false };
  let left = bytesMax;
  /** Whether the next object may still be looked into. */
  const allows = (datasets: readonly DatasetInfo[]): boolean => {
    signal.throwIfAborted();
    left -= touched(datasets, range).reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    return left >= 0 && clock.monotonicMs() - startMs <= timeMsMax;
  };
  const { partitions } = await takeSnapshot(store);
  const { tenant, fromMs, untilMs } = range;
  for (const { manifest: newest, segments } of partitions) {
    const manifest = await withBlocks(store, newest, { tenants: [tenant], fromMs, untilMs });
    for (const block of manifest.blocks) {
      if (!allows(block.datasets)) return sum;
      const kept = rowsOfBlock(manifest, block, expireBefore);
      await addObject(sum, range, block.datasets, kept, () => openEntry(store, block));
    }
    for (const segment of segments) {
      if (!allows(segment.info.datasets)) return sum;
      await addSegment(store, sum, range, manifest, segment, expireBefore);
    }
  }
  return { ...sum, isComplete: true };
}

/** Datasets that may hold some of the profiles. */
function touched(datasets: readonly DatasetInfo[], range: DeletedRange): readonly DatasetInfo[] {
  return datasets.filter(
    ({ tenant, minTimeMs, maxTimeMs }) =>
      tenant === range.tenant && range.fromMs <= maxTimeMs && range.untilMs > minTimeMs,
  );
}

type Sum = { -readonly [Name in keyof DeletePreview]: DeletePreview[Name] };

function openEntry(store: ObjectStore, block: BlockEntry): Promise<BlockReader> {
  return openBlock(objectSource(store, block));
}

function addSegment(
  store: ObjectStore,
  sum: Sum,
  range: DeletedRange,
  manifest: Manifest,
  segment: SegmentEntry,
  expireBefore: ExpireBefore,
): Promise<void> {
  const kept = rowsOfSegment(manifest, segment, expireBefore);
  return addObject(sum, range, segment.info.datasets, kept, () => openSegment(store, segment));
}

/** @param kept - rows that no earlier delete has hidden */
async function addObject(
  sum: Sum,
  range: DeletedRange,
  datasets: readonly DatasetInfo[],
  kept: ReturnType<typeof rowsOfBlock>,
  open: () => Promise<BlockReader>,
): Promise<void> {
  if (touched(datasets, range).length === 0) return;
  const matchers = compileMatchers(parseSelector(range.selector));
  const block = await open();
  let rows = 0;
  for (const [i, info] of block.info.datasets.entries()) {
    if (touched([info], range).length === 0 || kept?.dataset?.(info) === false) continue;
    const dataset = block.dataset(i);
    const series = await dataset.series();
    const isMatched = series.map(({ labels }) => matchLabels(matchers, labels));
    if (!isMatched.includes(true)) continue;
    const { count, series: seriesOf, timeMs, push } = await dataset.profiles();
    const pushes = new Set<number>();
    let found = 0;
    for (let row = 0; row < count; row++) {
      const time = timeMs[row];
      if (!isMatched[seriesOf[row]] || time < range.fromMs || time >= range.untilMs) continue;
      if (kept?.row?.(info, series[seriesOf[row]], time) === false) continue;
      pushes.add(push[row]);
      found++;
    }
    rows += found;
    sum.profiles += pushes.size;
    sum.bytes += Math.round((info.sizeBytes * found) / Math.max(1, count));
  }
  sum.rows += rows;
  if (rows > 0) sum.objects++;
}
