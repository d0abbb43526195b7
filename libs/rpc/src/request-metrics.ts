/** How long requests take, RPCs and plain HTTP alike: one metric for the rate, errors and duration of every route. */
import type { Histogram, LabelValues, Metrics } from '@flamelake/runtime';

/** Declares the metric; a process has it once, whoever feeds it. */
export function requestSeconds(metrics: Metrics): Histogram {
  return metrics.histogram({
    name: 'request_duration_seconds',
    help: 'Time from the headers of a request to its answer. RPCs have the HTTP status that their code means.',
    labels: ['route', 'method', 'status_code'],
  });
}

/** @param route - a path that is served, never one that a client made up */
export function requestLabels(route: string, method: string, status: number): LabelValues {
  return { route, method, status_code: status };
}
