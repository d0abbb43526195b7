/** The compactor: folds chains into blocks and sweeps, partition by partition, and merges blocks beside that. */
import {
  cutBySize,
  type ExpireContext,
  expireOnce,
  finishDataChanges,
  foldOnce,
  KEEP_MS_DEFAULT,
  listRoots,
  type Manifest,
  MERGE_RULES_DEFAULT,
  type MergeRules,
  newestManifest,
  type PartitionRoot,
  type SizeLimit,
  sweepOnce,
} from '@flamelake/catalog';
import type { Clock, ObjectStore, Random } from '@flamelake/model';
import { createPause, type Logger, type Metrics } from '@flamelake/runtime';
import { chainLength } from './chain-length.ts';
import { createCompactorMetrics } from './compactor-metrics.ts';
import { createMergeJobs, rootName } from './merge-jobs.ts';
import type { PartitionTurns } from './partition-turns.ts';
import { storeUntil, throwIfEnding, unlessAborted } from './store-until.ts';

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
  readonly retention?: Pick<ExpireContext, 'expireBefore' | 'latestExpiry' | 'identityWindowMs' | 'rewriteAfterMs'>;
  /** Most bytes of blocks that a tenant may hold; beyond, its oldest profiles expire. No limit unless given. */
  readonly sizeLimit?: SizeLimit;
  /** Whether any tenant has one; without it the datasets of index pages are not read. */
  readonly hasSizeLimits?: () => boolean;
  /** Merges side by side; 2 by default. */
  readonly mergesMax?: number;
  /** What differs from `MERGE_RULES_DEFAULT`. */
  readonly mergeRules?: Partial<MergeRules>;
  /** Which partitions to work on where there are several compactors; all unless given. */
  readonly turns?: PartitionTurns;
}

