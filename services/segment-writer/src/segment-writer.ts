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

  function start(partition: number): ChainWriter {
    const rules = { ingestionWindowMs };
    const observer = observerOf(partition);
    const writer = createChainWriter({ store, log, partition, clock, random, observer, rules, flushIntervalMs });
    writers.set(partition, writer);
    return writer;
  }

  async function write(partition: number, signal: AbortSignal): Promise<void> {
    for (let writer = start(partition); ; writer = start(partition)) {
      await writer.run(signal);
      // A log made anew has a chain of its own, from its beginning. Any other stop is for an operator to look at.
      if (signal.aborted || writer.root.logId === log.id) return;
    }
  }

  return {
    async run(signal) {
      await Promise.all(partitions.map((partition) => write(partition, signal)));
    },
    health,
  };
}
