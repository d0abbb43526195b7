/** Deletes between their commit and the merges that carry them out: what they are about, and when nothing of them is left to do. */
import { versionOfBlockKey } from './keys.ts';
import type { BlockEntry, Manifest, PendingDelete, SegmentEntry } from './types.ts';

/** Whether a live block may hold profiles that the delete is to remove: jobs that started at or after it have removed theirs. */
export function isBlockSubject({ key }: Pick<BlockEntry, 'key'>, pending: PendingDelete): boolean {
  return versionOfBlockKey(key) < pending.version;
}

/** Whether a segment is of before the delete: what the log took since then is not deleted. */
export function isSegmentSubject({ info }: Pick<SegmentEntry, 'info'>, pending: PendingDelete): boolean {
  return info.log.position < pending.chainEnd;
}

/** Whether a block has datasets that the delete may match, by what the catalog knows of them. */
export function mayMatch({ datasets }: Pick<BlockEntry, 'datasets'>, pending: PendingDelete): boolean {
  return datasets.some(
    ({ tenant, minTimeMs, maxTimeMs }) =>
      tenant === pending.tenant && pending.fromMs <= maxTimeMs && pending.untilMs > minTimeMs,
  );
}

/** Whether nothing can need the delete any more: every segment of before it is folded, and no block of before it can match. */
function isSettled({ position, blocks }: Manifest, pending: PendingDelete): boolean {
  return (
    position >= pending.chainEnd && !blocks.some((block) => isBlockSubject(block, pending) && mayMatch(block, pending))
  );
}

/** The deletes that stay. @param held - ids of those that blocks in index pages can match */
export function unsettledDeletes(manifest: Manifest, held: ReadonlySet<string>): readonly PendingDelete[] {
  return manifest.deletes.filter((pending) => held.has(pending.id) || !isSettled(manifest, pending));
}

/**
 * Whether a fold may be committed: a block made from a version before a delete counts as of before it, so it must not hold what the log
 * took after it.
 */
export function isFoldBeforeDeletes({ deletes }: Manifest, block: BlockEntry): boolean {
  return deletes.every((pending) => !isBlockSubject(block, pending) || block.log.next <= pending.chainEnd);
}
