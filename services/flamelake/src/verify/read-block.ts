/** Reads all of a block: every section of every dataset, one dataset in memory at a time. */
import {
  type BlockInfo,
  type BlockReader,
  type IdentityColumns,
  type ObjectName,
  objectSource,
  openBlock,
  type RowFilter,
} from '@flamelake/block';
import { IDENTITY_BYTES, isMissingObject } from '@flamelake/catalog';
import { describeError, FlamelakeError, type ObjectStore } from '@flamelake/model';
import { comparisonOf, laterLogs, type PartitionReading } from './partition-reading.ts';
import { readDataset } from './read-dataset.ts';

/** Bytes of datasets read before a block is opened anew, which frees them. */
const HELD_BYTES_MAX = 8_388_608;
/** Where identities of other logs were seen: before every offset of the one that is compared. */
const BEFORE_ALL_OFFSETS = -1;
/** What an object that is no good is refused with. */
const DAMAGE_CODES: ReadonlySet<string> = new Set(['data_loss', 'unimplemented', 'failed_precondition']);

/**
 * Reads a block; what is wrong with it becomes findings.
 * @param shown - rows that queries show; all when undefined
 * @returns what its footer says, or undefined when that cannot be read
 */
export async function readBlock(
  store: ObjectStore,
  reading: PartitionReading,
  name: ObjectName,
  shown?: RowFilter,
): Promise<BlockInfo | undefined> {
  const open = () => openBlock(objectSource(store, name));
  return sound(reading, name.key, async () => {
    let block = await open();
    const { info } = block;
    const identities = await readBlockWide(reading, name.key, block);
    if (identities === undefined) return info;
    let heldBytes = 0;
    for (const [index, dataset] of info.datasets.entries()) {
      if (heldBytes > HELD_BYTES_MAX) {
        block = await open();
        heldBytes = 0;
      }
      heldBytes += dataset.sizeBytes;
      await sound(reading, `${name.key}: ${dataset.tenant}/${dataset.service}`, () =>
        readDataset(reading, name.key, block.dataset(index), identities, shown),
      );
    }
    reading.bytes += name.sizeBytes;
    return info;
  });
}

/** Reads what belongs to no dataset. @returns the identities, unless they cannot be read */
async function readBlockWide(
  reading: PartitionReading,
  key: string,
  block: BlockReader,
): Promise<IdentityColumns | undefined> {
  const { findings } = reading;
  const own = comparisonOf(reading);
  const { position, next, lastAppendMs } = block.info.log;
  const quarantine = (await sound(reading, key, () => block.quarantine())) ?? [];
  await sound(reading, key, () => block.checkLabels());
  reading.quarantined += quarantine.length;
  for (const { offset, value } of quarantine) own?.digests.addQuarantined(offset, value);
  const identities = await sound(reading, key, () => block.identities());
  if (identities === undefined) return undefined;
  const { ids, offsets, count } = identities;
  reading.profiles += count;
  if (count > 0 && !(offsets[0] >= position && offsets[count - 1] < next)) {
    findings.difference(`${key}: identities are of other offsets than ${position} to ${next}`);
  }
  for (const comparison of own === undefined ? laterLogs(reading) : [own]) {
    const { window, windowMs, firstAppendMs, digests } = comparison;
    const reachesIn = lastAppendMs >= firstAppendMs - windowMs;
    const seenMs = Math.min(lastAppendMs, firstAppendMs);
    for (let i = 0; i < count; i++) {
      const at = i * IDENTITY_BYTES;
      if (own !== undefined && offsets[i] >= digests.from) digests.addProfile(offsets[i], ids, at);
      else if (reachesIn) window.add(ids, at, own === undefined ? BEFORE_ALL_OFFSETS : offsets[i], seenMs);
    }
  }
  return identities;
}

/** Runs a read; damage becomes a difference that names the object. */
export async function sound<Value>(
  reading: PartitionReading,
  name: string,
  read: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FlamelakeError)) throw error;
    if (isMissingObject(error)) reading.isMissingSome = true;
    else if (!DAMAGE_CODES.has(error.code)) throw error;
    reading.findings.difference(`${name}: ${describeError(error)}`);
    return undefined;
  }
}
