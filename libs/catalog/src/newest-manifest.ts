/** Finds the newest version of a partition's catalog: its key sorts first. */
import { FlamelakeError, type ObjectInfo, type ObjectRange, type ObjectStore } from '@flamelake/model';
import { isMissingObject } from './follow-chain.ts';
import { manifestKey, manifestsPrefix, pagesPrefix, versionOfManifestKey } from './keys.ts';
import { decodeManifest, EMPTY_MANIFEST } from './manifest.ts';
import type { Manifest, PartitionRoot } from './types.ts';

/** A manifest can be swept between LIST and GET, once an hour at most; more often something else is wrong. */
const ATTEMPTS_MAX = 10;

/**
 * Reads the newest manifest; version 0 when nothing was ever committed.
 * @param known - a manifest that was seen to be kept: answered without reading it again when it is still the newest
 * @throws {FlamelakeError} `data_loss` when it cannot be read, `unavailable` when the store does not answer
 */
export async function newestManifest(store: ObjectStore, root: PartitionRoot, known?: Manifest): Promise<Manifest> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const [newest] = await store.list(manifestsPrefix(root), { limit: 1 });
    if (newest === undefined) return EMPTY_MANIFEST;
    const version = versionOfManifestKey(newest.key);
    if (known?.version === version) return known;
    const object = await store.get(newest.key);
    if (object !== undefined && isSameObject(newest, object)) return decodeVersion(object.bytes, newest.key, version);
  }
  throw new FlamelakeError('unavailable', 'newest manifest vanishes whenever it is read', {
    prefix: manifestsPrefix(root),
  });
}

/**
 * Reads what the newest manifest names; starts again when an index page was swept meanwhile, so that there is a newer one.
 * @throws {FlamelakeError} as `newestManifest`
 */
export async function fromNewest<Result>(
  store: ObjectStore,
  root: PartitionRoot,
  read: (manifest: Manifest) => Promise<Result>,
  known?: Manifest,
): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      return await read(await newestManifest(store, root, known));
    } catch (error) {
      if (!isMissingObject(error)) throw error;
    }
  }
  throw new FlamelakeError('unavailable', 'index pages vanish whenever they are read', { prefix: pagesPrefix(root) });
}

/**
 * Whether the object that was read is the one that was listed. Between the two the listed version may have been superseded, swept,
 * and its key taken again by a put that was under way all the time: that one is no version of the catalog.
 * Some stores tell the time to the millisecond in a list and to the second in an answer.
 */
function isSameObject(listed: ObjectInfo, read: ObjectRange): boolean {
  const isWholeSeconds = listed.modifiedMs % 1_000 === 0 || read.modifiedMs % 1_000 === 0;
  const unitMs = isWholeSeconds ? 1_000 : 1;
  return (
    Math.floor(listed.modifiedMs / unitMs) === Math.floor(read.modifiedMs / unitMs) &&
    listed.sizeBytes === read.sizeBytes
  );
}

/**
 * Reads one version; undefined when its key is absent. Below the floor the key may hold what was never committed: the caller
 * makes sure, after the read, that the version is kept.
 */
export async function readManifest(
  store: ObjectStore,
  root: PartitionRoot,
  version: number,
): Promise<Manifest | undefined> {
  if (version === 0) return EMPTY_MANIFEST;
  const key = manifestKey(root, version);
  const object = await store.get(key);
  return object === undefined ? undefined : decodeVersion(object.bytes, key, version);
}

function decodeVersion(bytes: Uint8Array, key: string, version: number): Manifest {
  const manifest = decodeManifest(bytes, key);
  if (manifest.version !== version) {
    throw new FlamelakeError('data_loss', 'manifest has another version than its key', {
      key,
      version: manifest.version,
    });
  }
  return manifest;
}

/** All objects under a prefix in key order, page by page, from after `startAfter` on. */
export async function* listAll(store: ObjectStore, prefix: string, startAfter = ''): AsyncGenerator<ObjectInfo> {
  for (let after = startAfter; ; ) {
    const page = await store.list(prefix, { startAfter: after, limit: 1_000 });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < 1_000) return;
    after = last.key;
  }
}
