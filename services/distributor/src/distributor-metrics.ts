/** What a distributor counts. */
import type { Counter, Histogram, Metrics } from '@flamelake/runtime';
import { BYTES_BUCKETS } from '@flamelake/runtime';
import type { DiscardReason } from './refusal.ts';

export interface DistributorMetrics {
  /** A profile that is durable. */
  received(tenant: string, payloadBytes: number, samples: number): void;
  /** What was not stored. `samples` is 0 when they could not be counted. */
  discarded(reason: DiscardReason, tenant: string, samples: number, payloadBytes: number): void;
  /** Stacks cut to the depth limit and symbols cut to the length limit; values are kept. */
  truncated(tenant: string, stacks: number, symbols: number): void;
  acknowledged(endpoint: 'push' | 'ingest' | 'otlp', seconds: number): void;
  record(profiles: number, bytes: number): void;
}

export function createDistributorMetrics(metrics: Metrics, inFlightBytes: () => number): DistributorMetrics {
  const byTenant = (name: string, help: string): Counter => metrics.counter({ name, help, labels: ['tenant'] });
  const byReason = (name: string, help: string): Counter =>
    metrics.counter({ name, help, labels: ['reason', 'tenant'] });
  const profiles = byTenant('distributor_received_profiles_total', 'Profiles acknowledged.');
  const bytes = byTenant('distributor_received_bytes_total', 'Bytes of acknowledged profiles as sent.');
  const samples = byTenant('distributor_received_samples_total', 'Samples of acknowledged profiles.');
  const stacks = byTenant('distributor_truncated_stacks_total', 'Stacks cut to the depth limit, values kept.');
  const symbols = byTenant('distributor_truncated_symbols_total', 'Symbols cut to the length limit.');
  const discardedSamples = byReason('discarded_samples_total', 'Samples not stored.');
  const discardedBytes = byReason('discarded_bytes_total', 'Bytes of profiles not stored, as sent.');
  const ack: Histogram = metrics.histogram({
    name: 'distributor_ack_seconds',
    help: 'Time from a decoded request to its acknowledgement.',
    labels: ['endpoint'],
  });
  const recordProfiles = metrics.histogram(
    { name: 'distributor_record_profiles', help: 'Profiles in a log record.' },
    [1, 2, 4, 8, 16, 32, 64, 128, 256],
  );
  const recordBytes = metrics.histogram(
    { name: 'distributor_record_bytes', help: 'Bytes of a log record.' },
    BYTES_BUCKETS,
  );
  metrics.gauge({ name: 'distributor_in_flight_bytes', help: 'Bytes of profiles in flight.' }, inFlightBytes);
  return {
    received(tenant, payloadBytes, sampleCount) {
      profiles.add(1, { tenant });
      bytes.add(payloadBytes, { tenant });
      samples.add(sampleCount, { tenant });
    },
    discarded(reason, tenant, sampleCount, payloadBytes) {
      discardedSamples.add(sampleCount, { reason, tenant });
      discardedBytes.add(payloadBytes, { reason, tenant });
    },
    truncated(tenant, stackCount, symbolCount) {
      if (stackCount > 0) stacks.add(stackCount, { tenant });
      if (symbolCount > 0) symbols.add(symbolCount, { tenant });
    },
    acknowledged: (endpoint, seconds) => ack.observe(seconds, { endpoint }),
    record(profileCount, byteCount) {
      recordProfiles.observe(profileCount);
      recordBytes.observe(byteCount);
    },
  };
}
