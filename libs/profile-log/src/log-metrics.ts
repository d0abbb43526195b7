/** What a local profile log counts. */
import type { Counter, Histogram, Metrics } from '@flamelake/runtime';

export interface LogMetrics {
  readonly records: Counter;
  readonly bytes: Counter;
  readonly refusals: Counter;
  readonly syncSeconds: Histogram;
  readonly groupRecords: Histogram;
}

/** State that is read at each scrape. */
export interface LogGauges {
  readonly diskBytes: () => number;
  readonly queueBytes: () => number;
  readonly nextOffset: () => number;
}

const GROUP_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

export function declareLogMetrics(metrics: Metrics, gauges: LogGauges): LogMetrics {
  metrics.gauge({ name: 'profile_log_disk_bytes', help: 'Size of the profile log on disk.' }, gauges.diskBytes);
  metrics.gauge({ name: 'profile_log_queue_bytes', help: 'Records waiting to be written.' }, gauges.queueBytes);
  metrics.gauge({ name: 'profile_log_next_offset', help: 'Offset of the next record.' }, gauges.nextOffset);
  return {
    records: metrics.counter({ name: 'profile_log_records_total', help: 'Records made durable.' }),
    bytes: metrics.counter({ name: 'profile_log_bytes_total', help: 'Bytes made durable, framing included.' }),
    refusals: metrics.counter({
      name: 'profile_log_refusals_total',
      help: 'Appends refused, by what was full: queue, log or disk.',
      labels: ['full'],
    }),
    syncSeconds: metrics.histogram({
      name: 'profile_log_sync_seconds',
      help: 'Time to write one group of records and make it durable.',
    }),
    groupRecords: metrics.histogram(
      { name: 'profile_log_group_records', help: 'Records made durable by one sync.' },
      GROUP_BUCKETS,
    ),
  };
}
