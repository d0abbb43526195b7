/** Snapshots: what one query reads of all partitions of all logs, old incarnations beside the new. */
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { followChain } from './follow-chain.ts';
import { LOGS_PREFIX, partitionsPrefix } from './keys.ts';
import { newestManifest } from './newest-manifest.ts';
import type { PartitionRoot, PartitionSnapshot, SegmentEntry, Snapshot } from './types.ts';

/** Partitions looked at side by side. */
const PARALLEL_MAX = 32;
/** Times a walk may begin again because its manifest was swept meanwhile. */
const ATTEMPTS_MAX = 10;

/** Every partition that anything was written of, by log id and number. */
export async function listRoots(store: ObjectStore): Promise<PartitionRoot[]> {
  const roots: PartitionRoot[] = [];
  for (const logId of await store.listFolders(LOGS_PREFIX)) {
    const names = (await store.listFolders(partitionsPrefix(logId))).filter((name) => /^\d{1,9}$/.test(name));
    for (const partition of names.map(Number).sort((a, b) => a - b)) roots.push({ logId, partition });
  }
  return roots;
}

/**
 * Takes a snapshot of everything.
 * @param previous - an earlier snapshot: footers it has are not read again. What is absent is always asked of the store.
 * @throws {FlamelakeError} `data_loss` on a manifest or footer that cannot be read, `unavailable` when the store does not answer
 */
export async function takeSnapshot(store: ObjectStore, previous?: Snapshot): Promise<Snapshot> {
  const roots = await listRoots(store);
  const known = new Map(previous?.partitions.map((partition) => [rootName(partition.root), partition]));
  const partitions: PartitionSnapshot[] = [];
  for (let start = 0; start < roots.length; start += PARALLEL_MAX) {
    const some = roots.slice(start, start + PARALLEL_MAX);
    partitions.push(
      ...(await Promise.all(some.map((root) => takePartitionSnapshot(store, root, known.get(rootName(root)))))),
    );
  }
  return { partitions };
}

/**
 * Takes a snapshot of one partition: newest manifest, the chain behind it, and then a look whether that manifest is still kept. Where there
 * is an earlier snapshot, mostly its manifest is the newest still: that look alone says so, and is the only one.
 */
export async function takePartitionSnapshot(
  store: ObjectStore,
  root: PartitionRoot,
  previous?: PartitionSnapshot,
): Promise<PartitionSnapshot> {
  let manifest = previous?.manifest ?? (await newestManifest(store, root));
  for (let attempt = 0, isOfBefore = previous !== undefined; attempt < ATTEMPTS_MAX; attempt++, isOfBefore = false) {
    const segments: SegmentEntry[] = [];
    let next = manifest.position;
    for await (const segment of followChain(store, root, manifest.position, knownSegments(previous))) {
      segments.push(segment);
      next = segment.info.log.next;
    }
    // The end of the chain may be a hole that a sweep made while we walked: then the floor has passed our manifest.
    const later = await newestManifest(store, root, manifest);
    // A kept manifest of before is not enough where there is a newer one: deletes are seen at once.
    if (!isOfBefore || later.version === manifest.version) {
      if (later.floor <= manifest.version) return { root, manifest, segments, next };
    }
    manifest = later;
  }
  throw new FlamelakeError('unavailable', 'snapshot is swept whenever it is taken', { ...root });
}

/**
 * Segments of an earlier snapshot by position. One at or above the position of a manifest that is still kept has not been deleted, so
 * it is what the store holds; the look at the floor after the walk tells that the manifest is kept.
 */
function knownSegments(previous: PartitionSnapshot | undefined): ReadonlyMap<number, SegmentEntry> {
  return new Map(previous?.segments.map((segment) => [segment.info.log.position, segment]));
}

function rootName(root: PartitionRoot): string {
  return `${root.logId}/${root.partition}`;
}
