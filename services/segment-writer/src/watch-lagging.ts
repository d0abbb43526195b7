/**
 * Looks for partitions of others whose chain stands still although the log has records behind it: their owner hangs, or the group
 * has given them to nobody. Whoever finds one may write it: two writers of a partition do no harm, none does.
 *
 * Cheap while all is well: one partition at a time, the round takes as long as a partition may lag; a look at one that is written
 * costs one question to the log and one LIST, at an idle one only the question.
 */
import {
  newestManifest,
  type PartitionRoot,
  positionOfSegmentKey,
  segmentKey,
  segmentsPrefix,
  takePartitionSnapshot,
} from '@flamelake/catalog';
import type { Clock, ObjectStore, ProfileLog, Random } from '@flamelake/model';

export interface LaggingWatchOptions {
  readonly store: ObjectStore;
  readonly log: ProfileLog;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a chain may stand still with records behind it, ms. */
  readonly lagMs: number;
  /** Partitions that this process writes already are not looked at. */
  readonly isWritten: (partition: number) => boolean;
  readonly onLagging: (partition: number) => void;
  readonly onFailure: (error: unknown, partition: number) => void;
}

/** What was seen of a partition; monotonic ms. */
interface Seen {
  /** Position of the last segment listed. */
  lastSegment: number | undefined;
  /** When the chain was last seen to move, or to have all of the log. */
  soundMs: number;
  /** End of the log at which the chain was seen to have all of it. */
  caughtUpEnd: number;
}

const LOOK_INTERVAL_MS_MIN = 500;
const LOOK_INTERVAL_MS_MAX = 10_000;
/** Listed at once; a chain that grows by more between two looks moves in any case. */
const LIST_MAX = 1_000;

/** Looks until aborted. Never rejects. */
export async function watchLagging(options: LaggingWatchOptions, signal: AbortSignal): Promise<void> {
  const { log, clock, random, lagMs, isWritten } = options;
  const seen = new Map<number, Seen>();
  let cursor = Math.floor(random.fraction() * log.partitionCount);
  while (!signal.aborted) {
    const others = partitionsFrom(cursor, log.partitionCount).filter((partition) => !isWritten(partition));
    for (const partition of seen.keys()) if (isWritten(partition)) seen.delete(partition);
    const [partition] = others;
    if (partition !== undefined) {
      cursor = partition + 1;
      await look(options, seen, partition).catch((error: unknown) => options.onFailure(error, partition));
    }
    const intervalMs = lagMs / Math.max(1, others.length);
    await clock.sleep(Math.min(LOOK_INTERVAL_MS_MAX, Math.max(LOOK_INTERVAL_MS_MIN, intervalMs)), signal);
  }
}

function partitionsFrom(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (start + i) % count);
}

async function look(options: LaggingWatchOptions, all: Map<number, Seen>, partition: number): Promise<void> {
  const { store, log, clock, lagMs, onLagging } = options;
  const root: PartitionRoot = { logId: log.id, partition };
  const { end } = await log.bounds(partition);
  const nowMs = clock.monotonicMs();
  const seen: Seen = all.get(partition) ?? { lastSegment: undefined, soundMs: nowMs, caughtUpEnd: 0 };
  all.set(partition, seen);
  if (end === seen.caughtUpEnd) {
    seen.soundMs = nowMs;
    return;
  }
  const last = await lastListed(store, root, seen.lastSegment);
  if (last !== undefined) {
    Object.assign(seen, { lastSegment: last, soundMs: nowMs });
    return;
  }
  if (nowMs - seen.soundMs < lagMs) return;
  // A listing is only a hint: the chain itself says where it ends.
  const { next } = await takePartitionSnapshot(store, root);
  seen.soundMs = nowMs;
  if (next >= end) seen.caughtUpEnd = end;
  else onLagging(partition);
}

/** Position of the last segment listed behind one, or behind what is folded; undefined when there is none. */
async function lastListed(store: ObjectStore, root: PartitionRoot, after: number | undefined) {
  const from = after ?? (await newestManifest(store, root)).position - 1;
  const listed = await store.list(segmentsPrefix(root), {
    ...(from >= 0 && { startAfter: segmentKey(root, from) }),
    limit: LIST_MAX,
  });
  const key = listed.at(-1)?.key;
  return key === undefined ? undefined : positionOfSegmentKey(key);
}
