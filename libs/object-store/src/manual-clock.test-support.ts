/** A clock that stands until a test moves it. */
import type { Clock } from '@flamelake/model';

export interface ManualClock extends Clock {
  /** Moves the time; whoever slept until then goes on first. */
  advance(ms: number): Promise<void>;
  /** Sleeps under way. */
  readonly sleeping: number;
}

export function createManualClock(startMs = 1_000_000): ManualClock {
  let nowMs = startMs;
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  /** Lets everything run that waits for nothing but promises. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) {
          resolve();
          return;
        }
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { untilMs: nowMs + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake);
      }),
    async advance(ms) {
      await settle();
      const untilMs = nowMs + ms;
      for (;;) {
        const next = [...sleepers].sort((a, b) => a.untilMs - b.untilMs)[0];
        if (next === undefined || next.untilMs > untilMs) break;
        nowMs = next.untilMs;
        next.wake();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
    get sleeping() {
      return sleepers.size;
    },
  };
}
