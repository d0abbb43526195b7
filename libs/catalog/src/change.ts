/**
 * Changes of a partition's catalog as values: what a commit does to a manifest, and when it may be done again on a newer one.
 */
import { versionOfBlockKey } from './keys.ts';
import type { BlockEntry, Manifest } from './types.ts';

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
  /** One for each window of profile time and share of tenants; none when nothing is left. */
  readonly add: readonly BlockEntry[];
}

/** Raises the floor, and forgets dropped objects that are seen to be gone. */
export interface FloorChange {
  readonly kind: 'floor';
  readonly id: string;
  readonly floor: number;
  readonly gone: readonly string[];
}

export type Change = FoldChange | MergeChange | FloorChange;

/** How many commit ids a manifest keeps. */
export const COMMIT_IDS_MAX = 64;

/** Whether the change still makes sense on `manifest`: all its inputs are live there. */
export function isLive(manifest: Manifest, change: Change): boolean {
  switch (change.kind) {
    case 'fold':
      // Exactly where the fold began: before its end is not enough, another fold may have taken part of its segments.
      return manifest.position === change.from;
    case 'merge':
      return change.remove.every((key) => manifest.blocks.some((block) => block.key === key));
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
    case 'floor':
      return [];
  }
}

/** The version after `manifest`, with the change made. */
export function applyChange(manifest: Manifest, change: Change): Manifest {
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
      };
    case 'floor':
      return {
        ...next,
        floor: Math.max(manifest.floor, change.floor),
        dropped: manifest.dropped.filter((object) => !change.gone.includes(object.key)),
      };
  }
}
