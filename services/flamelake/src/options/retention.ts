/** Retention as the options of tenants set it. */
import type { ExpireBefore, SizeLimit } from '@flamelake/catalog';
import type { Clock } from '@flamelake/model';
import type { TenantOptions } from '../overrides/watch-overrides.ts';
import type { ServeOptions } from './serve-options.ts';

/** Whole minutes, so that answers about old blocks can be kept for as long. */
const STEP_MS = 60_000;

export function retentionOf(tenantOptions: TenantOptions, clock: Clock): ExpireBefore {
  return (tenant) => endOfRetention(tenantOptions.of(tenant), clock);
}

/** No profile of this time or later is expired, whoever's it is. */
export function latestExpiryOf(tenantOptions: TenantOptions, clock: Clock): () => number {
  return () => Math.max(...tenantOptions.all().map((options) => endOfRetention(options, clock)));
}

function endOfRetention(options: ServeOptions, clock: Clock): number {
  const periodMs = options['limits.retention-period'];
  if (periodMs === 0) return Number.NEGATIVE_INFINITY;
  return Math.ceil((clock.nowMs() - periodMs) / STEP_MS) * STEP_MS;
}

/** Whether any tenant may hold only so much. */
export function hasSizeLimits(tenantOptions: TenantOptions): () => boolean {
  return () => tenantOptions.all().some((options) => options['limits.retention-size'] > 0);
}

export function sizeLimitOf(tenantOptions: TenantOptions): SizeLimit {
  return (tenant) => tenantOptions.of(tenant)['limits.retention-size'] || Number.POSITIVE_INFINITY;
}
