/** Queries that a process has answered since its start, by its metrics. */
import type { Metric } from '../api/server.ts';

export interface QueryFigures {
  readonly answered: number;
  /** Those that were the server's fault. */
  readonly failed: number;
  /** Half of those that were answered took no longer, s; undefined when that is longer than any bound of the histogram. */
  readonly halfWithinSeconds: number | undefined;
}

const NAME = 'flamelake_request_duration_seconds';

export function queryFigures(metrics: readonly Metric[]): QueryFigures {
  let [answered, failed] = [0, 0];
  const within = new Map<number, number>();
  for (const { name, labels, value } of metrics) {
    if (!name.startsWith(NAME) || labels.get('route')?.startsWith('/querier.v1.') !== true) continue;
    const isFailed = labels.get('status_code')?.startsWith('5') === true;
    if (name === `${NAME}_count`) {
      if (isFailed) failed += value;
      else answered += value;
    }
    if (name !== `${NAME}_bucket` || isFailed) continue;
    const bound = Number(labels.get('le'));
    within.set(bound, (within.get(bound) ?? 0) + value);
  }
  const bounds = [...within.keys()].filter(Number.isFinite).sort((a, b) => a - b);
  return {
    answered,
    failed,
    halfWithinSeconds: bounds.find((bound) => 2 * (within.get(bound) ?? 0) >= answered),
  };
}
