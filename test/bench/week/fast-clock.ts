/** A clock that runs as fast as the work allows: time stands still while anything can be done, then goes on to the next sleeper. */
import type { Clock } from '@flamelake/model';

export interface FastClock extends Clock {
  /** Wakes sleepers in the order of time until the promise settles. @throws what it rejects with, or when nobody sleeps any more */
  runUntil(done: Promise<void>): Promise<void>;
}

interface Sleeper {
  readonly dueMs: number;
  wake(): void;
}

/** For components all of whose ports answer within microtasks. Equal use gives equal runs. */
export function createFastClock(startMs: number): FastClock {
  let nowMs = startMs;
  let sleepers: Sleeper[] = [];

  function wakeNext(): void {
    const dueMs = sleepers.reduce((least, sleeper) => Math.min(least, sleeper.dueMs), Number.POSITIVE_INFINITY);
    if (dueMs === Number.POSITIVE_INFINITY) throw new RangeError('nothing is left to wait for');
    nowMs = Math.max(nowMs, dueMs);
    const due = sleepers.filter((sleeper) => sleeper.dueMs <= nowMs);
    sleepers = sleepers.filter((sleeper) => sleeper.dueMs > nowMs);
    for (const sleeper of due) sleeper.wake();
  }

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const abort = () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          resolve();
        };
        const sleeper: Sleeper = {
          dueMs: nowMs + Math.max(0, ms),
          wake() {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    async runUntil(done) {
      let isDone = false;
      const end = () => {
        isDone = true;
      };
      done.then(end, end);
      for (;;) {
        // A macrotask runs only when no microtask is left: then all who are awake wait for a sleeper.
        await new Promise((resolve) => setImmediate(resolve));
        if (isDone) return done;
        wakeNext();
      }
    },
  };
}
