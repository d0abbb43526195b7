/**
 * The name of a snapshot, sealed: which version of each partition's catalog answered, and up to which offset. Equal snapshots have equal names.
 *
 * Sealed bytes: log id by log, each followed by a count and partition, version and next of each of its partitions; numbers are varints.
 */
import { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { type StoreKeys, seal, unseal } from './seal.ts';
import type { PartitionRoot, PartitionSnapshot, Snapshot } from './types.ts';

const PURPOSE = 'snapshot';

/** Writes the name of a snapshot as text fit for a header: about ten characters a partition. */
export function sealSnapshotName(keys: StoreKeys, snapshot: Snapshot): string {
  const byLog = new Map<string, PartitionSnapshot[]>();
  for (const partition of snapshot.partitions) {
    const others = byLog.get(partition.root.logId);
    if (others === undefined) byLog.set(partition.root.logId, [partition]);
    else others.push(partition);
  }
  const writer = new ByteWriter();
  for (const [logId, partitions] of byLog) {
    writer.text(logId);
    writer.varint(partitions.length);
    for (const { root, manifest, next } of partitions) {
      writer.varint(root.partition);
      writer.varint(manifest.version);
      writer.varint(next);
    }
  }
  return seal(keys, PURPOSE, writer.view());
}

/** What a snapshot held of one partition. */
export interface NamedPartition {
  readonly root: PartitionRoot;
  /** Version of the catalog. */
  readonly version: number;
  /** End of the chain. */
  readonly next: number;
}

/**
 * Reads what a name says.
 * @throws {FlamelakeError} `invalid_argument` when the text is no name of this store's snapshots
 */
export function unsealSnapshotName(keys: StoreKeys, sealed: string): readonly NamedPartition[] {
  const reader = new ByteReader(unseal(keys, PURPOSE, sealed));
  const partitions: NamedPartition[] = [];
  try {
    while (reader.remaining > 0) {
      const logId = reader.text();
      for (let left = reader.count(3); left > 0; left--) {
        const root = { logId, partition: reader.varint() };
        partitions.push({ root, version: reader.varint(), next: reader.varint() });
      }
    }
    return partitions;
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'snapshot name cannot be read', {}, { cause });
  }
}
