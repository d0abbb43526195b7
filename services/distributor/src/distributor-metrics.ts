/** What a distributor counts. */
import type { Histogram, Metrics } from '@flamelake/runtime';
import { BYTES_BUCKETS, boundLabel } from '@flamelake/runtime';
import type { PrepareCounts } from './prepare-profile.ts';
import type { DiscardReason } from './refusal.ts';

export interface DistributorMetrics {
  /** A profile that is durable. */
  received(tenant: string, payloadBytes: number, samples: number): void;
  /** What was not stored. `samples` is 0 when they could not be counted. */
  discarded(reason: DiscardReason, tenant: string, samples: number, payloadBytes: number): void;
  /** What preparing a profile that is durable dropped or changed. */
  prepared(tenant: string, counts: PrepareCounts): void;
  acknowledged(endpoint: 'push' | 'ingest' | 'otlp', seconds: number): void;
  record(profiles: number, bytes: number): void;
}

export function createDistributorMetrics(
  metrics: Metrics,
  inFlightBytes: () => number,
  tenantsMax: number,
): DistributorMetrics {
  const shown = boundLabel(tenantsMax);
  const profiles = metrics.counter({
    name: 'distributor_received_profiles_total',
    help: 'Profiles acknowledged.',
    labels: ['tenant'],
  });
  const bytes = metrics.counter({
    name: 'distributor_received_bytes_total',
    help: 'Bytes of acknowledged profiles as sent.',
    labels: ['tenant'],
  });
  const samples = metrics.counter({
    name: 'distributor_received_samples_total',
    help: 'Samples of acknowledged profiles.',
    labels: ['tenant'],
  });
  const stacks = metrics.counter({
    name: 'distributor_truncated_stacks_total',
    help: 'Stacks cut to the depth limit, values kept.',
    labels: ['tenant'],
  });
  const symbols = metrics.counter({
    name: 'distributor_truncated_symbols_total',
    help: 'Symbols cut to the length limit.',
    labels: ['tenant'],
  });
  const sampledOut = metrics.counter({
    name: 'distributor_sampled_profiles_total',
    help: 'Profiles of which sampling kept totals alone.',
    labels: ['tenant'],
  });
  const demoted = metrics.counter({
    name: 'distributor_demoted_labels_total',
    help: 'Labels taken off profiles, for they split them into too many series or have too many values over time.',
    labels: ['tenant'],
  });
  const discardedSamples = metrics.counter({
    name: 'discarded_samples_total',
    help: 'Samples not stored.',
    labels: ['reason', 'tenant'],
  });
  const discardedBytes = metrics.counter({
    name: 'discarded_bytes_total',
    help: 'Bytes of profiles not stored, as sent.',
    labels: ['reason', 'tenant'],
  });
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
    received(tenantId, payloadBytes, sampleCount) {
      const tenant = shown(tenantId);
      profiles.add(1, { tenant });
      bytes.add(payloadBytes, { tenant });
      samples.add(sampleCount, { tenant });
    },
    discarded(reason, tenantId, sampleCount, payloadBytes) {
      const tenant = shown(tenantId);
      discardedSamples.add(sampleCount, { reason, tenant });
      discardedBytes.add(payloadBytes, { reason, tenant });
    },
    prepared(tenantId, counts) {
      const tenant = shown(tenantId);
      if (counts.truncatedStacks > 0) stacks.add(counts.truncatedStacks, { tenant });
      if (counts.truncatedStrings > 0) symbols.add(counts.truncatedStrings, { tenant });
      if (counts.sampledOut > 0) sampledOut.add(counts.sampledOut, { tenant });
      if (counts.demotedLabels > 0) demoted.add(counts.demotedLabels, { tenant });
      if (counts.negativeSamples > 0) {
        discardedSamples.add(counts.negativeSamples, { reason: 'negative_value', tenant });
      }
      if (counts.droppedByRules > 0) {
        discardedSamples.add(counts.droppedByRules, { reason: 'dropped_by_relabel_rules', tenant });
      }
    },
    acknowledged: (endpoint, seconds) => ack.observe(seconds, { endpoint }),
    record(profileCount, byteCount) {
      recordProfiles.observe(profileCount);
      recordBytes.observe(byteCount);
    },
  };
}
