/** The segment-writer: one chain writer for each partition this process has been given, as long as it has it. */
import {
  type ChainWriter,
  type ChainWriterHealth,
  createChainWriter,
  INGESTION_WINDOW_MS_DEFAULT,
} from '@flamelake/catalog';
import type { Clock, ObjectStore, ProfileLog, Random } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import { createWriterObservers } from './writer-metrics.ts';

export interface SegmentWriterOptions {
  readonly store: ObjectStore;
  readonly log: ProfileLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Partitions to write at first; all of the log's by default. */
  readonly partitions?: readonly number[];
  /** Longest time a record waits for its segment to be cut, ms; 1,000 by default. */
  readonly flushIntervalMs?: number;
  /** How far back in time profiles are taken, ms; 1 h by default, and never less than what the distributor takes. */
  readonly ingestionWindowMs?: number;
}

export interface PartitionHealth extends ChainWriterHealth {
  readonly partition: number;
}

export interface SegmentWriter {
  /** Writes until aborted; then cuts what was read, and resolves. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Sets the partitions to write from now on; those that stay are not disturbed.
   * @returns when those taken away have cut what was read of them. Another process may write them before that.
   */
  assign(partitions: readonly number[]): Promise<void>;
  health(): readonly PartitionHealth[];
}

/** A partition that is being written. */
interface Work {
  readonly writer: ChainWriter;
  readonly ending: AbortController;
  done: Promise<void>;
}

const FLUSH_INTERVAL_MS_DEFAULT = 1_000;

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { store, log, clock, random, logger, metrics } = options;
  const { flushIntervalMs = FLUSH_INTERVAL_MS_DEFAULT, ingestionWindowMs = INGESTION_WINDOW_MS_DEFAULT } = options;
  const works = new Map<number, Work>();
  /** Writers of partitions taken away, until they have cut their last segment. */
  const leaving = new Set<Promise<void>>();
  let signal: AbortSignal | undefined;
  const health = () =>
    [...works]
      .map(([partition, { writer }]): PartitionHealth => ({ partition, ...writer.health() }))
      .sort((a, b) => a.partition - b.partition);
  const observerOf = createWriterObservers(metrics, logger, health);

  function give(partition: number): Work {
    const observer = observerOf(partition);
    const rules = { ingestionWindowMs };
    const writer = createChainWriter({ store, log, partition, clock, random, observer, rules, flushIntervalMs });
    const work = { writer, ending: new AbortController(), done: Promise.resolve() };
    works.set(partition, work);
    return work;
  }

  function start(work: Work, until: AbortSignal): void {
    work.done = work.writer.run(AbortSignal.any([until, work.ending.signal]));
  }

  function take(partition: number, work: Work): Promise<void> {
    works.delete(partition);
    work.ending.abort();
    const left = work.done.finally(() => leaving.delete(left));
    leaving.add(left);
    return left;
  }

  for (const partition of options.partitions ?? Array.from({ length: log.partitionCount }, (_, i) => i))
    give(partition);

  return {
    async run(until) {
      signal = until;
      for (const work of works.values()) start(work, until);
      if (!until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
      await Promise.all([...leaving, ...[...works.values()].map(({ done }) => done)]);
    },
    async assign(partitions) {
      const taken = [...works].filter(([partition]) => !partitions.includes(partition));
      const left = taken.map(([partition, work]) => take(partition, work));
      for (const partition of partitions) {
        if (works.has(partition)) continue;
        const work = give(partition);
        if (signal !== undefined) start(work, signal);
      }
      await Promise.all(left);
    },
    health,
  };
}
