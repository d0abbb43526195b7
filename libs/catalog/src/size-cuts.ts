/** Retention by size as a manifest carries it: a time for each tenant before which its profiles are expired. */
import type { ExpireBefore } from './row-rules.ts';
import type { Manifest, SizeCut } from './types.ts';

/** Time and size together: what is expired in a partition. */
export function withCuts({ cuts }: Pick<Manifest, 'cuts'>, expireBefore: ExpireBefore): ExpireBefore {
  if (cuts.length === 0) return expireBefore;
  const beforeMsOf = new Map(cuts.map(({ tenant, beforeMs }) => [tenant, beforeMs]));
  return (tenant) => Math.max(expireBefore(tenant), beforeMsOf.get(tenant) ?? Number.NEGATIVE_INFINITY);
}

/** Those of some cuts that hide anything in a partition that is not hidden there yet. */
export function raisedCuts({ cuts, blocks }: Manifest, wanted: readonly SizeCut[]): readonly SizeCut[] {
  const beforeMsOf = new Map(cuts.map(({ tenant, beforeMs }) => [tenant, beforeMs]));
  const oldestMsOf = new Map<string, number>();
  for (const { datasets } of blocks) {
    for (const { tenant, minTimeMs } of datasets) {
      oldestMsOf.set(tenant, Math.min(minTimeMs, oldestMsOf.get(tenant) ?? Number.POSITIVE_INFINITY));
    }
  }
  return wanted.filter(({ tenant, beforeMs }) => {
    const isHigher = beforeMs > (beforeMsOf.get(tenant) ?? Number.NEGATIVE_INFINITY);
    return isHigher && (oldestMsOf.get(tenant) ?? Number.POSITIVE_INFINITY) < beforeMs;
  });
}
