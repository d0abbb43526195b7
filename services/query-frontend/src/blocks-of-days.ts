/** Blocks that stand in index pages, for what a catalog tells of a tenant without a query. */
import type { BlockEntry, DayRef, PartitionSnapshot, SnapshotSource } from '@flamelake/catalog';

/**
 * Reads the pages of some days of a partition.
 * @returns blocks of these days that hold anything of the tenant, with its datasets
 * @throws {FlamelakeError} `not_found` when an index page was swept meanwhile
 */
export async function blocksOfDays(
  snapshots: Pick<SnapshotSource, 'withBlocks'>,
  partition: PartitionSnapshot,
  days: readonly DayRef[],
  tenant: string,
): Promise<readonly BlockEntry[]> {
  const manifest = { ...partition.manifest, blocks: [], days };
  const read = await snapshots.withBlocks({ partitions: [{ ...partition, manifest }] }, { tenants: [tenant] });
  return read.partitions.flatMap((one) => one.manifest.blocks);
}
