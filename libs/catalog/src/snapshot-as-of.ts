/**
 * Snapshots of the past: the catalog as it was, down to the oldest version that is kept. Deletes that came later hide nothing in them, which
 * is what they are for; what the catalog held at that time is read from the same immutable objects.
 */
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { followChain } from './follow-chain.ts';
import { manifestKey, manifestsPrefix, versionOfManifestKey } from './keys.ts';
import { listAll, newestManifest, readManifest } from './newest-manifest.ts';
import type { NamedPartition } from './snapshot-name.ts';
import { listRoots } from './take-snapshot.ts';
import type { Manifest, PartitionRoot, PartitionSnapshot, SegmentEntry, Snapshot } from './types.ts';

/** Partitions looked at side by side. */
const PARALLEL_MAX = 32;

/** A version of a partition, and which of the chain's segments belong to it. */
interface Place {
  readonly root: PartitionRoot;
  readonly version: number;
  readonly isTaken: (segment: SegmentEntry) => boolean;
}

/**
 * What was in the catalog, and in segments, at a time: by the store's clock for versions of the catalog, by the log's for segments.
 * @param atMs - ms since 1970
 * @throws {FlamelakeError} `out_of_range` when a version of then is no longer kept, with the oldest time there is
 */
export async function takeSnapshotAt(store: ObjectStore, atMs: number): Promise<Snapshot> {
  const roots = await listRoots(store);
  const oldestMs = Math.max(...(await inParallel(roots, (root) => oldestKeptMs(store, root))), 0);
  if (atMs < oldestMs) throw tooOld({ asOf: new Date(atMs).toISOString() }, oldestMs);
  const partitions = await inParallel(roots, async (root) => {
    const version = await versionAt(store, root, atMs);
    const isTaken = ({ info }: SegmentEntry) => info.log.lastAppendMs <= atMs;
    return takePlace(store, { root, version, isTaken });
  });
  return { partitions };
}

/**
 * The snapshot of a name, once more.
 * @throws {FlamelakeError} `out_of_range` when a version of it is no longer kept
 */
export async function takeNamedSnapshot(store: ObjectStore, named: readonly NamedPartition[]): Promise<Snapshot> {
  const partitions = await inParallel(named, ({ root, version, next }) =>
    takePlace(store, { root, version, isTaken: ({ info }) => info.log.next <= next }),
  );
  return { partitions };
}

async function takePlace(store: ObjectStore, { root, version, isTaken }: Place): Promise<PartitionSnapshot> {
  const manifest = await readManifest(store, root, version);
  const segments: SegmentEntry[] = [];
  let next = manifest?.position ?? 0;
  if (manifest !== undefined) {
    for await (const segment of followChain(store, root, manifest.position)) {
      if (!isTaken(segment)) break;
      segments.push(segment);
      next = segment.info.log.next;
    }
  }
  // Only of a version that is kept until here all was read as it was.
  const newest = await newestManifest(store, root);
  if (newest.floor > version) throw tooOld({}, await committedMs(store, root, newest.floor));
  if (manifest === undefined) {
    throw new FlamelakeError('data_loss', 'a kept version of the catalog is missing', { ...root, version });
  }
  return { root, manifest, segments, next };
}

/** The version that was the newest at a time; 0 before there was any. */
async function versionAt(store: ObjectStore, root: PartitionRoot, atMs: number): Promise<number> {
  for await (const { key, modifiedMs } of listAll(store, manifestsPrefix(root))) {
    if (modifiedMs <= atMs) return versionOfManifestKey(key);
  }
  return 0;
}

/** When the oldest version that is kept became the newest, ms since 1970; 0 when all are kept. */
async function oldestKeptMs(store: ObjectStore, root: PartitionRoot): Promise<number> {
  const { floor }: Manifest = await newestManifest(store, root);
  return floor === 0 ? 0 : committedMs(store, root, floor);
}

async function committedMs(store: ObjectStore, root: PartitionRoot, version: number): Promise<number> {
  const key = manifestKey(root, version);
  const [found] = await store.list(key, { limit: 1 });
  // Swept meanwhile: the floor is higher by now.
  return found?.key === key ? found.modifiedMs : store.nowMs();
}

function tooOld(details: Readonly<Record<string, string>>, oldestMs: number): FlamelakeError {
  return new FlamelakeError(
    'out_of_range',
    'the catalog of that time is no longer kept; ask for a later time, or raise compactor.keep for the next time',
    { ...details, oldest: new Date(Math.ceil(oldestMs / 1_000) * 1_000).toISOString() },
  );
}

async function inParallel<In, Out>(all: readonly In[], one: (each: In) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  for (let start = 0; start < all.length; start += PARALLEL_MAX) {
    done.push(...(await Promise.all(all.slice(start, start + PARALLEL_MAX).map(one))));
  }
  return done;
}
