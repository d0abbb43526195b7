/** The compactor: folds chains into blocks, merges small blocks, and sweeps, partition by partition. */
import {
  type ExpireContext,
  expireOnce,
  foldOnce,
  KEEP_MS_DEFAULT,
  listRoots,
  mergeOnce,
  type PartitionRoot,
  sweepOnce,
} from '@flamelake/catalog';
import type { Clock, ObjectStore, Random } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import { chainLength } from './chain-length.ts';
import { createCompactorMetrics } from './compactor-metrics.ts';
import type { PartitionTurns } from './partition-turns.ts';

export interface CompactorOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Longest time between two folds of a chain, ms; 30,000 by default. */
  readonly foldIntervalMs?: number;
  /** Chain length that folds at once, segments; 32 by default. */
  readonly foldSegments?: number;
  /** How long superseded versions of the catalog stay, ms; 1 h by default. Longer than any query or job. */
  readonly keepMs?: number;
  /** Time between two sweeps of a partition, ms; a twelfth of `keepMs` by default. */
  readonly sweepIntervalMs?: number;
  /** What expires, and when; nothing unless given. */
  readonly retention?: Pick<ExpireContext, 'expireBefore' | 'identityWindowMs' | 'rewriteAfterMs'>;
  /** Which partitions to work on where there are several compactors; all unless given. */
  readonly turns?: PartitionTurns;
}

export interface Compactor {
  /** Works until aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** What is due when, for one partition; monotonic ms. */
interface Schedule {
  foldMs: number;
  sweepMs: number;
  failures: number;
}

/** Of a partition, blocks dropped or written anew between two folds. */
const EXPIRED_BLOCKS_MAX = 8;
/** Blocks remembered that pins keep from shrinking; beyond, all are looked into again. */
const PINNED_BLOCKS_MAX = 10_000;
/** Nothing expires; deletes are carried out all the same. */
const KEEP_ALL = { expireBefore: () => Number.NEGATIVE_INFINITY, identityWindowMs: 0, rewriteAfterMs: 0 };
const FOLD_INTERVAL_MS_DEFAULT = 30_000;
const FOLD_SEGMENTS_DEFAULT = 32;
/** Longest time between two looks at a chain's length. */
const LOOK_INTERVAL_MS_MAX = 10_000;
const BACKOFF_MS_MAX = 600_000;

export function createCompactor(options: CompactorOptions): Compactor {
  const { store, clock, random, logger } = options;
  const { foldIntervalMs = FOLD_INTERVAL_MS_DEFAULT, foldSegments = FOLD_SEGMENTS_DEFAULT } = options;
  const { keepMs = KEEP_MS_DEFAULT, sweepIntervalMs = keepMs / 12 } = options;
  const counts = createCompactorMetrics(options.metrics);
  const { retention = KEEP_ALL } = options;
  const { expireBefore } = retention;
  const pinned = new Map<string, number>();
  const schedules = new Map<string, Schedule>();
  const lookIntervalMs = Math.min(LOOK_INTERVAL_MS_MAX, foldIntervalMs);

  function scheduleOf({ logId, partition }: PartitionRoot): Schedule {
    const name = `${logId}/${partition}`;
    let schedule = schedules.get(name);
    if (schedule === undefined) {
      const nowMs = clock.monotonicMs();
      schedule = { foldMs: nowMs + foldIntervalMs, sweepMs: nowMs + sweepIntervalMs, failures: 0 };
      schedules.set(name, schedule);
    }
    return schedule;
  }

  /** Folds until the tail is short, then merges. */
  async function compact(root: PartitionRoot): Promise<void> {
    const context = { store, root, random };
    for (;;) {
      const startMs = clock.monotonicMs();
      const fold = await foldOnce(context);
      if (fold.outcome === 'nothing') break;
      counts.job('fold', fold.outcome, clock.monotonicMs() - startMs);
      if (fold.outcome === 'lost' || fold.segments < foldSegments) break;
    }
    const startMs = clock.monotonicMs();
    const merge = await mergeOnce({ ...context, expireBefore });
    if (merge.outcome !== 'nothing') counts.job('merge', merge.outcome, clock.monotonicMs() - startMs);
    await expire(root);
  }

  /** Carries out what no merge came by for: retention and deletes. */
  async function expire(root: PartitionRoot): Promise<void> {
    if (pinned.size > PINNED_BLOCKS_MAX) pinned.clear();
    for (let i = 0; i < EXPIRED_BLOCKS_MAX; i++) {
      const startMs = clock.monotonicMs();
      const expired = await expireOnce({ store, root, random, ...retention, pinned });
      if (expired.outcome !== 'nothing') counts.job('expire', expired.outcome, clock.monotonicMs() - startMs);
      if (expired.outcome !== 'committed') return;
    }
  }

  async function work(root: PartitionRoot, schedule: Schedule): Promise<void> {
    if (clock.monotonicMs() >= schedule.foldMs || (await chainLength(store, root, foldSegments)) >= foldSegments) {
      await compact(root);
      schedule.foldMs = clock.monotonicMs() + foldIntervalMs;
    }
    if (clock.monotonicMs() >= schedule.sweepMs) {
      counts.swept(await sweepOnce({ store, root, random, keepMs }));
      schedule.sweepMs = clock.monotonicMs() + sweepIntervalMs;
    }
    schedule.failures = 0;
  }

  async function visit(root: PartitionRoot): Promise<void> {
    const schedule = scheduleOf(root);
    if (schedule.failures > 0 && clock.monotonicMs() < schedule.foldMs) return;
    try {
      if (options.turns !== undefined && !(await options.turns.isTurn(root))) return;
      await work(root, schedule);
    } catch (error) {
      counts.failed();
      logger.failure('compaction failed and will be tried again', error, { ...root });
      // All of the partition waits: what cannot be folded now would fail again at once.
      const waitMs = Math.min(foldIntervalMs * 2 ** Math.min(schedule.failures, 20), BACKOFF_MS_MAX);
      schedule.failures++;
      schedule.foldMs = clock.monotonicMs() + waitMs;
    }
  }

  async function visitAll(signal: AbortSignal): Promise<void> {
    try {
      for (const root of await listRoots(store)) {
        if (signal.aborted) return;
        await visit(root);
      }
    } catch (error) {
      counts.failed();
      logger.failure('partitions could not be listed', error);
    }
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        await visitAll(signal);
        await clock.sleep(lookIntervalMs, signal);
      }
    },
  };
}
