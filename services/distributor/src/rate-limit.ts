/** Ingestion rate by tenant: a token bucket of uncompressed bytes. Off unless the tenant has a rate. */
import type { Clock } from '@flamelake/model';
import { type IngestLimits, LIMIT_KEYS } from './limits.ts';
import { refuseForNow } from './refusal.ts';

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Buckets kept; beyond it the one unused for longest is forgotten, which only lets its tenant burst again. */
const BUCKETS_MAX = 10_000;

export interface RateLimit {
  /** @throws {FlamelakeError} `resource_exhausted` with `retryAfterSeconds` when the tenant is over its rate */
  spend(tenant: string, bytes: number, limits: IngestLimits): void;
}

export function createRateLimit(clock: Clock): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    spend(tenant, bytes, limits) {
      const rate = limits.rateBytesPerSecond;
      if (rate === undefined) return;
      const capacity = Math.max(limits.burstBytes, limits.profileBytesMax);
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(tenant) ?? { tokens: capacity, filledMs: nowMs };
      bucket.tokens = Math.min(capacity, bucket.tokens + ((nowMs - bucket.filledMs) / 1_000) * rate);
      bucket.filledMs = nowMs;
      buckets.delete(tenant);
      buckets.set(tenant, bucket);
      if (buckets.size > BUCKETS_MAX) buckets.delete(buckets.keys().next().value as string);
      if (bytes > bucket.tokens) {
        throw refuseForNow('rate_limited', 'tenant is over its ingestion rate', {
          tenant,
          limitBytesPerSecond: rate,
          bytes,
          key: LIMIT_KEYS.rateBytesPerSecond,
          retryAfterSeconds: Math.max(1, Math.ceil((bytes - bucket.tokens) / rate)),
        });
      }
      bucket.tokens -= bytes;
    },
  };
}
