/** The fold: segments at the beginning of the chain become ONE block of level 1, and the catalog's position moves behind them. */
import { createBlockBuilder, type LogRange, parseBlock } from '@flamelake/block';
import { FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { addWholeBlock } from './add-whole-block.ts';
import { commitChange } from './commit-change.ts';
import { followChain, isMissingObject } from './follow-chain.ts';
import { blockKey } from './keys.ts';
import { newestManifest } from './newest-manifest.ts';
import { randomId } from './random-id.ts';
import { rowsOfSegment } from './row-rules.ts';
import type { BlockEntry, PartitionRoot, SegmentEntry } from './types.ts';

export interface FoldContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  /** Most segments in one fold; 256 by default. */
  readonly segmentsMax?: number;
  /** Estimated size of the block at which the fold ends earlier, bytes; 64 MiB by default. */
  readonly blockBytes?: number;
}

export type FoldOutcome =
  /** `segments` are now in `block`. */
  | { readonly outcome: 'committed'; readonly block: BlockEntry; readonly segments: number }
  | { readonly outcome: 'nothing' }
  /** Another fold came first, or this one took too long. */
  | { readonly outcome: 'lost' };

const SEGMENTS_MAX_DEFAULT = 256;
const BLOCK_BYTES_DEFAULT = 67_108_864;

/** @throws {FlamelakeError} `data_loss` on a segment that cannot be read, `unavailable` when the store does not answer */
export async function foldOnce(context: FoldContext): Promise<FoldOutcome> {
  const { store, root, random, segmentsMax = SEGMENTS_MAX_DEFAULT, blockBytes = BLOCK_BYTES_DEFAULT } = context;
  const manifest = await newestManifest(store, root);
  const builder = createBlockBuilder({ hashSeed: random.fraction() * 0x1_0000_0000 });
  const segments: SegmentEntry[] = [];
  try {
    for await (const segment of followChain(store, root, manifest.position)) {
      const keep = rowsOfSegment(manifest, segment);
      await addWholeBlock(builder, parseBlock(await readWhole(store, segment), segment.key), keep);
      segments.push(segment);
      if (segments.length >= segmentsMax || builder.sizeBytes >= blockBytes) break;
    }
  } catch (error) {
    if (isMissingObject(error)) return { outcome: 'lost' };
    throw error;
  }
  const [first] = segments;
  if (first === undefined) return { outcome: 'nothing' };
  const id = randomId(random);
  const log = joinRanges(segments.map((segment) => segment.info.log));
  const { bytes, info } = builder.build({ id, level: 1, log });
  const key = blockKey(root, manifest.version, id);
  await store.put(key, bytes);
  const block: BlockEntry = { key, id, level: 1, sizeBytes: bytes.length, log, datasets: info.datasets };
  const committed = await commitChange(store, root, {
    kind: 'fold',
    id: randomId(random),
    from: manifest.position,
    firstAppendMs: first.info.log.lastAppendMs,
    block,
  });
  return committed.outcome === 'committed'
    ? { outcome: 'committed', block, segments: segments.length }
    : { outcome: 'lost' };
}

/** One range of all: `ranges` follow one another in the log. */
export function joinRanges(ranges: readonly LogRange[]): LogRange {
  const [first] = ranges;
  const last = ranges.at(-1);
  if (first === undefined || last === undefined) throw new FlamelakeError('internal', 'no log ranges to join');
  return {
    logId: first.logId,
    partition: first.partition,
    position: first.position,
    next: last.next,
    lastAppendMs: last.lastAppendMs,
    gaps: ranges.flatMap((range) => range.gaps),
  };
}

/** All bytes of a segment in one request; another object under its key is a missing object. */
async function readWhole(store: ObjectStore, { key, etag }: SegmentEntry): Promise<Uint8Array> {
  const object = await store.get(key);
  if (object?.etag !== etag) throw new FlamelakeError('not_found', 'segment is gone', { key });
  return object.bytes;
}
