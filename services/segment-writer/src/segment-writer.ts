/** The segment-writer: one chain writer for each partition this process has been given. */
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
  /** Partitions to write; all of the log's by default. */
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
  health(): readonly PartitionHealth[];
}

const FLUSH_INTERVAL_MS_DEFAULT = 1_000;

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { store, log, clock, random, logger, metrics } = options;
  const { flushIntervalMs = FLUSH_INTERVAL_MS_DEFAULT, ingestionWindowMs = INGESTION_WINDOW_MS_DEFAULT } = options;
  const partitions = options.partitions ?? Array.from({ length: log.partitionCount }, (_, partition) => partition);
  const writers = new Map<number, ChainWriter>();
  const health = () => [...writers].map(([partition, writer]): PartitionHealth => ({ partition, ...writer.health() }));
  const observerOf = createWriterObservers(metrics, logger, health);

  for (const partition of partitions) {
    const observer = observerOf(partition);
    const rules = { ingestionWindowMs };
    writers.set(
      partition,
      createChainWriter({ store, log, partition, clock, random, observer, rules, flushIntervalMs }),
    );
  }

  return {
    async run(signal) {
      await Promise.all([...writers.values()].map((writer) => writer.run(signal)));
    },
    health,
  };
}
