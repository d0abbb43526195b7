/** The commit: how a change becomes part of the catalog while others commit theirs. */
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { type Change, isAboveFloor } from './change.ts';
import { isMissingObject } from './follow-chain.ts';
import { manifestKey } from './keys.ts';
import { newestManifest } from './newest-manifest.ts';
import { nextVersion } from './next-version.ts';
import { createPageWriter, type PageWriter } from './page-writer.ts';
import type { Manifest, PartitionRoot } from './types.ts';

export type CommitOutcome =
  /** The change is in the catalog; `manifest` is the newest version, which has it. */
  | { readonly outcome: 'committed'; readonly manifest: Manifest }
  /** Another job changed the inputs, or the job took so long that the floor passed it: its output is swept later. */
  | { readonly outcome: 'lost'; readonly reason: 'inputs' | 'floor' };

/** Puts in a row that may go unanswered. */
const UNANSWERED_MAX = 3;
/** Each attempt but the unanswered ones fails because another commit was made: so many are not. */
const ATTEMPTS_MAX = 100;

/**
 * Commits a change: puts the next version, then reads the newest and looks for the commit id there. What the put answered
 * proves nothing, so it is not looked at.
 * @throws {FlamelakeError} `unavailable` when the store does not answer, `aborted` when others always come first: in both cases
 *   the change may be committed, or come to be
 */
export async function commitChange(store: ObjectStore, root: PartitionRoot, change: Change): Promise<CommitOutcome> {
  const writer = createPageWriter(store, root, change.id);
  let unanswered = 0;
  let cause: unknown;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const newest = await newestManifest(store, root);
    if (newest.commitIds.includes(change.id)) return { outcome: 'committed', manifest: newest };
    const next = await nextOf(store, writer, newest, change);
    if (next === 'swept') continue;
    if (next === undefined) return { outcome: 'lost', reason: 'inputs' };
    if (!isAboveFloor(newest, change)) return { outcome: 'lost', reason: 'floor' };
    if (unanswered === UNANSWERED_MAX) throw cause;
    try {
      await store.putIfAbsent(manifestKey(root, newest.version + 1), next);
      unanswered = 0;
    } catch (error) {
      unanswered++;
      cause = error;
    }
  }
  throw new FlamelakeError('aborted', 'commit met another commit each time', { attempts: ATTEMPTS_MAX });
}

/** A page of the newest version is gone only when there is a newer one. */
async function nextOf(
  store: ObjectStore,
  writer: PageWriter,
  newest: Manifest,
  change: Change,
): Promise<Uint8Array | undefined | 'swept'> {
  try {
    return await nextVersion(store, writer, newest, change);
  } catch (error) {
    if (isMissingObject(error)) return 'swept';
    throw error;
  }
}
