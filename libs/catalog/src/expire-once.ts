/**
 * Retention and deletes where no merge comes by: blocks of which nothing is to stay are dropped, and others that hold what should have
 * gone are written anew without it, one at a time.
 */
import { createBlockBuilder, objectSource, openBlock } from '@flamelake/block';
import type { ObjectStore, Random } from '@flamelake/model';
import { addWholeBlock } from './add-whole-block.ts';
import { commitChange } from './commit-change.ts';
import { isMissingObject } from './follow-chain.ts';
import { blockKey } from './keys.ts';
import { newestManifest } from './newest-manifest.ts';
import { isBlockSubject, mayMatch } from './pending-deletes.ts';
import { randomId } from './random-id.ts';
import { type ExpireBefore, isWhollyExpired, rowsOfBlock } from './row-rules.ts';
import type { BlockEntry, Manifest, PartitionRoot } from './types.ts';

export interface ExpireContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  readonly expireBefore: ExpireBefore;
  /** How long identities are remembered: a block that reaches into it stays, for its identities. */
  readonly identityWindowMs: number;
  /** How long a block may hold single expired profiles until it is written anew, ms: most blocks expire as a whole meanwhile. */
  readonly rewriteAfterMs: number;
  /** Blocks that pins keep from shrinking, with the time up to which that is known; kept by the caller from call to call. */
  readonly pinned?: Map<string, number>;
}

export type ExpireOutcome =
  | { readonly outcome: 'committed'; readonly dropped: number; readonly rewritten: number }
  | { readonly outcome: 'nothing' }
  /** Another job took the blocks, or a pin came meanwhile. */
  | { readonly outcome: 'lost' };

/** @throws {FlamelakeError} `data_loss` on a block that cannot be read, `unavailable` when the store does not answer */
export async function expireOnce(context: ExpireContext): Promise<ExpireOutcome> {
  const { store, root } = context;
  const manifest = await newestManifest(store, root);
  const gone = manifest.blocks.filter((block) => isOver(context, manifest, block));
  if (gone.length > 0) return commit(context, manifest, gone, [], { dropped: gone.length, rewritten: 0 });
  for (const block of manifest.blocks) {
    if (!isDue(context, manifest, block)) continue;
    const outcome = await rewrite(context, manifest, block);
    if (outcome !== undefined) return outcome;
  }
  return { outcome: 'nothing' };
}

/** Whether nothing of a block is needed any more, neither profiles nor identities. */
function isOver(
  { expireBefore, identityWindowMs }: ExpireContext,
  { lastAppendMs, pins }: Manifest,
  { log, datasets }: BlockEntry,
): boolean {
  if (log.lastAppendMs >= lastAppendMs - identityWindowMs) return false;
  // Without profiles it may hold records that could not be decoded: these stay as long as profiles of nobody in particular.
  if (datasets.length === 0) return log.lastAppendMs < expireBefore('');
  return datasets.every((dataset) => isWhollyExpired(dataset, pins, expireBefore));
}

function isDue(context: ExpireContext, manifest: Manifest, block: BlockEntry): boolean {
  if (manifest.deletes.some((pending) => isBlockSubject(block, pending) && mayMatch(block, pending))) return true;
  const { expireBefore, rewriteAfterMs, pinned } = context;
  const knownMs = pinned?.get(block.key) ?? Number.NEGATIVE_INFINITY;
  return block.datasets.some(({ tenant, minTimeMs }) => {
    const dueMs = expireBefore(tenant) - rewriteAfterMs;
    return Math.max(minTimeMs, knownMs) < dueMs;
  });
}

/** @returns undefined when every row stays: pins exempt what is expired */
async function rewrite(
  context: ExpireContext,
  manifest: Manifest,
  old: BlockEntry,
): Promise<ExpireOutcome | undefined> {
  const { store, root, random, expireBefore } = context;
  const builder = createBlockBuilder({ hashSeed: random.fraction() * 0x1_0000_0000 });
  let isChanged = false;
  const rows = rowsOfBlock(manifest, old, expireBefore);
  const keep = rows && {
    dataset: (dataset: (typeof old.datasets)[number]) => note(rows.dataset?.(dataset) !== false),
    row: (...words: Parameters<NonNullable<typeof rows.row>>) => note(rows.row?.(...words) !== false),
  };
  function note(isKept: boolean): boolean {
    isChanged ||= !isKept;
    return isKept;
  }
  try {
    await addWholeBlock(builder, await openBlock(objectSource(store, old)), keep);
  } catch (error) {
    if (isMissingObject(error)) return { outcome: 'lost' };
    throw error;
  }
  const isOfDelete = manifest.deletes.some((pending) => isBlockSubject(old, pending) && mayMatch(old, pending));
  if (!isChanged && !isOfDelete) {
    context.pinned?.set(old.key, Math.max(...old.datasets.map(({ tenant }) => expireBefore(tenant))));
    return undefined;
  }
  const id = randomId(random);
  const { level, log } = old;
  const { bytes, info } = builder.build({ id, level, log });
  const key = blockKey(root, manifest.version, id);
  await store.put(key, bytes);
  const block: BlockEntry = { ...old, key, id, sizeBytes: bytes.length, datasets: info.datasets };
  return commit(context, manifest, [old], [block], { dropped: 0, rewritten: 1 });
}

async function commit(
  { store, root, random }: ExpireContext,
  { pins }: Manifest,
  remove: readonly BlockEntry[],
  add: readonly BlockEntry[],
  done: { readonly dropped: number; readonly rewritten: number },
): Promise<ExpireOutcome> {
  const committed = await commitChange(store, root, {
    kind: 'merge',
    id: randomId(random),
    remove: remove.map(({ key }) => key),
    add,
    pinIds: pins.map(({ id }) => id),
  });
  return committed.outcome === 'committed' ? { outcome: 'committed', ...done } : { outcome: 'lost' };
}
