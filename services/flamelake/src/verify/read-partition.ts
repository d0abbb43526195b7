/** Reading 2: everything that a partition's catalog names, from its manifests to the last sample. */
import { isDeepStrictEqual } from 'node:util';
import type { BlockInfo, DatasetInfo } from '@flamelake/block';
import {
  type ExpireBefore,
  findSegment,
  type Manifest,
  newestManifest,
  type OffsetRange,
  type PartitionRoot,
  rowsOfBlock,
  rowsOfSegment,
  type SegmentEntry,
  segmentKey,
} from '@flamelake/catalog';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { compareIdentities } from './compare-identities.ts';
import { listObjects } from './list-objects.ts';
import { beginReading, digestsOf, type LogComparison, type PartitionReading } from './partition-reading.ts';
import { readBlock, sound } from './read-block.ts';
import { readManifests } from './read-manifests.ts';
import type { ServerAnswers } from './server-answers.ts';

export interface PartitionContext {
  readonly store: ObjectStore;
  readonly answers: ServerAnswers;
  readonly comparisons: readonly LogComparison[];
  readonly expireBefore: ExpireBefore;
  /** Told what is about to be read. */
  readonly progress: (words: string) => void;
}

/** Times a partition is read again because a sweep took away what was being read. */
const ATTEMPTS_MAX = 5;

/** @throws {FlamelakeError} `unavailable` when it is swept whenever it is read */
export async function readPartition(context: PartitionContext, root: PartitionRoot): Promise<PartitionReading> {
  const { store, comparisons } = context;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const reading = beginReading(root, context.answers, comparisons);
    digestsOf(reading)?.clear();
    const kept = await readManifests(store, reading);
    if (kept === undefined) return reading;
    await readBlocks(context, reading, kept.newest);
    const links = await readChain(context, reading, kept.newest);
    await listObjects(store, reading, kept, links);
    if (!reading.isMissingSome) return reading;
    // Only a sweep takes away what is named, and it raises the floor first.
    const later = await newestManifest(store, root);
    if (later.floor === kept.newest.floor) return reading;
  }
  throw new FlamelakeError('unavailable', 'partition is swept whenever it is read', { ...root });
}

/** Reads the live blocks; their ranges must cover all offsets below the position, those of level 1 without overlap. */
async function readBlocks(
  { store, expireBefore, progress }: PartitionContext,
  reading: PartitionReading,
  manifest: Manifest,
): Promise<void> {
  const { blocks, expired, position } = manifest;
  const inLogOrder = [...blocks].sort((a, b) => a.log.position - b.log.position);
  let covered = 0;
  let folded = 0;
  for (const [i, entry] of inLogOrder.entries()) {
    progress(`block ${i + 1} of ${blocks.length}, ${megabytes(reading.bytes)} read`);
    const { log } = entry;
    covered = endOfExpired(expired, covered);
    if (log.position > covered) {
      reading.findings.difference(`${entry.key}: offsets ${covered} to ${log.position} are in no block before`);
    } else if (entry.level === 1 && log.position < folded) {
      reading.findings.difference(
        `${entry.key}: offsets ${log.position} to ${folded} are in two blocks, this is the second`,
      );
    }
    if (entry.level === 1) folded = log.next;
    covered = Math.max(covered, log.next);
    tellGaps(reading, entry.key, log.gaps);
    reading.blocks++;
    const info = await readBlock(store, reading, entry, rowsOfBlock(manifest, entry, expireBefore));
    if (info === undefined) continue;
    if (!isDeepStrictEqual(inOrder(info), inOrder(entry))) {
      reading.findings.difference(`${entry.key}: the block says another thing of itself than its manifest`);
    }
  }
  await compareIdentities(store, reading, inLogOrder);
  covered = endOfExpired(expired, covered);
  if (covered !== position) {
    reading.findings.difference(`blocks end at offset ${covered}, the catalog says that they reach ${position}`);
  }
}

/**
 * Reads the chain behind the position, link by link.
 * @returns where each segment leads, by position
 */
async function readChain(
  { store, expireBefore, progress }: PartitionContext,
  reading: PartitionReading,
  manifest: Manifest,
): Promise<ReadonlyMap<number, number>> {
  const links = new Map<number, number>();
  reading.next = manifest.position;
  let { lastAppendMs } = manifest;
  for (;;) {
    const key = segmentKey(reading.root, reading.next);
    const found = await sound(reading, key, () => findSegment(store, reading.root, reading.next));
    if (found === undefined) return links;
    progress(`segment ${links.size + 1}, ${megabytes(reading.bytes)} read`);
    const entry: SegmentEntry = found.entry;
    const { log } = entry.info;
    tellGaps(reading, key, log.gaps);
    if (log.lastAppendMs < lastAppendMs) reading.findings.difference(`${key}: append time goes back`);
    lastAppendMs = log.lastAppendMs;
    reading.segments++;
    await readBlock(store, reading, entry, rowsOfSegment(manifest, entry, expireBefore));
    links.set(reading.next, log.next);
    reading.next = log.next;
  }
}

/** What a block and its manifest must agree on; index pages have datasets in an order of their own. */
function inOrder({ id, level, log, datasets }: BlockInfo): BlockInfo {
  const byName = (a: DatasetInfo, b: DatasetInfo): number =>
    Buffer.compare(Buffer.from(`${a.tenant}/${a.service}`), Buffer.from(`${b.tenant}/${b.service}`));
  return { id, level, log, datasets: datasets.toSorted(byName) };
}

/** Where offsets of dropped blocks end that begin at or before an offset. */
function endOfExpired(expired: readonly OffsetRange[], offset: number): number {
  return Math.max(offset, ...expired.filter(({ from }) => from <= offset).map(({ until }) => until));
}

function tellGaps(
  { findings }: PartitionReading,
  key: string,
  gaps: readonly { readonly from: number; readonly until: number }[],
): void {
  for (const { from, until } of gaps) {
    findings.difference(`${key}: gap: the log had lost offsets ${from} to ${until} before they were read`);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
