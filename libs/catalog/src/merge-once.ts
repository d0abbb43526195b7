/** One merge: the job longest overdue, done and committed. No profile is dropped or summed up. */
import type { ObjectStore, Random } from '@flamelake/model';
import { blocksToPlan } from './blocks-to-plan.ts';
import { commitChange } from './commit-change.ts';
import { isMissingObject } from './follow-chain.ts';
import { mergeBlocks } from './merge-blocks.ts';
import { MERGE_RULES_DEFAULT, type MergeRules } from './merge-rules.ts';
import { fromNewest } from './newest-manifest.ts';
import { daysOf } from './next-version.ts';
import { type MergeJob, planMerges } from './plan-merges.ts';
import { NO_PAUSE, type Pause } from './put-block.ts';
import { randomId } from './random-id.ts';
import type { ExpireBefore } from './row-rules.ts';
import type { BlockEntry, Manifest, PartitionRoot } from './types.ts';

export interface MergeContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  /** What differs from `MERGE_RULES_DEFAULT`. */
  readonly rules?: Partial<MergeRules>;
  /** Profiles before are left out; none by default. Their identities stay. */
  readonly expireBefore?: ExpireBefore;
  readonly pause?: Pause;
}

export type MergeOutcome =
  | { readonly outcome: 'committed'; readonly job: MergeJob; readonly blocks: readonly BlockEntry[] }
  | { readonly outcome: 'nothing' }
  /** Another job took an input, or this one took too long. */
  | { readonly outcome: 'lost'; readonly job: MergeJob };

/**
 * Does the job longest overdue, if any is due.
 * @param nowMs - ms since 1970
 * @throws {FlamelakeError} as `runMerge`
 */
export async function mergeOnce(context: MergeContext, nowMs: number): Promise<MergeOutcome> {
  const { store, root } = context;
  const rules = { ...MERGE_RULES_DEFAULT, ...context.rules };
  const { manifest, job } = await fromNewest(store, root, async (newest) => {
    const [longestDue] = planMerges(await blocksToPlan(store, newest, rules), rules, nowMs);
    return { manifest: newest, job: longestDue };
  });
  return job === undefined ? { outcome: 'nothing' } : runMerge(context, manifest, job);
}

/**
 * Does a job. Others may commit theirs meanwhile: this one counts as long as all its inputs are live and its version is kept.
 * @param manifest - the version the job was planned on
 * @throws {FlamelakeError} `data_loss` on a block that cannot be read, `unavailable` when the store does not answer
 */
export async function runMerge(
  { store, root, random, rules, expireBefore, pause = NO_PAUSE }: MergeContext,
  manifest: Manifest,
  job: MergeJob,
): Promise<Exclude<MergeOutcome, { outcome: 'nothing' }>> {
  const merging = { store, root, random, rules: { ...MERGE_RULES_DEFAULT, ...rules }, expireBefore, pause };
  let add: readonly BlockEntry[];
  try {
    add = await mergeBlocks(merging, manifest, job);
  } catch (error) {
    if (isMissingObject(error)) return { outcome: 'lost', job };
    throw error;
  }
  const remove = job.inputs.map((input) => input.key);
  const pinIds = expireBefore && manifest.pins.map((pin) => pin.id);
  const days = daysOf(job.inputs);
  const change = { kind: 'merge', id: randomId(random), remove, days, add, ...(pinIds && { pinIds }) } as const;
  const committed = await commitChange(store, root, change);
  return committed.outcome === 'committed' ? { outcome: 'committed', job, blocks: add } : { outcome: 'lost', job };
}
