/** The memory of a query-frontend: what all its queries decode, merge and draw at the same time. */
import { createMemoryBudget, type MemoryBudget, type Metrics } from '@flamelake/runtime';

export interface QueryMemoryOptions {
  readonly bytesMax: number;
  /** Queries that may wait for their share. */
  readonly waitingMax?: number;
  readonly metrics: Metrics;
}

const WAITING_DEFAULT = 1_024;

export function createQueryMemory({
  bytesMax,
  waitingMax = WAITING_DEFAULT,
  metrics,
}: QueryMemoryOptions): MemoryBudget {
  const restarts = metrics.counter({
    name: 'query_restarts_total',
    help: 'Queries that began again, with a larger share of the memory of the query-frontend.',
  });
  const memory = createMemoryBudget({
    bytesMax,
    waitingMax,
    onRestart: () => restarts.add(),
    option: 'query-frontend.memory-max',
    tooLarge: 'query needs more memory than a query-frontend has; narrow its range or selector, or raise the option',
    tooMany: 'too many queries wait for memory; ask less at a time, add query-frontends, or raise the option',
  });
  metrics.gauge(
    { name: 'query_admitted_bytes', help: 'Memory that queries which run may hold in the query-frontend.' },
    () => memory.sharedBytes,
  );
  metrics.gauge(
    {
      name: 'query_held_bytes',
      help: 'Memory that queries hold in the query-frontend: plans, results of queriers, what is merged and drawn.',
    },
    () => memory.heldBytes,
  );
  metrics.gauge(
    {
      name: 'query_held_peak_bytes',
      help: 'Most memory that queries held in the query-frontend at a time since the start.',
    },
    () => memory.peakBytes,
  );
  metrics.gauge(
    { name: 'query_waiting', help: 'Queries that wait for memory of the query-frontend.' },
    () => memory.waiting,
  );
  return memory;
}
