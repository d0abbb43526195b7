/** What a delete would take away, read from the profiles themselves: nothing is changed. */
import { type BlockReader, type DatasetInfo, objectSource, openBlock } from '@flamelake/block';
import {
  type BlockEntry,
  type Manifest,
  openSegment,
  rowsOfBlock,
  rowsOfSegment,
  type SegmentEntry,
  takeSnapshot,
  withBlocks,
} from '@flamelake/catalog';
import { compileMatchers, matchLabels, type ObjectStore, parseSelector } from '@flamelake/model';

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
}

/** @throws {FlamelakeError} `not_found` when an object is swept meanwhile: ask again */
export async function previewDelete(
  store: ObjectStore,
  range: DeletedRange,
  signal: AbortSignal,
): Promise<DeletePreview> {
  const sum = { profiles: 0, rows: 0, bytes: 0, objects: 0 };
  const { partitions } = await takeSnapshot(store);
  const { tenant, fromMs, untilMs } = range;
  for (const { manifest: newest, segments } of partitions) {
    const manifest = await withBlocks(store, newest, { tenants: [tenant], fromMs, untilMs });
    for (const block of manifest.blocks) {
      signal.throwIfAborted();
      await addObject(sum, range, block.datasets, rowsOfBlock(manifest, block), () => openEntry(store, block));
    }
    for (const segment of segments) {
      signal.throwIfAborted();
      await addSegment(store, sum, range, manifest, segment);
    }
  }
  return sum;
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
): Promise<void> {
  const kept = rowsOfSegment(manifest, segment);
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
  const isTouched = ({ tenant, minTimeMs, maxTimeMs }: DatasetInfo): boolean =>
    tenant === range.tenant && range.fromMs <= maxTimeMs && range.untilMs > minTimeMs;
  if (!datasets.some(isTouched)) return;
  const matchers = compileMatchers(parseSelector(range.selector));
  const block = await open();
  let rows = 0;
  for (const [i, info] of block.info.datasets.entries()) {
    if (!isTouched(info) || kept?.dataset?.(info) === false) continue;
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
