/**
 * Merges side by side, over all partitions that are offered: the job longest overdue first. No block is in two jobs of this compactor;
 * what others do to the same blocks the commit decides.
 */
import {
  blockSums,
  blocksToPlan,
  type ExpireBefore,
  isMissingObject,
  type Manifest,
  type MergeJob,
  type MergeRules,
  newestManifest,
  type PartitionRoot,
  planMerges,
  retentionLagMs,
  runMerge,
} from '@flamelake/catalog';
import type { Clock, ObjectStore, Random } from '@flamelake/model';
import type { Logger } from '@flamelake/runtime';
import type { CompactorMetrics } from './compactor-metrics.ts';

export interface MergeJobsOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counts: CompactorMetrics;
  readonly rules: MergeRules;
  readonly expireBefore: ExpireBefore;
  readonly latestExpiry?: (() => number) | undefined;
  /** Most jobs at a time. */
  readonly jobsMax: number;
  /** The newest manifest seen of each partition, by `rootName`; one that is known to be old is taken out. */
  readonly manifests: Map<string, Manifest>;
  /** Called between steps; ends a job by throwing. */
  readonly pause: () => Promise<void>;
}

export interface MergeJobs {
  /**
   * Starts what is due in partitions whose chains are folded, and goes on until nothing is. Answers when it is known what is due.
   * Partitions offered before and not now are left alone.
   */
  offer(roots: readonly PartitionRoot[], signal: AbortSignal): Promise<void>;
  /** Resolves when no job is running. */
  settled(): Promise<void>;
}

interface Due {
  readonly root: PartitionRoot;
  readonly manifest: Manifest;
  readonly job: MergeJob;
}

/** How long the blocks of a job that failed are left alone. */
const FAILED_WAIT_MS = 600_000;

export function createMergeJobs(options: MergeJobsOptions): MergeJobs {
  const { store, clock, random, logger, counts, rules, expireBefore, jobsMax, manifests, pause } = options;
  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  /** Blocks of jobs that failed, and until when they are left alone, monotonic ms. */
  const failed = new Map<string, number>();
  /** The manifest of which the blocks were counted last, by partition. */
  const counted = new Map<string, Manifest>();
  let offered: readonly PartitionRoot[] = [];
  let choosing: Promise<void> = Promise.resolve();

  async function dueJobs(): Promise<Due[]> {
    for (const [key, untilMs] of failed) if (untilMs <= clock.monotonicMs()) failed.delete(key);
    const due: Due[] = [];
    for (const root of offered) {
      const name = rootName(root);
      const manifest = manifests.get(name) ?? (await newestManifest(store, root));
      try {
        due.push(...(await jobsOf(root, manifest)));
        if (manifest !== counted.get(name)) counts.blocks(name, await blockSums(store, manifest));
        counted.set(name, manifest);
        const lagMs = await retentionLagMs(store, manifest, expireBefore, options.latestExpiry);
        counts.retention(name, lagMs, manifest.deletes.length);
        manifests.set(name, manifest);
      } catch (error) {
        if (!isMissingObject(error)) throw error;
        // An index page was swept meanwhile: the next look finds a newer manifest.
        manifests.delete(name);
      }
    }
    counts.backlog(
      due.map(({ job }) => job),
      clock.nowMs(),
    );
    return due.sort((a, b) => a.job.dueMs - b.job.dueMs);
  }

  async function jobsOf(root: PartitionRoot, manifest: Manifest): Promise<Due[]> {
    const planned = await blocksToPlan(store, manifest, rules);
    const jobs = planMerges(planned, rules, clock.nowMs(), new Set([...busy, ...failed.keys()]));
    return jobs.map((job) => ({ root, manifest, job }));
  }

  async function run({ root, manifest, job }: Due, signal: AbortSignal): Promise<void> {
    const startMs = clock.monotonicMs();
    try {
      const merged = await runMerge({ store, root, random, rules, expireBefore, pause }, manifest, job);
      counts.job(`level ${job.level}`, merged.outcome, clock.monotonicMs() - startMs);
      if (merged.outcome === 'committed') counts.wrote(job.level, merged.blocks);
    } catch (error) {
      if (signal.aborted) return;
      counts.failed();
      logger.failure('merge failed and will be tried again', error, { ...root, level: job.level });
      for (const { key } of job.inputs) failed.set(key, clock.monotonicMs() + FAILED_WAIT_MS);
    }
  }

  function start(due: Due, signal: AbortSignal): void {
    for (const { key } of due.job.inputs) busy.add(key);
    const one = run(due, signal).then(() => {
      running.delete(one);
      manifests.delete(rootName(due.root));
      for (const { key } of due.job.inputs) busy.delete(key);
      choose(signal).catch((error: unknown) => {
        if (signal.aborted) return;
        counts.failed();
        logger.failure('due merges could not be found', error);
      });
    });
    running.add(one);
  }

  /** Starts what is due and has room; one look at a time, so that no block gets into two jobs. */
  function choose(signal: AbortSignal): Promise<void> {
    const look = choosing
      .catch(() => undefined)
      .then(async () => {
        if (signal.aborted || running.size >= jobsMax) return;
        for (const due of await dueJobs()) {
          if (running.size >= jobsMax || signal.aborted) return;
          if (!due.job.inputs.some(({ key }) => busy.has(key))) start(due, signal);
        }
      });
    choosing = look;
    return look;
  }

  return {
    async offer(roots, signal) {
      offered = roots;
      counts.keep(new Set(roots.map(rootName)));
      await choose(signal);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

export function rootName({ logId, partition }: PartitionRoot): string {
  return `${logId}/${partition}`;
}
