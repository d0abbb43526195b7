/** Who runs next when not all can: tenants take turns, each in its own order of arrival. */
import { FlamelakeError } from '@flamelake/model';

export interface FairQueueOptions {
  /** How many may run at once, asked whenever one could start. */
  readonly capacity: () => number;
  /** How many may wait, in all and of one tenant. */
  readonly waitingMax: number;
  readonly tenantWaitingMax: number;
}

export interface FairQueue {
  /**
   * Waits for its turn.
   * @returns ends it; further calls do nothing
   * @throws {FlamelakeError} `resource_exhausted` with `retryAfterSeconds` when too many wait, `canceled` when the signal aborts
   */
  acquire(tenant: string, signal: AbortSignal): Promise<() => void>;
  /** Looks again: the capacity has grown. */
  advance(): void;
  readonly running: number;
  readonly waiting: number;
}

/** What a refused caller is told. */
const RETRY_AFTER_SECONDS = 1;

export function createFairQueue({ capacity, waitingMax, tenantWaitingMax }: FairQueueOptions): FairQueue {
  /** Waiters by tenant, both in order: the first tenant is next, and goes behind the others when it has had its turn. */
  const queues = new Map<string, Set<() => void>>();
  let running = 0;
  let waiting = 0;

  const advance = () => {
    while (running < capacity()) {
      const [entry] = queues;
      if (entry === undefined) return;
      const [tenant, waiters] = entry;
      const [start] = waiters;
      waiters.delete(start);
      waiting--;
      queues.delete(tenant);
      if (waiters.size > 0) queues.set(tenant, waiters);
      running++;
      start();
    }
  };
  const turn = () => {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      running--;
      advance();
    };
  };
  const wait = (tenant: string, signal: AbortSignal) =>
    new Promise<() => void>((resolve, reject) => {
      const waiters = queues.get(tenant) ?? new Set();
      queues.set(tenant, waiters);
      const onAbort = () => {
        waiters.delete(start);
        waiting--;
        if (waiters.size === 0) queues.delete(tenant);
        reject(canceled(signal));
      };
      const start = () => {
        signal.removeEventListener('abort', onAbort);
        resolve(turn());
      };
      waiters.add(start);
      waiting++;
      signal.addEventListener('abort', onAbort, { once: true });
    });

  return {
    async acquire(tenant, signal) {
      if (signal.aborted) throw canceled(signal);
      if (waiting === 0 && running < capacity()) {
        running++;
        return turn();
      }
      const own = queues.get(tenant)?.size ?? 0;
      if (waiting >= waitingMax || own >= tenantWaitingMax) {
        throw new FlamelakeError('resource_exhausted', 'too many query tasks wait; ask less at a time', {
          tenant,
          waiting: own,
          limit: own >= tenantWaitingMax ? tenantWaitingMax : waitingMax,
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      return wait(tenant, signal);
    },
    advance,
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
  };
}

function canceled(signal: AbortSignal): FlamelakeError {
  return new FlamelakeError('canceled', 'query was canceled while it waited', {}, { cause: signal.reason });
}
