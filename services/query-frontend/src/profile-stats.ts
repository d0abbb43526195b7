/** What a tenant has stored, as the catalog knows it. */
import type { Snapshot } from '@flamelake/catalog';
import type { ProfileStats } from './queries.ts';

/** Times are 0 when nothing is stored. */
export function profileStats(snapshot: Snapshot, tenant: string): ProfileStats {
  let [oldestProfileMs, newestProfileMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { manifest, segments } of snapshot.partitions) {
    const blocks = [...manifest.blocks, ...segments.map((segment) => segment.info)];
    for (const info of blocks.flatMap((block) => block.datasets)) {
      if (info.tenant !== tenant) continue;
      oldestProfileMs = Math.min(oldestProfileMs, info.minTimeMs);
      newestProfileMs = Math.max(newestProfileMs, info.maxTimeMs);
    }
  }
  if (newestProfileMs < oldestProfileMs) return { dataIngested: false, oldestProfileMs: 0, newestProfileMs: 0 };
  return { dataIngested: true, oldestProfileMs, newestProfileMs };
}
