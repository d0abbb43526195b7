/** A clock whose wall stands still: whoever sleeps, sleeps until the signal. For queries, whose time limits do not matter then. */
import type { Clock } from '@flamelake/model';

export function createStillClock(nowMs: number): Clock {
  return {
    nowMs: () => nowMs,
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) => {
      if (ms === 0 || signal === undefined || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
}