export interface Compactor {
  /** Works until aborted, then gives up what is under way: nothing of it counts that was not committed. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** What is due when, for one partition; monotonic ms. */
interface Schedule {
  lookMs: number;
  /** Time from the last look that found no segments to the next. */
  idleMs: number;
  foldMs: number;
  sweepMs: number;
  failures: number;
}

/** Of a partition, blocks dropped or written anew between two folds. */
const EXPIRED_BLOCKS_MAX = 8;
/** Blocks remembered that pins keep from shrinking, and days that have nothing to expire; beyond, all are looked into again. */
const KNOWN_MAX = 10_000;
/** Nothing expires; deletes are carried out all the same. */
const KEEP_ALL = {
  expireBefore: () => Number.NEGATIVE_INFINITY,
  latestExpiry: () => Number.NEGATIVE_INFINITY,
  identityWindowMs: 0,
  rewriteAfterMs: 0,
};
const FOLD_INTERVAL_MS_DEFAULT = 30_000;
const FOLD_SEGMENTS_DEFAULT = 32;
/** Longest time between two looks at a chain's length. */
const LOOK_INTERVAL_MS_MAX = 10_000;
/** Longest time between two looks at what tenants hold. */
const SIZE_INTERVAL_MS_MAX = 300_000;
const BACKOFF_MS_MAX = 600_000;
const MERGES_MAX_DEFAULT = 2;

export function createCompactor(options: CompactorOptions): Compactor {
  const { clock, random, logger } = options;
  const ending = new AbortController();
  const store = storeUntil(options.store, ending.signal);
  const { foldIntervalMs = FOLD_INTERVAL_MS_DEFAULT, foldSegments = FOLD_SEGMENTS_DEFAULT } = options;
  const { keepMs = KEEP_MS_DEFAULT, sweepIntervalMs = keepMs / 12 } = options;
  const counts = createCompactorMetrics(options.metrics);
  const { retention = KEEP_ALL } = options;
  const { expireBefore, latestExpiry } = retention;
  /** Days where nothing was due. */
  const lookedAt = new Map<string, number>();
  const pinned = new Map<string, number>();
  const rules = { ...MERGE_RULES_DEFAULT, ...options.mergeRules };
  const jobsMax = options.mergesMax ?? MERGES_MAX_DEFAULT;
  const manifests = new Map<string, Manifest>();
  const rest = createPause(clock);
  const pause = () => {
    throwIfEnding(ending.signal);
    return rest();
  };
  const merges = createMergeJobs({
    store,
    clock,
    random,
    logger,
    counts,
    rules,
    expireBefore,
    latestExpiry,
    jobsMax,
    manifests,
    pause,
  });
  let finishMs = clock.monotonicMs() + sweepIntervalMs;
  let sizeMs = clock.monotonicMs() + foldIntervalMs;
  let roots: readonly PartitionRoot[] = [];
  let rootsMs = 0;
  const schedules = new Map<string, Schedule>();
  const lookIntervalMs = Math.min(LOOK_INTERVAL_MS_MAX, foldIntervalMs);

  function scheduleOf(root: PartitionRoot): Schedule {
    const name = rootName(root);
    let schedule = schedules.get(name);
    if (schedule === undefined) {
      const nowMs = clock.monotonicMs();
      const [foldMs, sweepMs] = [nowMs + foldIntervalMs, nowMs + sweepIntervalMs];
      schedule = { lookMs: nowMs, idleMs: 0, foldMs, sweepMs, failures: 0 };
      schedules.set(name, schedule);
    }
    return schedule;
  }

  /** Folds until the tail is short. */
  async function fold(root: PartitionRoot): Promise<void> {
    for (;;) {
      const startMs = clock.monotonicMs();
      const done = await foldOnce({ store, root, random, memoryBytes: rules.memoryBytes, pause });
      if (done.outcome === 'nothing') return;
      counts.job('fold', done.outcome, clock.monotonicMs() - startMs);
      manifests.delete(rootName(root));
      if (done.outcome === 'lost') return;
      counts.folded(done.segmentBytes, clock.nowMs() - done.firstAppendMs);
      counts.wrote(1, [done.block]);
      if (done.segments < foldSegments) return;
    }
  }

  /** Carries out what no merge came by for: retention and deletes. */
  async function expire(root: PartitionRoot): Promise<void> {
    for (const known of [pinned, lookedAt]) if (known.size > KNOWN_MAX) known.clear();
    const expiring = { store, root, random, ...retention, rules, pause, pinned, lookedAt };
    for (let i = 0; i < EXPIRED_BLOCKS_MAX; i++) {
      const startMs = clock.monotonicMs();
      const expired = await expireOnce({ ...expiring, known: manifests.get(rootName(root)) });
      if (expired.outcome === 'nothing') return;
      manifests.delete(rootName(root));
      counts.job('expire', expired.outcome, clock.monotonicMs() - startMs);
      if (expired.outcome !== 'committed') return;
    }
  }

  /** Looks whether there is anything to fold: seldom where there was nothing, as each look is two requests to the store. */
  async function look(root: PartitionRoot, schedule: Schedule): Promise<void> {
    const name = rootName(root);
    const manifest = await newestManifest(store, root, manifests.get(name));
    manifests.set(name, manifest);
    const segments = await chainLength(store, root, manifest.position, foldSegments);
    schedule.idleMs = segments > 0 ? 0 : Math.min(foldIntervalMs, Math.max(lookIntervalMs, schedule.idleMs * 2));
    // A round begins some time after it is due.
    schedule.lookMs = clock.monotonicMs() + schedule.idleMs - lookIntervalMs / 2;
    const isDue = clock.monotonicMs() >= schedule.foldMs;
    if (!isDue && segments < foldSegments) return;
    if (segments > 0) await fold(root);
    await expire(root);
    schedule.foldMs = clock.monotonicMs() + foldIntervalMs;
  }

  async function work(root: PartitionRoot, schedule: Schedule): Promise<void> {
    if (clock.monotonicMs() >= schedule.lookMs) await look(root, schedule);
    if (clock.monotonicMs() >= schedule.sweepMs) {
      counts.swept(await sweepOnce({ store, root, random, keepMs }));
      schedule.sweepMs = clock.monotonicMs() + sweepIntervalMs;
    }
    schedule.failures = 0;
  }

  /** @returns whether the partition is this compactor's to merge: its chain is short, and nothing failed */
  async function visit(root: PartitionRoot): Promise<boolean> {
    const schedule = scheduleOf(root);
    if (schedule.failures > 0 && clock.monotonicMs() < schedule.foldMs) return false;
    try {
      const { turns } = options;
      if (turns !== undefined && !(await unlessAborted(ending.signal, () => turns.isTurn(root)))) {
        // It may come to be by what waits.
        schedule.lookMs = clock.monotonicMs();
        return false;
      }
      await work(root, schedule);
      return true;
    } catch (error) {
      if (ending.signal.aborted) return false;
      counts.failed();
      logger.failure('compaction failed and will be tried again', error, { ...root });
      // All of the partition waits: what cannot be folded now would fail again at once.
      const waitMs = Math.min(foldIntervalMs * 2 ** Math.min(schedule.failures, 20), BACKOFF_MS_MAX);
      schedule.failures++;
      schedule.foldMs = clock.monotonicMs() + waitMs;
      return false;
    }
  }

  /** Deletes and pins that somebody began and left. */
  async function finishChanges(): Promise<void> {
    if (clock.monotonicMs() < finishMs) return;
    finishMs = clock.monotonicMs() + sweepIntervalMs;
    await finishDataChanges({ store, random, clock });
  }

  /** Of several compactors the one whose turn the first partition is; another that does it too does no harm. */
  async function cutSizes(): Promise<void> {
    const { sizeLimit, hasSizeLimits: hasLimits } = options;
    if (sizeLimit === undefined || clock.monotonicMs() < sizeMs) return;
    sizeMs = clock.monotonicMs() + Math.min(sweepIntervalMs, SIZE_INTERVAL_MS_MAX);
    for (const use of await cutBySize({ store, random, sizeLimit, hasLimits, expireBefore }, clock.nowMs())) {
      const { tenant, bytes, limitBytes, goesBytes, beforeMs } = use;
      manifests.clear();
      counts.cutBySize(goesBytes);
      logger.info('oldest profiles of a tenant expire: it holds more than limits.retention-size', {
        tenant,
        bytes,
        limitBytes,
        expiredBytes: goesBytes,
        before: new Date(beforeMs).toISOString(),
      });
    }
  }

  async function visitAll(signal: AbortSignal): Promise<void> {
    try {
      await finishChanges();
      if (roots.length === 0 || clock.monotonicMs() >= rootsMs) {
        roots = await listRoots(store);
        rootsMs = clock.monotonicMs() + foldIntervalMs - lookIntervalMs / 2;
        const names = new Set(roots.map(rootName));
        for (const name of manifests.keys()) if (!names.has(name)) manifests.delete(name);
      }
      const folded: PartitionRoot[] = [];
      for (const root of roots) {
        if (signal.aborted) return;
        if (await visit(root)) folded.push(root);
      }
      if (folded[0] !== undefined && folded[0] === roots[0]) await cutSizes();
      await merges.offer(folded, signal);
    } catch (error) {
      if (signal.aborted) return;
      counts.failed();
      logger.failure('partitions could not be looked at', error);
    }
  }

  return {
    async run(signal) {
      if (signal.aborted) ending.abort();
      else signal.addEventListener('abort', () => ending.abort(), { once: true });
      while (!signal.aborted) {
        await visitAll(signal);
        await clock.sleep(lookIntervalMs, signal);
      }
      await merges.settled();
    },
  };
}
