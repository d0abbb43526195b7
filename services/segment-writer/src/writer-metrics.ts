/** Metrics of the segment-writer. */
import type { ChainWriterCount, ChainWriterObserver } from '@flamelake/catalog';
import type { Counter, Logger, Metrics } from '@flamelake/runtime';
import type { PartitionHealth } from './segment-writer.ts';

/** @returns what tells the metrics and the log of one partition's writer */
export function createWriterObservers(
  metrics: Metrics,
  logger: Logger,
  health: () => readonly PartitionHealth[],
): (partition: number) => ChainWriterObserver {
  const counters = declareCounts(metrics);
  const failures = metrics.counter({
    name: 'segment_writer_failures_total',
    help: 'Failures of writing, tried again',
    labels: ['partition'],
  });
  metrics.gauge(
    { name: 'segment_writer_position', help: 'End of the chain, an offset of the log', labels: ['partition'] },
    () => health().map(({ partition, position }) => ({ labels: { partition }, value: position })),
  );
  metrics.gauge(
    {
      name: 'segment_writer_stopped',
      help: '1 when a partition has stopped: its log lost data',
      labels: ['partition'],
    },
    () => health().map(({ partition, state }) => ({ labels: { partition }, value: state === 'stopped' ? 1 : 0 })),
  );
  metrics.gauge(
    { name: 'segment_writer_adopted_partitions', help: 'Partitions of other writers written here too' },
    () => health().filter(({ isAdopted }) => isAdopted).length,
  );
  return (partition) => ({
    count: (what, amount) => counters[what].add(amount, { partition }),
    failure(message, error) {
      failures.add(1, { partition });
      logger.failure(message, error, { partition });
    },
  });
}

function declareCounts(metrics: Metrics): Readonly<Record<ChainWriterCount, Counter>> {
  return {
    profiles: metrics.counter({
      name: 'segment_writer_profiles_total',
      help: 'Profiles written into segments',
      labels: ['partition'],
    }),
    repeats: metrics.counter({
      name: 'segment_writer_repeats_total',
      help: 'Resends of profiles recognised and left out',
      labels: ['partition'],
    }),
    late: metrics.counter({
      name: 'segment_writer_late_total',
      help: 'Profiles left out because the log took them too long after their own time',
      labels: ['partition'],
    }),
    quarantined: metrics.counter({
      name: 'segment_writer_quarantined_total',
      help: 'Log records kept as they came because they cannot be decoded',
      labels: ['partition'],
    }),
    missing_offsets: metrics.counter({
      name: 'segment_writer_missing_offsets_total',
      help: 'Log offsets that no longer could be read; profiles may be lost',
      labels: ['partition'],
    }),
    segments: metrics.counter({
      name: 'segment_writer_segments_total',
      help: 'Segments written',
      labels: ['partition'],
    }),
    segment_bytes: metrics.counter({
      name: 'segment_writer_segment_bytes_total',
      help: 'Bytes of segments written',
      labels: ['partition'],
    }),
    rival_segments: metrics.counter({
      name: 'segment_writer_rival_segments_total',
      help: 'Segments of other writers met where one was to be put',
      labels: ['partition'],
    }),
    take_overs: metrics.counter({
      name: 'segment_writer_take_overs_total',
      help: 'Times a partition was taken over',
      labels: ['partition'],
    }),
    left_behind: metrics.counter({
      name: 'segment_writer_left_behind_total',
      help: 'Times a writer had been left behind and started again',
      labels: ['partition'],
    }),
  };
}
