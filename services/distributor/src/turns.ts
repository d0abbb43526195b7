/**
 * Turns at the event loop: work that many requests bring at once is done a turn at a time, so that timers, sockets and
 * other requests go on in between. A turn is about as long as it may be, and at least one piece of work.
 */
import type { Clock } from '@flamelake/model';

export interface Turns {
  /**
   * Asks for a place in the turn that is on. Whoever gets one does its work at once, without waiting for anything in between.
   * @returns undefined when there is one, else what resolves in one of the next turns, first come, first served
   */
  take(): Promise<void> | undefined;
}

export function createTurns(clock: Clock, turnMs: number): Turns {
  const waiting: (() => void)[] = [];
  let isOn = false;
  let startMs = 0;
  const isOver = () => clock.monotonicMs() - startMs >= turnMs;

  const run = async () => {
    do {
      await clock.sleep(0);
      startMs = clock.monotonicMs();
      while (!isOver()) {
        const next = waiting.shift();
        if (next === undefined) break;
        next();
        // Whoever was let in was waiting before us, and has done its work when we are back.
        await Promise.resolve();
      }
    } while (waiting.length > 0);
    isOn = false;
  };

  return {
    take() {
      if (!isOn) {
        isOn = true;
        startMs = clock.monotonicMs();
        void run();
      }
      if (waiting.length === 0 && !isOver()) return undefined;
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
