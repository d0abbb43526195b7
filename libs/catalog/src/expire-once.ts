/**
 * Retention and deletes where no merge comes by: blocks of which nothing is to stay are dropped, and others that hold what should have
 * gone are written anew without it, one at a time.
 */
import type { ObjectStore, Random } from '@flamelake/model';
import { commitChange } from './commit-change.ts';
import { isMissingObject } from './follow-chain.ts';
import { mergeBlocks } from './merge-blocks.ts';
import { MERGE_RULES_DEFAULT, type MergeRules } from './merge-rules.ts';
import { newestManifest } from './newest-manifest.ts';
import { isBlockSubject, mayMatch } from './pending-deletes.ts';
import { NO_PAUSE, type Pause } from './put-block.ts';
import { randomId } from './random-id.ts';
import { type ExpireBefore, isWhollyExpired } from './row-rules.ts';
import { withCuts } from './size-cuts.ts';
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
  /** What differs from `MERGE_RULES_DEFAULT`. */
  readonly rules?: Partial<MergeRules>;
  readonly pause?: Pause;
  /** A manifest seen before: not read again if it is still the newest. */
  readonly known?: Manifest | undefined;
  /** Blocks that pins keep from shrinking, with the time up to which that is known; kept by the caller from call to call. */
  readonly pinned?: Map<string, number>;
}

export type ExpireOutcome =
  | { readonly outcome: 'committed'; readonly dropped: number; readonly rewritten: number }
  | { readonly outcome: 'nothing' }
  /** Another job took the blocks, or a pin came meanwhile. */
  | { readonly outcome: 'lost' };

/** A block that is not smaller than this share of itself holds what pins exempt. */
const WORTHWHILE_SHARE = 0.95;
/** One window for whatever a block holds. */
const ALL_TIMES_MS = Number.MAX_SAFE_INTEGER;

/** @throws {FlamelakeError} `data_loss` on a block that cannot be read, `unavailable` when the store does not answer */
export async function expireOnce(given: ExpireContext): Promise<ExpireOutcome> {
  const manifest = await newestManifest(given.store, given.root, given.known);
  const context = { ...given, expireBefore: withCuts(manifest, given.expireBefore) };
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
  const { store, root, random, expireBefore, pause = NO_PAUSE } = context;
  const rules = { ...MERGE_RULES_DEFAULT, ...context.rules };
  const job = { inputs: [old], level: old.level, windowMs: ALL_TIMES_MS, dueMs: 0 };
  let add: readonly BlockEntry[];
  try {
    add = await mergeBlocks({ store, root, random, rules, expireBefore, pause }, manifest, job);
  } catch (error) {
    if (isMissingObject(error)) return { outcome: 'lost' };
    throw error;
  }
  const isOfDelete = manifest.deletes.some((pending) => isBlockSubject(old, pending) && mayMatch(old, pending));
  const isAsOld = oldestExpired(add, expireBefore) === oldestExpired([old], expireBefore);
  const bytes = add.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (!isOfDelete && isAsOld && bytes > old.sizeBytes * WORTHWHILE_SHARE) {
    context.pinned?.set(old.key, Math.max(...old.datasets.map(({ tenant }) => expireBefore(tenant))));
    return undefined;
  }
  return commit(context, manifest, [old], add, { dropped: 0, rewritten: 1 });
}

/** Time of the oldest expired profile, undefined when there is none. */
function oldestExpired(blocks: readonly BlockEntry[], expireBefore: ExpireBefore): number | undefined {
  const expired = blocks
    .flatMap(({ datasets }) => datasets)
    .filter(({ tenant, minTimeMs }) => minTimeMs < expireBefore(tenant));
  return expired.length === 0 ? undefined : Math.min(...expired.map(({ minTimeMs }) => minTimeMs));
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

/** How far behind retention is: the age beyond its end of the oldest profile that is still stored, ms; pins count as if they were not. */
export function retentionLagMs({ blocks }: Manifest, expireBefore: ExpireBefore): number {
  let lagMs = 0;
  for (const { datasets } of blocks) {
    for (const { tenant, minTimeMs } of datasets) lagMs = Math.max(lagMs, expireBefore(tenant) - minTimeMs);
  }
  return lagMs;
}
