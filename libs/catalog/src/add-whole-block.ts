/** What a job does with a block that it takes as a whole. */
import type { BlockBuilder, BlockReader, RowFilter } from '@flamelake/block';

/**
 * Adds a block to the one being built: profiles, quarantined records, and all identities. Those that no profile added here has must
 * stay too, or a resend of a deleted one would count as new while the identity window reaches it.
 */
export async function addWholeBlock(builder: BlockBuilder, block: BlockReader, keep?: RowFilter): Promise<void> {
  const columns = await block.identities();
  const isTaken = new Uint8Array(columns.count);
  for (const [place, info] of block.info.datasets.entries()) {
    if (keep?.dataset?.(info) === false) continue;
    await builder.addDataset(block.openDataset(place), { columns, isTaken }, keep?.row);
  }
  builder.addIdentities(columns, isTaken);
  for (const record of await block.quarantine()) builder.addQuarantined(record);
}
