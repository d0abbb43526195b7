/** Whether a profile is in two blocks: of blocks whose ranges of the log overlap, no two may have the same identity from the same offset. */
import { type IdentityColumns, objectSource, openBlock } from '@flamelake/block';
import { type BlockEntry, IDENTITY_BYTES } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import type { PartitionReading } from './partition-reading.ts';
import { sound } from './read-block.ts';

/** Reads identities again, of two blocks at a time. @param inLogOrder - by position */
export async function compareIdentities(
  store: ObjectStore,
  reading: PartitionReading,
  inLogOrder: readonly BlockEntry[],
): Promise<void> {
  const identitiesOf = (entry: BlockEntry) =>
    sound(reading, entry.key, async () => (await openBlock(objectSource(store, entry))).readIdentities());
  for (const [i, one] of inLogOrder.entries()) {
    const overlapping = inLogOrder.slice(i + 1).filter(({ log }) => log.position < one.log.next);
    if (overlapping.length === 0) continue;
    const identities = await identitiesOf(one);
    if (identities === undefined) continue;
    for (const other of overlapping) {
      const others = await identitiesOf(other);
      const count = others === undefined ? 0 : countShared(identities, others);
      if (count > 0) reading.findings.difference(`${other.key}: ${count} profiles are in ${one.key} too`);
    }
  }
}

/** How many identities with the same offset are in both; each is sorted by offset, then bytes. */
function countShared(a: IdentityColumns, b: IdentityColumns): number {
  let [i, j, shared] = [0, 0, 0];
  while (i < a.count && j < b.count) {
    const order = a.offsets[i] - b.offsets[j] || Buffer.compare(idAt(a, i), idAt(b, j));
    if (order === 0) shared++;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return shared;
}

function idAt({ ids }: IdentityColumns, i: number): Uint8Array {
  return ids.subarray(i * IDENTITY_BYTES, (i + 1) * IDENTITY_BYTES);
}
