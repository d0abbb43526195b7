/** The fold: segments at the beginning of the chain become ONE block of level 1, and the catalog's position moves behind them. */
import { createBlockBuilder } from '@flamelake/block';
import type { ObjectStore, Random } from '@flamelake/model';
import { addWholeBlock } from './add-whole-block.ts';
import type { FoldChange } from './change.ts';
import { commitChange } from './commit-change.ts';
import { findSegment } from './follow-chain.ts';
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
  for (let position = manifest.position; ; ) {
    const found = await findSegment(store, root, position, 'all');
    if (found === undefined) break;
    const segment = found.entry;
    const keep = rowsOfSegment(manifest, segment);
    await addWholeBlock(builder, found.block, keep);
    segments.push(segment);
    if (segments.length >= segmentsMax || builder.memoryBytes >= memoryBytes * BUILT_PART) break;
    position = segment.info.log.next;
    await pause();
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
