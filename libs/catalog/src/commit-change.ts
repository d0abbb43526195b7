/** The commit: how a change becomes part of the catalog while others commit theirs. */
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { applyChange, type Change, isAboveFloor, isLive } from './change.ts';
import { manifestKey } from './keys.ts';
import { encodeManifest } from './manifest.ts';
import { newestManifest } from './newest-manifest.ts';
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
  let unanswered = 0;
  let cause: unknown;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const newest = await newestManifest(store, root);
    if (newest.commitIds.includes(change.id)) return { outcome: 'committed', manifest: newest };
    if (!isLive(newest, change)) return { outcome: 'lost', reason: 'inputs' };
    if (!isAboveFloor(newest, change)) return { outcome: 'lost', reason: 'floor' };
    if (unanswered === UNANSWERED_MAX) throw cause;
    const next = encodeManifest(applyChange(newest, change));
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
