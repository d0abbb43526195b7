/** The machine's clock and timers. */
import type { Clock } from '@flamelake/model';

/** Longest single timer: beyond it Node fires at once. */
const TIMER_MS_MAX = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(ms, 0), TIMER_MS_MAX));
      signal?.addEventListener('abort', done);
    }),
};
