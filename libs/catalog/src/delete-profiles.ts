/** Deletes of one partition: committed at once, carried out by the jobs that come after. */
import type { ObjectStore } from '@flamelake/model';
import { type CommitOutcome, commitChange } from './commit-change.ts';
import { takePartitionSnapshot } from './take-snapshot.ts';
import type { PartitionRoot, PendingDelete } from './types.ts';

/** Which profiles go; the id names the delete in all partitions. */
export type DeleteRequest = Omit<PendingDelete, 'version' | 'chainEnd'>;

/**
 * Commits a delete of what the chain holds now, and of what is folded before the commit; what the log takes later is not deleted.
 * @param changeId - commit id, random
 * @returns `lost` when a delete of this id is pending already
 * @throws {FlamelakeError} as `commitChange`
 */
export async function deleteProfiles(
  store: ObjectStore,
  root: PartitionRoot,
  request: DeleteRequest,
  changeId: string,
): Promise<CommitOutcome> {
  const { next: chainEnd } = await takePartitionSnapshot(store, root);
  return commitChange(store, root, { kind: 'delete', id: changeId, pending: { ...request, chainEnd } });
}
