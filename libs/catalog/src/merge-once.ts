/** The merge: blocks of one level that follow one another in the log become one of the next. No profile is dropped or summed up. */
import { createBlockBuilder, objectSource, openBlock } from '@flamelake/block';
import type { ObjectStore, Random } from '@flamelake/model';
import { addWholeBlock } from './add-whole-block.ts';
import { commitChange } from './commit-change.ts';
import { joinRanges } from './fold-once.ts';
import { isMissingObject } from './follow-chain.ts';
import { blockKey } from './keys.ts';
import { newestManifest } from './newest-manifest.ts';
import { randomId } from './random-id.ts';
import { type ExpireBefore, rowsOfBlock } from './row-rules.ts';
import type { BlockEntry, PartitionRoot } from './types.ts';

export interface MergeContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  /** Blocks in one merge; 16 by default. */
  readonly blocksPerMerge?: number;
  /** Most bytes read by one merge; 64 MiB by default. */
  readonly inputBytesMax?: number;
  /** Profiles before are left out; none by default. Their identities stay. */
  readonly expireBefore?: ExpireBefore;
}

export type MergeOutcome =
  | { readonly outcome: 'committed'; readonly block: BlockEntry; readonly blocks: number }
  | { readonly outcome: 'nothing' }
  /** Another job took an input, or this one took too long. */
  | { readonly outcome: 'lost' };

const BLOCKS_PER_MERGE_DEFAULT = 16;
const INPUT_BYTES_MAX_DEFAULT = 67_108_864;
/** Blocks of this level are merged no further. */
const LEVEL_MAX = 3;

/** @throws {FlamelakeError} `data_loss` on a block that cannot be read, `unavailable` when the store does not answer */
export async function mergeOnce(context: MergeContext): Promise<MergeOutcome> {
  const { store, root, random, blocksPerMerge = BLOCKS_PER_MERGE_DEFAULT } = context;
  const { inputBytesMax = INPUT_BYTES_MAX_DEFAULT, expireBefore } = context;
  const manifest = await newestManifest(store, root);
  const inputs = chooseInputs(manifest.blocks, blocksPerMerge, inputBytesMax);
  const [first] = inputs;
  if (first === undefined) return { outcome: 'nothing' };
  const builder = createBlockBuilder({ hashSeed: random.fraction() * 0x1_0000_0000 });
  try {
    for (const input of inputs) {
      const keep = rowsOfBlock(manifest, input, expireBefore);
      await addWholeBlock(builder, await openBlock(objectSource(store, input)), keep);
    }
  } catch (error) {
    if (isMissingObject(error)) return { outcome: 'lost' };
    throw error;
  }
  const id = randomId(random);
  const level = first.level + 1;
  const log = joinRanges(inputs.map((block) => block.log));
  const { bytes, info } = builder.build({ id, level, log });
  const key = blockKey(root, manifest.version, id);
  await store.put(key, bytes);
  const block: BlockEntry = { key, id, level, sizeBytes: bytes.length, log, datasets: info.datasets };
  const remove = inputs.map((input) => input.key);
  const pinIds = expireBefore && manifest.pins.map((pin) => pin.id);
  const change = { kind: 'merge', id: randomId(random), remove, add: [block], ...(pinIds && { pinIds }) } as const;
  const committed = await commitChange(store, root, change);
  return committed.outcome === 'committed'
    ? { outcome: 'committed', block, blocks: inputs.length }
    : { outcome: 'lost' };
}

/** The oldest run of `count` blocks of one level that follow one another in the log and are small enough together. */
function chooseInputs(blocks: readonly BlockEntry[], count: number, bytesMax: number): readonly BlockEntry[] {
  const inLogOrder = [...blocks].sort((a, b) => a.log.position - b.log.position);
  let run: BlockEntry[] = [];
  for (const block of inLogOrder) {
    if (block.level !== run[0]?.level) run = [];
    run.push(block);
    while (run.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > bytesMax) run.shift();
    if (run.length === count && block.level < LEVEL_MAX) return run;
  }
  return [];
}
