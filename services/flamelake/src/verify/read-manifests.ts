/** Reads every version of a partition's catalog that is kept, and checks that each follows from the one before. */
import {
  EMPTY_MANIFEST,
  listAll,
  type Manifest,
  manifestKey,
  manifestsPrefix,
  newestManifest,
  readManifest,
  versionOfManifestKey,
} from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import type { PartitionReading } from './partition-reading.ts';
import { sound } from './read-block.ts';
import { createPageReader } from './read-pages.ts';

export interface KeptManifests {
  /** With all its blocks, those in index pages too. */
  readonly newest: Manifest;
  /** Keys of the index pages of all kept versions. */
  readonly pages: ReadonlySet<string>;
  /** Position of the version at the floor: segments from here on are kept. Undefined when that version cannot be read. */
  readonly floorPosition: number | undefined;
  /** Keys of blocks that only older versions name, with the newest of these versions. */
  readonly superseded: ReadonlyMap<string, number>;
}

/** @returns undefined when the newest manifest cannot be read: then nothing of the partition can */
export async function readManifests(store: ObjectStore, reading: PartitionReading): Promise<KeptManifests | undefined> {
  const { root, findings } = reading;
  const named = await sound(reading, manifestsPrefix(root), () => newestManifest(store, root));
  if (named === undefined) return undefined;
  const pages = createPageReader(store, reading);
  const newest: Manifest = { ...named, blocks: [...named.blocks, ...(await pages.blocksInPages(named))] };
  reading.version = newest.version;
  const live = new Set(newest.blocks.map(({ key }) => key));
  const droppedBy = new Map(newest.dropped.map(({ key, version }) => [key, version]));
  const superseded = new Map<string, number>();
  const missing = (version: number): void => {
    reading.isMissingSome = true;
    findings.difference(`${manifestKey(root, version)}: version ${version} of the catalog is missing`);
  };

  let later = newest;
  let floorPosition = newest.floor === newest.version ? newest.position : undefined;
  let expected = newest.version - 1;
  for await (const { key, sizeBytes } of listAll(store, manifestsPrefix(root), manifestKey(root, newest.version))) {
    const version = versionOfManifestKey(key);
    if (version < newest.floor) {
      findings.unnamedObject('manifest below the floor: swept later', key, sizeBytes);
      continue;
    }
    for (; expected > version; expected--) missing(expected);
    expected = version - 1;
    const manifest = await sound(reading, key, () => readManifest(store, root, version));
    if (manifest === undefined) continue;
    if (version === newest.floor) floorPosition = manifest.position;
    for (const words of contradictions(manifest, later)) findings.difference(`${key}: ${words}`);
    for (const block of [...manifest.blocks.map((one) => one.key), ...(await pages.keysInPages(manifest))]) {
      if (live.has(block) || superseded.has(block)) continue;
      superseded.set(block, version);
      if (!((droppedBy.get(block) ?? 0) > version)) {
        findings.difference(`${block}: version ${version} names it, and no later one says that it was dropped`);
      }
    }
    later = manifest;
  }
  for (; expected >= Math.max(1, newest.floor); expected--) missing(expected);
  if (newest.floor === 0) floorPosition = EMPTY_MANIFEST.position;
  return { newest, pages: pages.pages, floorPosition, superseded };
}

/** What of a version contradicts a later one. */
function* contradictions(manifest: Manifest, later: Manifest): Generator<string> {
  if (manifest.position > later.position) yield `position is ahead of version ${later.version}'s`;
  if (manifest.floor > later.floor) yield `floor is above version ${later.version}'s`;
  if (manifest.lastAppendMs > later.lastAppendMs) yield `append time is after version ${later.version}'s`;
  const ownId = manifest.commitIds.at(-1);
  if (later.version === manifest.version + 1 && later.commitIds.at(-2) !== ownId) {
    yield `version ${later.version} was not made from it`;
  }
}
