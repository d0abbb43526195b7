/**
 * Changes of a partition's catalog as values: what a commit does to a manifest, and when it may be done again on a newer one.
 */
import { versionOfBlockKey } from './keys.ts';
import { isFoldBeforeDeletes, unsettledDeletes } from './pending-deletes.ts';
import { raisedCuts } from './size-cuts.ts';
import type { BlockEntry, Manifest, OffsetRange, PendingDelete, Pin, SizeCut } from './types.ts';

/** Chain → block: the position moves from `from` to the end of `block`. */
export interface FoldChange {
  readonly kind: 'fold';
  /** Commit id, random. */
  readonly id: string;
  readonly from: number;
  /** Append time at the end of the first segment folded. */
  readonly firstAppendMs: number;
  readonly block: BlockEntry;
}

/** Blocks → other blocks with the same profiles, less deleted ones: all of them at once, or none. */
export interface MergeChange {
  readonly kind: 'merge';
  readonly id: string;
  /** Keys of the blocks that were merged. */
  readonly remove: readonly string[];
  /** Days that these blocks are of, `daysOf` them: where they are looked for when they are in index pages. */
  readonly days?: readonly (number | undefined)[];
  /** One for each window of profile time and share of tenants. */
  readonly add: readonly BlockEntry[];
  /** Ids of the pins that were heeded, when expired profiles were left out. */
  readonly pinIds?: readonly string[];
}

/** Deletes profiles: readers leave them out from this version on, merges carry it out. */
export interface DeleteChange {
  readonly kind: 'delete';
  readonly id: string;
  readonly pending: Omit<PendingDelete, 'version'>;
}

/** Exempts profiles from retention. */
export interface PinChange {
  readonly kind: 'pin';
  readonly id: string;
  readonly pin: Pin;
}

/** Ends an exemption. */
export interface UnpinChange {
  readonly kind: 'unpin';
  readonly id: string;
  readonly pinId: string;
}

/** Lets the oldest profiles of tenants expire that hold more bytes than they may. */
export interface CutChange {
  readonly kind: 'cut';
  readonly id: string;
  readonly cuts: readonly SizeCut[];
  /** Tenants whose retention by time has come as far as their cut: it says nothing any more. */
  readonly over: readonly SizeCut[];
}

/** Raises the floor, and forgets dropped objects that are seen to be gone. */
export interface FloorChange {
  readonly kind: 'floor';
  readonly id: string;
  readonly floor: number;
  readonly gone: readonly string[];
}

export type Change = FoldChange | MergeChange | FloorChange | DeleteChange | PinChange | UnpinChange | CutChange;

/** How many commit ids a manifest keeps. */
export const COMMIT_IDS_MAX = 64;

/** Whether the change still makes sense on `manifest`: all its inputs are live there. */
export function isLive(manifest: Manifest, change: Change): boolean {
  switch (change.kind) {
    case 'fold':
      // Exactly where the fold began: before its end is not enough, another fold may have taken part of its segments.
      return manifest.position === change.from && isFoldBeforeDeletes(manifest, change.block);
    case 'merge':
      return (
        change.remove.every((key) => manifest.blocks.some((block) => block.key === key)) &&
        // A pin that came meanwhile may keep what the job left out.
        (change.pinIds === undefined || manifest.pins.every(({ id }) => change.pinIds?.includes(id)))
      );
    case 'delete':
      return manifest.deletes.every(({ id }) => id !== change.pending.id);
    case 'pin':
      return manifest.pins.every(({ id }) => id !== change.pin.id);
    case 'unpin':
      return manifest.pins.some(({ id }) => id === change.pinId);
    case 'cut':
      return raisedCuts(manifest, change.cuts).length > 0;
    case 'floor':
      return true;
  }
}

/** Whether the sweeper may still spare what the change adds: a block whose key lies below the floor can be deleted at any moment. */
export function isAboveFloor(manifest: Manifest, change: Change): boolean {
  return addedBlocks(change).every(({ key }) => versionOfBlockKey(key) >= manifest.floor);
}

function addedBlocks(change: Change): readonly BlockEntry[] {
  switch (change.kind) {
    case 'fold':
      return [change.block];
    case 'merge':
      return change.add;
    case 'delete':
    case 'pin':
    case 'unpin':
    case 'cut':
    case 'floor':
      return [];
  }
}

/**
 * The version after `manifest`, with the change made; deletes that have nothing left to do are gone.
 * @param held - ids of deletes that have, whatever the blocks say
 */
export function applyChange(manifest: Manifest, change: Change, held: ReadonlySet<string> = new Set()): Manifest {
  const changed = changeOf(manifest, change);
  return { ...changed, deletes: unsettledDeletes(changed, held) };
}

function changeOf(manifest: Manifest, change: Change): Manifest {
  const version = manifest.version + 1;
  const commitIds = [...manifest.commitIds, change.id].slice(-COMMIT_IDS_MAX);
  const next = { ...manifest, version, commitIds };
  switch (change.kind) {
    case 'fold':
      return {
        ...next,
        position: change.block.log.next,
        lastAppendMs: Math.max(manifest.lastAppendMs, change.block.log.lastAppendMs),
        firstAppendMs: manifest.firstAppendMs || change.firstAppendMs,
        blocks: [...manifest.blocks, change.block],
      };
    case 'merge':
      return {
        ...next,
        blocks: [...manifest.blocks.filter((block) => !change.remove.includes(block.key)), ...change.add],
        dropped: [...manifest.dropped, ...change.remove.map((key) => ({ key, version }))],
        expired: change.add.length > 0 ? manifest.expired : withOffsets(manifest, change.remove),
      };
    case 'delete': {
      // Blocks are deleted from whole: what was folded before the commit came is of before it.
      const chainEnd = Math.max(change.pending.chainEnd, manifest.position);
      return { ...next, deletes: [...manifest.deletes, { ...change.pending, version, chainEnd }] };
    }
    case 'pin':
      return { ...next, pins: [...manifest.pins, change.pin] };
    case 'unpin':
      return { ...next, pins: manifest.pins.filter(({ id }) => id !== change.pinId) };
    case 'cut': {
      const raised = raisedCuts(manifest, change.cuts);
      const isOver = (cut: SizeCut) =>
        change.over.some(({ tenant, beforeMs }) => cut.tenant === tenant && cut.beforeMs <= beforeMs);
      const isRaised = (cut: SizeCut) => raised.some(({ tenant }) => cut.tenant === tenant);
      return { ...next, cuts: [...manifest.cuts.filter((cut) => !isRaised(cut) && !isOver(cut)), ...raised] };
    }
    case 'floor':
      return {
        ...next,
        floor: Math.max(manifest.floor, change.floor),
        dropped: manifest.dropped.filter((object) => !change.gone.includes(object.key)),
      };
  }
}

/** The expired offsets with those of some live blocks, neighbours joined. */
function withOffsets({ expired, blocks }: Manifest, keys: readonly string[]): readonly OffsetRange[] {
  const dropped = blocks
    .filter(({ key }) => keys.includes(key))
    .map(({ log }) => ({ from: log.position, until: log.next }));
  const joined: OffsetRange[] = [];
  for (const range of [...expired, ...dropped].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || range.from > last.until) joined.push(range);
    else joined[joined.length - 1] = { from: last.from, until: Math.max(last.until, range.until) };
  }
  return joined;
}
