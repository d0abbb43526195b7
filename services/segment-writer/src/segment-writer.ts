/** The segment-writer: one chain writer for each partition this process has been given, as long as it has it. */
import {
  type ChainWriter,
  type ChainWriterHealth,
  type ChainWriterObserver,
  createChainWriter,
  INGESTION_WINDOW_MS_DEFAULT,
} from '@flamelake/catalog';
import type { Clock, ObjectStore, ProfileLog, Random } from '@flamelake/model';
import type { Logger, Metrics, Tracing } from '@flamelake/runtime';
import { createRecordSpans } from './record-spans.ts';
import { watchLagging } from './watch-lagging.ts';
import { createWriteLag } from './write-lag.ts';
import { createWriterObservers } from './writer-metrics.ts';

export interface SegmentWriterOptions {
  readonly store: ObjectStore;
  readonly log: ProfileLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** None by default. */
  readonly tracing?: Tracing;
  /** Partitions to write at first; all of the log's by default. */
  readonly partitions?: readonly number[];
  /** Longest time a record waits for its segment to be cut, ms; 1,000 by default. */
  readonly flushIntervalMs?: number;
  /** How far back in time profiles are taken, ms; 1 h by default, and never less than what the distributor takes. */
  readonly ingestionWindowMs?: number;
  /**
   * How long a partition of others may stand still, with records behind its chain, before it is adopted: written here too until whoever
   * has it moves again, ms. Never unless given.
   */
  readonly adoptAfterMs?: number;
}

export interface PartitionHealth extends ChainWriterHealth {
  readonly partition: number;
  /** Somebody else's, written here because it stood still. */
  readonly isAdopted: boolean;
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
  readonly isAdopted: boolean;
  done: Promise<void>;
}

const FLUSH_INTERVAL_MS_DEFAULT = 1_000;
/** Partitions adopted at a time: each has an identity window in memory. */
const ADOPTED_MAX = 16;
/** So many times longer an adopted partition's records wait, so that its owner, when it moves again, is there first and is met. */
const ADOPTED_FLUSH_FACTOR = 3;

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { store, clock, random, logger, metrics, tracing } = options;
  const { flushIntervalMs = FLUSH_INTERVAL_MS_DEFAULT, ingestionWindowMs = INGESTION_WINDOW_MS_DEFAULT } = options;
  const { adoptAfterMs } = options;
  const works = new Map<number, Work>();
  /** Writers of partitions taken away, until they have cut their last segment. */
  const leaving = new Set<Promise<void>>();
  let signal: AbortSignal | undefined;
  const positionOf = (partition: number) => works.get(partition)?.writer.health().position ?? Number.POSITIVE_INFINITY;
  const spans = tracing && createRecordSpans(options.log, tracing, positionOf);
  const lag = createWriteLag(spans?.log ?? options.log, clock, positionOf);
  const { log } = lag;
  const health = () =>
    [...works]
      .map(([partition, { writer, isAdopted }]): PartitionHealth => ({ partition, isAdopted, ...writer.health() }))
      .sort((a, b) => a.partition - b.partition);
  const observerOf = createWriterObservers(metrics, logger, health);
  metrics.gauge(
    {
      name: 'segment_writer_lag_seconds',
      help: 'Age of the oldest record that was read and is in no segment yet, by the time the log appended it.',
      labels: ['partition'],
    },
    () => [...works.keys()].map((partition) => ({ labels: { partition }, value: lag.seconds(partition) })),
  );
  const adoptions = metrics.counter({
    name: 'segment_writer_adoptions_total',
    help: 'Times a partition of another writer stood still and was written here too',
    labels: ['partition'],
  });

  function give(partition: number, isAdopted = false): Work {
    const told = observerOf(partition);
    const observer: ChainWriterObserver = {
      ...told,
      count(what, amount) {
        told.count(what, amount);
        // The chain's end moves in the same turn.
        if (what === 'segments' && spans !== undefined) queueMicrotask(spans.advance);
        if (what === 'rival_segments') letGo(partition, 'another writes the adopted partition again');
      },
      failure(message, error) {
        told.failure(message, error);
        if (works.get(partition)?.writer.health().state === 'stopped')
          letGo(partition, 'adopted partition has stopped');
      },
    };
    const rules = { ingestionWindowMs };
    const writer = createChainWriter({
      store,
      log,
      partition,
      clock,
      random,
      observer,
      rules,
      flushIntervalMs: flushIntervalMs * (isAdopted ? ADOPTED_FLUSH_FACTOR : 1),
    });
    const work: Work = { writer, ending: new AbortController(), isAdopted, done: Promise.resolve() };
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

  function adopt(partition: number): void {
    const count = [...works.values()].filter(({ isAdopted }) => isAdopted).length;
    if (works.has(partition) || count >= ADOPTED_MAX || signal === undefined || signal.aborted) return;
    logger.warn('partition of another writer stands still and is written here too', { partition });
    adoptions.add(1, { partition });
    start(give(partition, true), signal);
  }

  /** Gives a partition back if it was adopted. */
  function letGo(partition: number, why: string): void {
    const work = works.get(partition);
    if (work?.isAdopted !== true) return;
    logger.info(why, { partition });
    void take(partition, work);
  }

  for (const partition of options.partitions ?? Array.from({ length: log.partitionCount }, (_, i) => i))
    give(partition);

  const watchOptions = {
    store,
    log,
    clock,
    random,
    isWritten: (partition: number) => works.has(partition),
    onLagging: adopt,
    onFailure: (error: unknown, partition: number) =>
      logger.failure('partition could not be looked at', error, { partition }),
  };

  return {
    async run(until) {
      signal = until;
      for (const work of works.values()) start(work, until);
      const watching =
        adoptAfterMs === undefined ? undefined : watchLagging({ ...watchOptions, lagMs: adoptAfterMs }, until);
      if (!until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
      await watching;
      await Promise.all([...leaving, ...[...works.values()].map(({ done }) => done)]);
    },
    async assign(partitions) {
      // What was adopted begins anew when it is given for good: it is written without waiting for another.
      const taken = [...works].filter(([partition, { isAdopted }]) => partitions.includes(partition) === isAdopted);
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
