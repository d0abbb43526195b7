/** What a tenant's queries may cost. */
export interface QueryLimits {
  /** Bytes one query may read from blocks, by estimate. */
  readonly queryBytesMax: number;
  /** Longest time a query may take, ms. */
  readonly timeoutMs: number;
  /** Longest range of one query, ms; 0: any. */
  readonly rangeMsMax: number;
  /** Profiles of longer ago are not looked at, ms; 0: all are. */
  readonly lookbackMsMax: number;
  /** Flame graph nodes when the query does not say. */
  readonly nodesDefault: number;
  /** Flame graph nodes at most; more is clamped, and said. */
  readonly nodesMax: number;
}

/** 8 GiB of any range in a minute; 16,384 nodes; 1,048,576 nodes. */
export const QUERY_LIMITS_DEFAULT: QueryLimits = {
  queryBytesMax: 8_589_934_592,
  timeoutMs: 60_000,
  rangeMsMax: 0,
  lookbackMsMax: 0,
  nodesDefault: 16_384,
  nodesMax: 1_048_576,
};

/** What holds for a query of several tenants: of each limit the strictest. */
export function smallestLimits(all: readonly QueryLimits[]): QueryLimits {
  const smallest = (pick: (limits: QueryLimits) => number): number => Math.min(...all.map(pick));
  // Zero means no limit.
  const smallestSet = (pick: (limits: QueryLimits) => number): number => {
    const set = all.map(pick).filter((limit) => limit > 0);
    return set.length === 0 ? 0 : Math.min(...set);
  };
  return {
    queryBytesMax: smallest((one) => one.queryBytesMax),
    timeoutMs: smallest((one) => one.timeoutMs),
    rangeMsMax: smallestSet((one) => one.rangeMsMax),
    lookbackMsMax: smallestSet((one) => one.lookbackMsMax),
    nodesDefault: smallest((one) => one.nodesDefault),
    nodesMax: smallest((one) => one.nodesMax),
  };
}
