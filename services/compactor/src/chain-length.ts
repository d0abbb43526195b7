/** About how long a chain is, for deciding when to fold. */
import { type PartitionRoot, segmentKey, segmentsPrefix } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';

/**
 * Counts the segments listed behind the newest manifest's position, at most `max`. Only a hint: some may lie beside the chain.
 */
export async function chainLength(
  store: ObjectStore,
  root: PartitionRoot,
  position: number,
  max: number,
): Promise<number> {
  const prefix = segmentsPrefix(root);
  const listed = await store.list(prefix, {
    // The segment at the position itself counts too.
    ...(position > 0 && { startAfter: segmentKey(root, position - 1) }),
    limit: Math.min(max, 1_000),
  });
  return listed.length;
}
