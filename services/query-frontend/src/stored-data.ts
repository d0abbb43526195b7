/** What a tenant has stored, and how it is spread over the levels of the catalog. */
import type { DatasetInfo } from '@flamelake/block';
import type { Snapshot, SnapshotSource } from '@flamelake/catalog';
import { blocksOfDays } from './blocks-of-days.ts';

/** A tenant's share of the blocks of one level; level 0 are segments that are in no block yet. */
export interface StoredLevel {
  readonly level: number;
  /** Blocks that hold any of it. */
  readonly blocks: number;
  readonly bytes: number;
}

export interface StoredData {
  /** Blocks that hold nothing later are not counted, ms since 1970; 0 when all are. */
  readonly countedFromMs: number;
  /** By level, those that hold nothing left out. */
  readonly levels: readonly StoredLevel[];
  /** Deletes of this tenant that no merge has applied everywhere yet; queries do. */
  readonly pendingDeletes: number;
  /** Exemptions from retention. */
  readonly pins: number;
}

/** Index pages that are read for one answer, the newest first: of years there are thousands. */
const PAGES_MAX = 64;

/** @throws {FlamelakeError} `not_found` when an index page was swept meanwhile */
export async function storedData(
  snapshots: Pick<SnapshotSource, 'withBlocks'>,
  snapshot: Snapshot,
  tenant: string,
): Promise<StoredData> {
  const levels = new Map<number, { blocks: number; bytes: number }>();
  const add = (level: number, datasets: readonly DatasetInfo[]): void => {
    const own = datasets.filter((dataset) => dataset.tenant === tenant);
    if (own.length === 0) return;
    const sums = levels.get(level) ?? { blocks: 0, bytes: 0 };
    sums.blocks++;
    for (const { sizeBytes } of own) sums.bytes += sizeBytes;
    levels.set(level, sums);
  };
  const [deletes, pins] = [new Set<string>(), new Set<string>()];
  for (const partition of snapshot.partitions) {
    const { manifest, segments } = partition;
    for (const { info } of segments) add(0, info.datasets);
    for (const block of manifest.blocks) add(block.level, block.datasets);
    // The same request stands in every partition.
    for (const { tenant: whose, id, version } of manifest.deletes) {
      // What is expired is hidden by deletes that nobody asked for.
      if (whose === tenant && Number.isFinite(version)) deletes.add(id);
    }
    for (const one of manifest.pins) if (one.tenant === tenant) pins.add(one.id);
  }
  const pages = snapshot.partitions.flatMap((partition) =>
    (partition.manifest.days ?? []).map((day) => ({ partition, day })),
  );
  pages.sort((a, b) => b.day.maxTimeMs - a.day.maxTimeMs);
  await Promise.all(
    pages.slice(0, PAGES_MAX).map(async ({ partition, day }) => {
      for (const { level, datasets } of await blocksOfDays(snapshots, partition, [day], tenant)) add(level, datasets);
    }),
  );
  const sorted = [...levels].sort(([a], [b]) => a - b);
  return {
    countedFromMs: pages[PAGES_MAX]?.day.maxTimeMs ?? 0,
    levels: sorted.map(([level, sums]) => ({ level, ...sums })),
    pendingDeletes: deletes.size,
    pins: pins.size,
  };
}
