/** Taking over a partition: what a writer must know before it may cut a segment, read from one manifest and the chain behind it. */
import { type BlockReader, type IdentityColumns, objectSource, openBlock } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { findSegment, isMissingObject, openSegment } from './follow-chain.ts';
import { createIdentityWindow, IDENTITY_BYTES, type IdentityWindow } from './identity-window.ts';
import { plannedBlocks } from './load-blocks.ts';
import { newestManifest } from './newest-manifest.ts';
import { listRoots, takePartitionSnapshot } from './take-snapshot.ts';
import type { Manifest, PartitionRoot } from './types.ts';

export interface TakeOver {
  readonly manifest: Manifest;
  /** End of the chain: where the next segment begins. */
  readonly position: number;
  /** Running maximum of append time at `position`. */
  readonly lastAppendMs: number;
  readonly window: IdentityWindow;
  /** Positions the walk has passed: the manifest's, and the end of each segment. */
  readonly links: readonly number[];
}

/** Blocks read side by side. */
const PARALLEL_MAX = 8;
/** Where identities of other logs were seen: before every offset of this one. */
const BEFORE_ALL_OFFSETS = -1;

/**
 * Reads the identity window and the end of the chain.
 * @returns undefined when an object was missing: it was swept meanwhile, so there is a newer manifest to start from
 */
export async function takeOver(
  store: ObjectStore,
  root: PartitionRoot,
  windowMs: number,
): Promise<TakeOver | undefined> {
  const window = createIdentityWindow({ windowMs });
  const manifest = await newestManifest(store, root);
  const links = [manifest.position];
  let { position, lastAppendMs } = manifest;
  try {
    if (beganWithinWindow(manifest, windowMs)) await addOtherLogs(store, root, manifest, window, windowMs);
    await addBlocks(store, window, manifest, manifest.lastAppendMs - windowMs);
    for (;;) {
      const segment = await findSegment(store, root, position);
      if (segment === undefined) break;
      await addSegment(window, segment.block);
      ({ next: position, lastAppendMs } = segment.entry.info.log);
      links.push(position);
    }
  } catch (error) {
    if (isMissingObject(error)) return undefined;
    throw error;
  }
  window.forgetBefore(lastAppendMs - windowMs);
  return { manifest, position, lastAppendMs, window, links };
}

/**
 * Takes the identities of a segment into the window.
 * @throws {FlamelakeError} `not_found` when it is gone
 */
export async function addSegment(window: IdentityWindow, segment: BlockReader, seenAt?: number): Promise<void> {
  const { lastAppendMs } = segment.info.log;
  addIdentities(window, await segment.identities(), { appendMs: lastAppendMs, seenAt });
}

/** Takes the identities of blocks into the window: of those that reach into it by the log's append time. */
async function addBlocks(
  store: ObjectStore,
  window: IdentityWindow,
  manifest: Manifest,
  fromAppendMs: number,
  seenAt?: number,
): Promise<void> {
  const isReaching = ({ lastAppendMs }: { readonly lastAppendMs: number }) => lastAppendMs >= fromAppendMs;
  const blocks = await plannedBlocks(store, manifest, isReaching);
  const reaching = blocks.filter(({ log }) => isReaching(log));
  // Append time only grows: what lies below the end of a block that does not reach in, does not either.
  let fromOffset = 0;
  const ends = [...blocks.map(({ log }) => log), ...(manifest.days ?? [])];
  for (const end of ends) if (!isReaching(end)) fromOffset = Math.max(fromOffset, end.next);
  for (let start = 0; start < reaching.length; start += PARALLEL_MAX) {
    const adding = reaching.slice(start, start + PARALLEL_MAX).map(async ({ key, sizeBytes, log }) => {
      const block = await openBlock(objectSource(store, { key, sizeBytes }));
      addIdentities(window, await block.identities(), { appendMs: log.lastAppendMs, fromOffset, seenAt });
    });
    await Promise.all(adding);
  }
}

function addIdentities(
  window: IdentityWindow,
  columns: IdentityColumns,
  options: { appendMs: number; fromOffset?: number; seenAt?: number | undefined },
): void {
  const { appendMs, fromOffset = 0, seenAt } = options;
  for (let i = 0; i < columns.count; i++) {
    const offset = columns.offsets[i];
    if (offset >= fromOffset) window.add(columns.ids, i * IDENTITY_BYTES, seenAt ?? offset, appendMs);
  }
}

/** Whether the window may reach back to before this log began: then resends of what another log took can still come. */
function beganWithinWindow(manifest: Manifest, windowMs: number): boolean {
  return manifest.firstAppendMs === 0 || manifest.lastAppendMs <= manifest.firstAppendMs + windowMs;
}

/** Takes in the tails of all other logs: of earlier incarnations, whose partitions may have been numbered otherwise. */
async function addOtherLogs(
  store: ObjectStore,
  root: PartitionRoot,
  own: Manifest,
  window: IdentityWindow,
  windowMs: number,
): Promise<void> {
  for (const other of await listRoots(store)) {
    if (other.logId === root.logId) continue;
    const { manifest, segments } = await takePartitionSnapshot(store, other);
    const endMs = Math.max(own.lastAppendMs, segments.at(-1)?.info.log.lastAppendMs ?? manifest.lastAppendMs);
    await addBlocks(store, window, manifest, endMs - windowMs, BEFORE_ALL_OFFSETS);
    for (const segment of segments) {
      if (segment.info.log.lastAppendMs < endMs - windowMs) continue;
      await addSegment(window, await openSegment(store, segment), BEFORE_ALL_OFFSETS);
    }
  }
}
