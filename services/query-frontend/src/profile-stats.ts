/** What a tenant has stored, as the catalog knows it. */
import type { DatasetInfo } from '@flamelake/block';
import type { DayRef, Snapshot, SnapshotSource } from '@flamelake/catalog';
import { blocksOfDays } from './blocks-of-days.ts';
import type { ProfileStats } from './queries.ts';

/** Days in index pages that are read before it is asked whether the others matter. */
const DAYS_AT_ONCE = 16;

/** Times are 0 when nothing is stored. @throws {FlamelakeError} `not_found` when an index page was swept meanwhile */
export async function profileStats(
  snapshots: Pick<SnapshotSource, 'withBlocks'>,
  snapshot: Snapshot,
  tenant: string,
): Promise<ProfileStats> {
  let [oldestProfileMs, newestProfileMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const add = (infos: readonly DatasetInfo[]) => {
    for (const info of infos) {
      if (info.tenant !== tenant) continue;
      oldestProfileMs = Math.min(oldestProfileMs, info.minTimeMs);
      newestProfileMs = Math.max(newestProfileMs, info.maxTimeMs);
    }
  };
  for (const { manifest, segments } of snapshot.partitions) {
    add([...manifest.blocks, ...segments.map((segment) => segment.info)].flatMap(({ datasets }) => datasets));
  }
  const canTell = ({ minTimeMs, maxTimeMs }: DayRef) => minTimeMs < oldestProfileMs || maxTimeMs > newestProfileMs;
  for (const partition of snapshot.partitions) {
    // From both ends on, until those in between cannot tell anything new.
    let days = partition.manifest.days ?? [];
    while (days.length > 0) {
      const ends = [...days.slice(0, DAYS_AT_ONCE / 2), ...days.slice(DAYS_AT_ONCE / 2).slice(-DAYS_AT_ONCE / 2)];
      add((await blocksOfDays(snapshots, partition, ends, tenant)).flatMap(({ datasets }) => datasets));
      days = days.filter((day) => !ends.includes(day) && canTell(day));
    }
  }
  if (newestProfileMs < oldestProfileMs) return { dataIngested: false, oldestProfileMs: 0, newestProfileMs: 0 };
  return { dataIngested: true, oldestProfileMs, newestProfileMs };
}
