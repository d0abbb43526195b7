/**
 * The name of a snapshot, sealed: which version of each partition's catalog answered, and up to which offset. Equal snapshots have equal names.
 *
 * Sealed bytes: log id by log, each followed by a count and partition, version and next of each of its partitions; numbers are varints.
 */
import { ByteWriter } from '@flamelake/formats';
import { type StoreKeys, seal } from './seal.ts';
import type { PartitionSnapshot, Snapshot } from './types.ts';

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
