/** The fold: segments at the beginning of the chain become ONE block of level 1, and the catalog's position moves behind them. */
import { createBlockBuilder, parseBlock } from '@flamelake/block';
import { FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { addWholeBlock } from './add-whole-block.ts';
import type { FoldChange } from './change.ts';
import { commitChange } from './commit-change.ts';
import { followChain, isMissingObject } from './follow-chain.ts';
import { hullOf } from './log-ranges.ts';
import { BUILT_PART, MERGE_RULES_DEFAULT } from './merge-rules.ts';
import { newestManifest } from './newest-manifest.ts';
import { NO_PAUSE, type Pause, putBlock } from './put-block.ts';
import { randomId } from './random-id.ts';
import { rowsOfSegment } from './row-rules.ts';
import type { BlockEntry, PartitionRoot, SegmentEntry } from './types.ts';

export interface FoldContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  /** Most segments in one fold; 256 by default. */
  readonly segmentsMax?: number;
  /** Memory that the fold may hold, bytes, as for merges: it ends earlier when its block gets large. */
  readonly memoryBytes?: number;
  readonly pause?: Pause;
}

export type FoldOutcome =
  /** `segments` are now in `block`. */
  | {
      readonly outcome: 'committed';
      readonly block: BlockEntry;
      readonly segments: number;
      readonly segmentBytes: number;
      /** Append time at the end of the first segment, ms since 1970. */
      readonly firstAppendMs: number;
    }
  | { readonly outcome: 'nothing' }
  /** Another fold came first, or this one took too long. */
  | { readonly outcome: 'lost' };

const SEGMENTS_MAX_DEFAULT = 256;

/** @throws {FlamelakeError} `data_loss` on a segment that cannot be read, `unavailable` when the store does not answer */
export async function foldOnce(context: FoldContext): Promise<FoldOutcome> {
  const { store, root, random, segmentsMax = SEGMENTS_MAX_DEFAULT } = context;
  const { memoryBytes = MERGE_RULES_DEFAULT.memoryBytes, pause = NO_PAUSE } = context;
  const manifest = await newestManifest(store, root);
  const builder = createBlockBuilder({ hashSeed: random.fraction() * 0x1_0000_0000 });
  const segments: SegmentEntry[] = [];
  try {
    for await (const segment of followChain(store, root, manifest.position)) {
      const keep = rowsOfSegment(manifest, segment);
      await addWholeBlock(builder, parseBlock(await readWhole(store, segment), segment.key), keep);
      segments.push(segment);
      if (segments.length >= segmentsMax || builder.memoryBytes >= memoryBytes * BUILT_PART) break;
      await pause();
    }
  } catch (error) {
    if (isMissingObject(error)) return { outcome: 'lost' };
    throw error;
  }
  const [first] = segments;
  if (first === undefined) return { outcome: 'nothing' };
  const log = hullOf(segments.map((segment) => segment.info.log));
  const block = await putBlock({ store, root, random, pause }, builder, { version: manifest.version, level: 1, log });
  const { lastAppendMs: firstAppendMs } = first.info.log;
  const change: FoldChange = { kind: 'fold', id: randomId(random), from: manifest.position, firstAppendMs, block };
  const committed = await commitChange(store, root, change);
  if (committed.outcome === 'lost') return { outcome: 'lost' };
  const segmentBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { outcome: 'committed', block, segments: segments.length, segmentBytes, firstAppendMs };
}

/** All bytes of a segment in one request; another object under its key is a missing object. */
async function readWhole(store: ObjectStore, { key, etag }: SegmentEntry): Promise<Uint8Array> {
  const object = await store.get(key);
  if (object?.etag !== etag) throw new FlamelakeError('not_found', 'segment is gone', { key });
  return object.bytes;
}
