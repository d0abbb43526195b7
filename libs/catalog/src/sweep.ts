/** The sweep: raises the floor, sees it committed, and only then lists and deletes what nothing kept needs. Nobody else deletes. */
import type { ObjectStore, Random } from '@flamelake/model';
import type { FloorChange } from './change.ts';
import { commitChange } from './commit-change.ts';
import { isMissingObject } from './follow-chain.ts';
import {
  blocksPrefix,
  manifestKey,
  manifestsPrefix,
  pagesPrefix,
  positionOfSegmentKey,
  segmentsPrefix,
  versionOfBlockKey,
  versionOfManifestKey,
  versionOfPageKey,
} from './keys.ts';
import { keysInPages } from './load-blocks.ts';
import { listAll, newestManifest, readManifest } from './newest-manifest.ts';
import { randomId } from './random-id.ts';
import type { Manifest, PartitionRoot } from './types.ts';

export interface SweepContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  /** How long a superseded version is kept: longer than any query or job lasts. 1 h by default, in `KEEP_MS_DEFAULT`. */
  readonly keepMs: number;
}

export const KEEP_MS_DEFAULT = 3_600_000;

/** What a sweep did: the floor it swept below, and how many objects it deleted. */
export interface SweepOutcome {
  readonly floor: number;
  readonly manifests: number;
  readonly blocks: number;
  /** Of those blocks, the ones that no kept version and no drop explains: written by jobs that lost, or ended before they committed. */
  readonly orphans: number;
  /** Index pages. */
  readonly pages: number;
  readonly segments: number;
}

/** Keys in one delete. */
const DELETE_KEYS_MAX = 1_000;

/** @throws {FlamelakeError} `unavailable` when the store does not answer; whatever was deleted was not needed */
export async function sweepOnce(context: SweepContext): Promise<SweepOutcome> {
  const { store, root } = context;
  const newest = await raiseFloor(context);
  const floor = newest.floor;
  const atFloor = await readManifest(store, root, floor);
  const later = await newestManifest(store, root, newest);
  // Another sweeper went on meanwhile: what was read at the floor's key may be no version of the catalog any more.
  const done = { floor, manifests: 0, blocks: 0, orphans: 0, pages: 0, segments: 0 };
  if (atFloor === undefined || later.floor !== floor) return done;
  const dropped = new Set(newest.dropped.map(({ key }) => key));
  const onBlock = (key: string) => {
    if (!dropped.has(key)) done.orphans++;
  };
  try {
    done.manifests = await deleteAll(store, manifestsBelow(store, root, floor));
    done.blocks = await deleteAll(store, blocksBelow(store, root, newest), onBlock);
    done.pages = await deleteAll(store, pagesBelow(store, root, newest));
    done.segments = await deleteAll(store, segmentsBelow(store, root, atFloor.position));
  } catch (error) {
    // An index page of what was the newest version: another sweeper went on, and does the rest.
    if (!isMissingObject(error)) throw error;
  }
  return done;
}

/** Commits a higher floor if the clock allows one. */
async function raiseFloor(context: SweepContext): Promise<Manifest> {
  const { store, root, random, keepMs } = context;
  const newest = await newestManifest(store, root);
  const floor = await newestSupersededBefore(store, root, newest.floor, (await store.nowMs()) - keepMs);
  if (floor <= newest.floor) return newest;
  const gone = await absentObjects(store, newest);
  const change: FloorChange = { kind: 'floor', id: randomId(random), floor, gone };
  const committed = await commitChange(store, root, change);
  return committed.outcome === 'committed' ? committed.manifest : newest;
}

/** The newest version that was superseded before a moment of the store's clock, or `floor` when none above it was. */
async function newestSupersededBefore(
  store: ObjectStore,
  root: PartitionRoot,
  floor: number,
  beforeMs: number,
): Promise<number> {
  for await (const { key, modifiedMs } of listAll(store, manifestsPrefix(root))) {
    // A version is superseded when the next one is written.
    const superseded = versionOfManifestKey(key) - 1;
    if (superseded <= floor) return floor;
    if (modifiedMs < beforeMs) return superseded;
  }
  return floor;
}

/** Dropped objects that earlier sweeps have deleted. */
async function absentObjects(store: ObjectStore, newest: Manifest): Promise<string[]> {
  const absent: string[] = [];
  for (const { key, version } of newest.dropped) {
    if (version > newest.floor) continue;
    const [object] = await store.list(key, { limit: 1 });
    if (object?.key !== key) absent.push(key);
  }
  return absent;
}

async function* manifestsBelow(store: ObjectStore, root: PartitionRoot, floor: number): AsyncGenerator<string> {
  for await (const { key } of listAll(store, manifestsPrefix(root), manifestKey(root, floor))) yield key;
}

/**
 * Blocks below the floor that no kept version names. A kept version names only what the newest one names or has dropped since the
 * floor; and what later versions add lies at or above the floor.
 */
async function* blocksBelow(store: ObjectStore, root: PartitionRoot, newest: Manifest): AsyncGenerator<string> {
  const { blocks } = await keysInPages(store, newest);
  const needed = new Set([...newest.blocks.map((block) => block.key), ...blocks, ...keptDropped(newest)]);
  for await (const { key } of listAll(store, blocksPrefix(root))) {
    if (versionOfBlockKey(key) >= newest.floor) return;
    if (!needed.has(key)) yield key;
  }
}

/** Index pages, as blocks. */
async function* pagesBelow(store: ObjectStore, root: PartitionRoot, newest: Manifest): AsyncGenerator<string> {
  const { pages } = await keysInPages(store, newest);
  const needed = new Set([...pages, ...keptDropped(newest)]);
  for await (const { key } of listAll(store, pagesPrefix(root))) {
    if (versionOfPageKey(key) >= newest.floor) return;
    if (!needed.has(key)) yield key;
  }
}

/** What some kept version still names, and the newest does not. */
function keptDropped({ dropped, floor }: Manifest): readonly string[] {
  return dropped.filter(({ version }) => version > floor).map(({ key }) => key);
}

async function* segmentsBelow(store: ObjectStore, root: PartitionRoot, position: number): AsyncGenerator<string> {
  for await (const { key } of listAll(store, segmentsPrefix(root))) {
    if (positionOfSegmentKey(key) >= position) return;
    yield key;
  }
}

async function deleteAll(
  store: ObjectStore,
  keys: AsyncIterable<string>,
  onKey?: (key: string) => void,
): Promise<number> {
  let count = 0;
  let batch: string[] = [];
  for await (const key of keys) {
    batch.push(key);
    onKey?.(key);
    count++;
    if (batch.length < DELETE_KEYS_MAX) continue;
    await store.delete(batch);
    batch = [];
  }
  if (batch.length > 0) await store.delete(batch);
  return count;
}
