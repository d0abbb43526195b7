/** What a tenant's queries may cost. */
export interface QueryLimits {
  /** Bytes one query may read from blocks, by estimate. */
  readonly queryBytesMax: number;
  /** Flame graph nodes when the query does not say. */
  readonly nodesDefault: number;
  /** Flame graph nodes at most; more is clamped, and said. */
  readonly nodesMax: number;
}

/** 8 GiB; 16,384 nodes; 1,048,576 nodes. */
export const QUERY_LIMITS_DEFAULT: QueryLimits = {
  queryBytesMax: 8_589_934_592,
  nodesDefault: 16_384,
  nodesMax: 1_048_576,
};
