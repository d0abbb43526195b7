/**
 * Retention and deletes where no merge comes by: blocks of which nothing is to stay are dropped, and others that hold what should have
 * gone are written anew without it, one at a time.
 */
import type { ObjectStore, Random } from '@flamelake/model';
import { commitChange } from './commit-change.ts';
import { isMissingObject } from './follow-chain.ts';
import { withBlocks } from './load-blocks.ts';
import { mergeBlocks } from './merge-blocks.ts';
import { MERGE_RULES_DEFAULT, type MergeRules } from './merge-rules.ts';
import { fromNewest } from './newest-manifest.ts';
import { daysOf } from './next-version.ts';
import { isBlockSubject, mayMatch } from './pending-deletes.ts';
import { NO_PAUSE, type Pause } from './put-block.ts';
import { randomId } from './random-id.ts';
import { type ExpireBefore, isWhollyExpired } from './row-rules.ts';
import { withCuts } from './size-cuts.ts';
import type { BlockEntry, DayRef, Manifest, PartitionRoot } from './types.ts';

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
  /** No profile of this time or later is expired, whoever's it is; any may be unless it is given. */
  readonly latestExpiry?: () => number;
  /** Index pages of days where nothing was due, with the `latestExpiry` of then; kept by the caller from call to call. */
  readonly lookedAt?: Map<string, number>;
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
/** A day is looked at again when retention has moved by this share of the time a block may hold expired profiles. */
const LOOK_SHARE = 1 / 8;
/** One window for whatever a block holds. */
const ALL_TIMES_MS = Number.MAX_SAFE_INTEGER;

/** @throws {FlamelakeError} `data_loss` on a block that cannot be read, `unavailable` when the store does not answer */
export async function expireOnce(given: ExpireContext): Promise<ExpireOutcome> {
  const { store, root, known, latestExpiry = () => Number.POSITIVE_INFINITY } = given;
  const { manifest, looked, expiryMs } = await fromNewest(
    store,
    root,
    async (newest) => {
      // What holds no profiles is dropped like profiles of nobody in particular.
      const cutsMs = newest.cuts.map(({ beforeMs }) => beforeMs);
      const endMs = Math.max(latestExpiry(), given.expireBefore(''), ...cutsMs);
      const days = daysToLookAt(given, newest, endMs);
      const due = await withBlocks(store, { ...newest, ...(newest.days && { days }) });
      return { manifest: due, looked: days, expiryMs: endMs };
    },
    known,
  );
  const context = { ...given, expireBefore: withCuts(manifest, given.expireBefore) };
  const gone = manifest.blocks.filter((block) => isOver(context, manifest, block));
  if (gone.length > 0) return commit(context, manifest, gone, [], { dropped: gone.length, rewritten: 0 });
  for (const block of manifest.blocks) {
    if (!isDue(context, manifest, block)) continue;
    const outcome = await rewrite(context, manifest, block);
    if (outcome !== undefined) return outcome;
  }
  for (const { key } of looked) context.lookedAt?.set(key, expiryMs);
  return { outcome: 'nothing' };
}

/** Days in index pages on which something may be due. @param expiryMs - no profile of this time or later is expired */
function daysToLookAt(
  { rewriteAfterMs, lookedAt }: ExpireContext,
  { days = [], deletes }: Manifest,
  expiryMs: number,
): readonly DayRef[] {
  return days.filter(({ key, minTimeMs, maxTimeMs }) => {
    if (deletes.some(({ fromMs, untilMs }) => fromMs <= maxTimeMs && untilMs > minTimeMs)) return true;
    const knownMs = lookedAt?.get(key) ?? Number.NEGATIVE_INFINITY;
    return minTimeMs < expiryMs && expiryMs >= knownMs + rewriteAfterMs * LOOK_SHARE;
  });
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
    days: daysOf(remove),
    add,
    pinIds: pins.map(({ id }) => id),
  });
  return committed.outcome === 'committed' ? { outcome: 'committed', ...done } : { outcome: 'lost' };
}

/**
 * How far behind retention is: the age beyond its end of the oldest profile that is still stored, ms; pins count as if they were not.
 * @param latestExpiry - see `ExpireContext`
 */
export async function retentionLagMs(
  store: ObjectStore,
  manifest: Manifest,
  expireBefore: ExpireBefore,
  latestExpiry: () => number = () => Number.POSITIVE_INFINITY,
): Promise<number> {
  const { blocks } = await withBlocks(store, manifest, { untilMs: latestExpiry() });
  let lagMs = 0;
  for (const { datasets } of blocks) {
    for (const { tenant, minTimeMs } of datasets) lagMs = Math.max(lagMs, expireBefore(tenant) - minTimeMs);
  }
  return lagMs;
}
