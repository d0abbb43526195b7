/** Lists what lies under a partition: what is named must be there, what nobody names is told with the reason. */
import { objectSource, openBlock } from '@flamelake/block';
import {
  blocksPrefix,
  findSegment,
  LOGS_PREFIX,
  listAll,
  pagesPrefix,
  positionOfSegmentKey,
  STORE_KEY,
  segmentKey,
  segmentsPrefix,
  TENANTS_PREFIX,
  versionOfBlockKey,
  versionOfPageKey,
} from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import type { Findings } from './findings.ts';
import type { PartitionReading } from './partition-reading.ts';
import { sound } from './read-block.ts';
import type { KeptManifests } from './read-manifests.ts';

/** Sorts after every key of a log. */
const BEHIND_LOGS = `${LOGS_PREFIX.slice(0, -1)}0`;

/** @param links - where each segment of the chain leads, by position */
export async function listObjects(
  store: ObjectStore,
  reading: PartitionReading,
  kept: KeptManifests,
  links: ReadonlyMap<number, number>,
): Promise<void> {
  const unnamed = await listBlocks(store, reading, kept);
  await listPages(store, reading, kept);
  const chainEnd = await listSegments(store, reading, kept, links);
  for (const { key, sizeBytes } of unnamed) {
    const block = await sound(reading, key, () => openBlock(objectSource(store, { key, sizeBytes })));
    const next = block?.info.log.next ?? 0;
    if (next <= chainEnd) continue;
    reading.isMissingSome = true;
    reading.findings.difference(`${key}: holds offsets up to ${next}, but the chain ends at ${chainEnd}`);
  }
}

/** @returns blocks that no kept version names and no sweep deletes yet */
async function listBlocks(
  store: ObjectStore,
  reading: PartitionReading,
  { newest, superseded }: KeptManifests,
): Promise<{ readonly key: string; readonly sizeBytes: number }[]> {
  const { root, findings } = reading;
  const live = new Set(newest.blocks.map(({ key }) => key));
  const missing = new Map(superseded);
  const unnamed: { readonly key: string; readonly sizeBytes: number }[] = [];
  for await (const { key, sizeBytes } of listAll(store, blocksPrefix(root))) {
    if (live.has(key)) continue;
    const isBelowFloor = versionOfBlockKey(key) < newest.floor;
    if (missing.delete(key)) findings.unnamedObject('block of an older version that is still kept', key, sizeBytes);
    else if (isBelowFloor) findings.unnamedObject('block below the floor: swept later', key, sizeBytes);
    else {
      findings.unnamedObject('block of a job that is under way, or ended before its commit', key, sizeBytes);
      unnamed.push({ key, sizeBytes });
    }
  }
  for (const [key, version] of missing) {
    reading.isMissingSome = true;
    findings.difference(`${key}: the object is missing, and version ${version} of the catalog is kept`);
  }
  return unnamed;
}

/** Every page that a kept version names has been read; what else is there is told. */
async function listPages(
  store: ObjectStore,
  { root, findings }: PartitionReading,
  { newest, pages }: KeptManifests,
): Promise<void> {
  for await (const { key, sizeBytes } of listAll(store, pagesPrefix(root))) {
    if (pages.has(key)) continue;
    const reason =
      versionOfPageKey(key) < newest.floor
        ? 'index page below the floor: swept later'
        : 'index page of a commit that is under way, or was not made';
    findings.unnamedObject(reason, key, sizeBytes);
  }
}

/**
 * Follows the links through the listing, from the floor on.
 * @returns where the chain ends now
 */
async function listSegments(
  store: ObjectStore,
  reading: PartitionReading,
  { newest, floorPosition = newest.position }: KeptManifests,
  links: ReadonlyMap<number, number>,
): Promise<number> {
  const { root, findings } = reading;
  const nextOf = async (position: number): Promise<number | undefined> =>
    links.get(position) ??
    (await sound(reading, segmentKey(root, position), () => findSegment(store, root, position)))?.entry.info.log.next;

  const missing = (position: number, why: string): void => {
    reading.isMissingSome = true;
    findings.difference(`${segmentKey(root, position)}: the object is missing, ${why}`);
  };

  let expected = floorPosition;
  let listed = -1;
  for await (const { key, sizeBytes } of listAll(store, segmentsPrefix(root))) {
    const position = positionOfSegmentKey(key);
    if (position < floorPosition) {
      findings.unnamedObject('segment below the floor: swept later', key, sizeBytes);
      continue;
    }
    while (expected < position) {
      const next = await nextOf(expected);
      if (next === undefined && expected !== listed) missing(expected, `and the chain goes on at ${position}`);
      expected = next ?? position;
    }
    listed = position;
    if (position < expected) findings.unnamedObject('segment beside the chain: swept later', key, sizeBytes);
    else if (position < newest.position)
      findings.unnamedObject('segment that is folded, and kept for older versions', key, sizeBytes);
  }
  for (let next = await nextOf(expected); next !== undefined; next = await nextOf(expected)) expected = next;
  if (expected < newest.position) missing(expected, `and version ${newest.floor} of the catalog is kept`);
  return Math.max(expected, newest.position);
}

/** Lists what lies outside the logs. */
export async function listOthers(store: ObjectStore, findings: Findings): Promise<void> {
  const tell = (key: string, sizeBytes: number): void => {
    if (key === STORE_KEY || key.startsWith(TENANTS_PREFIX)) return;
    if (key.startsWith('tenants/')) return;
    const reason = key.startsWith('probes/')
      ? 'probe of the store: under way, or left by a crash'
      : 'not known to this release';
    findings.unnamedObject(reason, key, sizeBytes);
  };
  for await (const { key, sizeBytes } of listAll(store, '')) {
    if (key.startsWith(LOGS_PREFIX)) break;
    tell(key, sizeBytes);
  }
  for await (const { key, sizeBytes } of listAll(store, '', BEHIND_LOGS)) tell(key, sizeBytes);
}
