/**
 * Ingestion rate by tenant: a token bucket of uncompressed bytes. Off unless the tenant has a rate. Distributors share a tenant's
 * rate without talking: each takes an equal part, for connections spread over all of them.
 */
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

/** @param distributorCount - distributors now, this one included */
export function createRateLimit(clock: Clock, distributorCount: () => number = () => 1): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    spend(tenant, bytes, limits) {
      if (limits.rateBytesPerSecond === undefined) return;
      const distributors = Math.max(1, distributorCount());
      const rate = limits.rateBytesPerSecond / distributors;
      const capacity = Math.max(limits.burstBytes / distributors, limits.profileBytesMax);
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(tenant) ?? { tokens: capacity, filledMs: nowMs };
      bucket.tokens = Math.min(capacity, bucket.tokens + ((nowMs - bucket.filledMs) / 1_000) * rate);
      bucket.filledMs = nowMs;
      buckets.delete(tenant);
      buckets.set(tenant, bucket);
      if (buckets.size > BUCKETS_MAX) buckets.delete(buckets.keys().next().value as string);
      // What is larger than the bucket takes all of it and more: the tenant then waits the longer.
      const needed = Math.min(bytes, capacity);
      if (needed > bucket.tokens) {
        throw refuseForNow('rate_limited', 'tenant is over its ingestion rate', {
          tenant,
          limitBytesPerSecond: limits.rateBytesPerSecond,
          bytes,
          key: LIMIT_KEYS.rateBytesPerSecond,
          ...(distributors > 1 && { distributors }),
          retryAfterSeconds: Math.max(1, Math.ceil((needed - bucket.tokens) / rate)),
        });
      }
      bucket.tokens -= bytes;
    },
  };
}
