/** Metrics of the segment-writer. */
import type { ChainWriterCount, ChainWriterObserver } from '@flamelake/catalog';
import type { Counter, Logger, Metrics } from '@flamelake/runtime';
import type { PartitionHealth } from './segment-writer.ts';

const HELP: Readonly<Record<ChainWriterCount, string>> = {
  profiles: 'Profiles written into segments',
  repeats: 'Resends of profiles recognised and left out',
  late: 'Profiles left out because the log took them too long after their own time',
  quarantined: 'Log records kept as they came because they cannot be decoded',
  missing_offsets: 'Log offsets that no longer could be read; profiles may be lost',
  segments: 'Segments written',
  segment_bytes: 'Bytes of segments written',
  rival_segments: 'Segments of other writers met where one was to be put',
  take_overs: 'Times a partition was taken over',
  left_behind: 'Times a writer had been left behind and started again',
};

/** @returns what tells the metrics and the log of one partition's writer */
export function createWriterObservers(
  metrics: Metrics,
  logger: Logger,
  health: () => readonly PartitionHealth[],
): (partition: number) => ChainWriterObserver {
  const labels = ['partition'];
  const counters = new Map<string, Counter>();
  for (const [what, help] of Object.entries(HELP)) {
    counters.set(what, metrics.counter({ name: `segment_writer_${what}_total`, help, labels }));
  }
  const failures = metrics.counter({
    name: 'segment_writer_failures_total',
    help: 'Failures of writing, tried again',
    labels,
  });
  metrics.gauge({ name: 'segment_writer_position', help: 'End of the chain, an offset of the log', labels }, () =>
    health().map(({ partition, position }) => ({ labels: { partition }, value: position })),
  );
  metrics.gauge(
    { name: 'segment_writer_stopped', help: '1 when a partition has stopped: its log lost data', labels },
    () => health().map(({ partition, state }) => ({ labels: { partition }, value: state === 'stopped' ? 1 : 0 })),
  );
  metrics.gauge(
    { name: 'segment_writer_adopted_partitions', help: 'Partitions of other writers written here too' },
    () => health().filter(({ isAdopted }) => isAdopted).length,
  );
  return (partition) => ({
    count: (what, amount) => counters.get(what)?.add(amount, { partition }),
    failure(message, error) {
      failures.add(1, { partition });
      logger.failure(message, error, { partition });
    },
  });
}
