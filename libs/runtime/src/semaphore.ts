/** Bounded concurrency: so many units in use, so many callers waiting, and a refusal beyond. */
import { FlamelakeError } from '@flamelake/model';

export interface SemaphoreOptions {
  /** Names the resource in refusals. */
  readonly name: string;
  /** Units that may be in use at once: tasks, or bytes. */
  readonly capacity: number;
  /** Callers that may wait. */
  readonly waitingMax: number;
}

export interface Semaphore {
  /**
   * Takes `units`, waiting in order of arrival; a request above the capacity takes all of it.
   * @returns gives them back; further calls do nothing
   * @throws {FlamelakeError} `resource_exhausted` when too many wait, `canceled` when the signal aborts
   */
  acquire(units?: number, signal?: AbortSignal): Promise<() => void>;
  /** Takes `units` at once, if they are free and nobody waits; gives them back as `acquire` does. */
  tryAcquire(units: number): (() => void) | undefined;
  /** Runs a task holding `units`. */
  run<T>(task: () => Promise<T>, units?: number, signal?: AbortSignal): Promise<T>;
  readonly inUse: number;
  readonly waiting: number;
}

interface Waiter {
  readonly units: number;
  readonly start: () => void;
}

export function createSemaphore(options: SemaphoreOptions): Semaphore {
  const { name, capacity, waitingMax } = options;
  const waiters = new Set<Waiter>();
  let inUse = 0;

  const startWaiters = () => {
    for (const waiter of waiters) {
      if (inUse + waiter.units > capacity) return;
      waiters.delete(waiter);
      inUse += waiter.units;
      waiter.start();
    }
  };
  const giveBack = (units: number) => {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      inUse -= units;
      startWaiters();
    };
  };
  const wait = (units: number, signal: AbortSignal | undefined) =>
    new Promise<() => void>((resolve, reject) => {
      const onAbort = () => {
        waiters.delete(waiter);
        reject(canceled(name));
        startWaiters();
      };
      const waiter: Waiter = {
        units,
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve(giveBack(units));
        },
      };
      waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  const tryAcquire = (units: number) => {
    if (waiters.size > 0 || inUse + units > capacity) return undefined;
    inUse += units;
    return giveBack(units);
  };
  const acquire = async (wanted = 1, signal?: AbortSignal): Promise<() => void> => {
    const units = Math.min(wanted, capacity);
    if (signal?.aborted) throw canceled(name);
    const release = tryAcquire(units);
    if (release !== undefined) return release;
    if (waiters.size >= waitingMax) {
      throw new FlamelakeError('resource_exhausted', 'too many callers wait', { resource: name, limit: waitingMax });
    }
    return wait(units, signal);
  };
  return {
    acquire,
    tryAcquire,
    async run(task, units, signal) {
      const release = await acquire(units, signal);
      try {
        return await task();
      } finally {
        release();
      }
    },
    get inUse() {
      return inUse;
    },
    get waiting() {
      return waiters.size;
    },
  };
}

function canceled(name: string): FlamelakeError {
  return new FlamelakeError('canceled', 'canceled while waiting', { resource: name });
}
