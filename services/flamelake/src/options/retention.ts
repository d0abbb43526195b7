/** Retention as the options of tenants set it. */
import type { ExpireBefore, SizeLimit } from '@flamelake/catalog';
import type { Clock } from '@flamelake/model';
import type { TenantOptions } from '../overrides/watch-overrides.ts';

/** Whole minutes, so that answers about old blocks can be kept for as long. */
const STEP_MS = 60_000;

export function retentionOf(tenantOptions: TenantOptions, clock: Clock): ExpireBefore {
  return (tenant) => {
    const periodMs = tenantOptions.of(tenant)['limits.retention-period'];
    if (periodMs === 0) return Number.NEGATIVE_INFINITY;
    return Math.ceil((clock.nowMs() - periodMs) / STEP_MS) * STEP_MS;
  };
}

export function sizeLimitOf(tenantOptions: TenantOptions): SizeLimit {
  return (tenant) => tenantOptions.of(tenant)['limits.retention-size'] || Number.POSITIVE_INFINITY;
}
