/** Snapshots of one partition, for tests. */
import type { BlockInfo, DatasetInfo } from '@flamelake/block';
import { blockKey, EMPTY_MANIFEST, type PendingDelete, type Snapshot, segmentKey } from '@flamelake/catalog';

const ROOT = { logId: 'log', partition: 0 };

/** What a test says of a block; the rest does not matter to it. */
export interface TestBlock {
  readonly id: string;
  readonly datasets: readonly DatasetInfo[];
  readonly sizeBytes?: number;
  readonly tailBytes?: number;
  /** Manifest version a folded block was made from; a segment has none. */
  readonly version?: number;
  /** Of a folded block; 1 by default. */
  readonly level?: number;
  /** Log position of a segment. */
  readonly position?: number;
  readonly etag?: string;
}

export function snapshotOf(blocks: readonly TestBlock[], deletes: readonly PendingDelete[] = []): Snapshot {
  const folded = blocks.filter((block) => block.version !== undefined);
  const segments = blocks.filter((block) => block.version === undefined);
  return {
    partitions: [
      {
        root: ROOT,
        manifest: {
          ...EMPTY_MANIFEST,
          version: 9,
          deletes,
          blocks: folded.map((block) =>
            Object.assign(infoOf(block), {
              key: keyOf(block),
              sizeBytes: block.sizeBytes ?? 1,
              tailBytes: block.tailBytes,
            }),
          ),
        },
        segments: segments.map((block) => ({
          key: keyOf(block),
          etag: block.etag ?? `etag-${block.id}`,
          sizeBytes: block.sizeBytes ?? 1,
          tailBytes: block.tailBytes ?? 1,
          info: infoOf(block),
        })),
        next: 1_000,
      },
    ],
  };
}

/** Key of a test's block. */
export function keyOf({ id, version, position = 0 }: TestBlock): string {
  return version === undefined ? segmentKey(ROOT, position) : blockKey(ROOT, version, id);
}

function infoOf({ id, datasets, version, level = 1, position = 0 }: TestBlock): BlockInfo {
  const log = { ...ROOT, position, next: position + 1, lastAppendMs: 0, gaps: [] };
  return { id, level: version === undefined ? 0 : level, log, datasets };
}
