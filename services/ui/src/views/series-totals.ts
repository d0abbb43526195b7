/** Figures of a time series. */
import type { Series } from '../api/querier.ts';

export function totalOf({ values }: Series): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Share by which the second half of the points differs from the first: 0.5 is half as much again, infinity out of nothing. */
export function changeOf({ values }: Series): number {
  const half = values.length >> 1;
  const before = mean(values.slice(0, half));
  const after = mean(values.slice(values.length - half));
  if (before === 0) return after === 0 ? 0 : Number.POSITIVE_INFINITY;
  return after / before - 1;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
