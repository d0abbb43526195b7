/** What every compaction job does with an input. */
import type { BlockBuilder, BlockReader, RowFilter } from '@flamelake/block';

/**
 * Adds a block to the one being built: profiles, quarantined records, and all identities. Those of profiles that are left out must
 * stay too, or a resend of one would count as new while the identity window reaches it.
 */
export async function addWholeBlock(builder: BlockBuilder, block: BlockReader, keep?: RowFilter): Promise<void> {
  await builder.addBlock(block, keep);
  builder.addIdentities(await block.identities());
  for (const record of await block.quarantine()) builder.addQuarantined(record);
}
