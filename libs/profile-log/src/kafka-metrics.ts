/** What a profile log in Kafka counts. */
import type { Counter, Histogram, LabelledValue, Metrics } from '@flamelake/runtime';

export interface KafkaMetrics {
  readonly produceSeconds: Histogram;
  readonly produceErrors: Counter;
  readonly producedRecords: Counter;
  readonly producedBytes: Counter;
  readonly batchRecords: Histogram;
  readonly refusals: Counter;
  readonly fetchSeconds: Histogram;
  readonly fetchErrors: Counter;
  readonly fetchedBytes: Counter;
}

/** State that is read at each scrape. */
export interface KafkaGauges {
  readonly queueBytes: () => number;
  /** Records behind the end, by partition that is read. */
  readonly lag: () => readonly LabelledValue[];
}

const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

export function declareKafkaMetrics(metrics: Metrics, gauges: KafkaGauges): KafkaMetrics {
  metrics.gauge(
    { name: 'kafka_queue_bytes', help: 'Records waiting for an acknowledgement of Kafka.' },
    gauges.queueBytes,
  );
  metrics.gauge(
    { name: 'kafka_lag_records', help: 'Records of a partition not read yet.', labels: ['partition'] },
    gauges.lag,
  );
  return {
    produceSeconds: metrics.histogram({
      name: 'kafka_produce_seconds',
      help: 'Time from the first try to the acknowledgement of a batch.',
    }),
    produceErrors: metrics.counter({
      name: 'kafka_produce_errors_total',
      help: 'Failed tries to produce a batch, by error.',
      labels: ['error'],
    }),
    producedRecords: metrics.counter({ name: 'kafka_produced_records_total', help: 'Records acknowledged.' }),
    producedBytes: metrics.counter({
      name: 'kafka_produced_bytes_total',
      help: 'Bytes acknowledged, framing included.',
    }),
    batchRecords: metrics.histogram(
      { name: 'kafka_batch_records', help: 'Records of one acknowledged batch.' },
      BATCH_BUCKETS,
    ),
    refusals: metrics.counter({
      name: 'kafka_refusals_total',
      help: 'Appends refused: the queue was full, or Kafka gave no acknowledgement in time.',
      labels: ['reason'],
    }),
    fetchSeconds: metrics.histogram({
      name: 'kafka_fetch_seconds',
      help: 'Time of a fetch that brought records, waiting for the first one included.',
    }),
    fetchErrors: metrics.counter({
      name: 'kafka_fetch_errors_total',
      help: 'Failed fetches, by error.',
      labels: ['error'],
    }),
    fetchedBytes: metrics.counter({ name: 'kafka_fetched_bytes_total', help: 'Bytes fetched, framing included.' }),
  };
}
