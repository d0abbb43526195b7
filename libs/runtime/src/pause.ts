/** Turns for others: tasks whose bytes are all cached would otherwise keep the event loop to themselves. */
import type { Clock } from '@flamelake/model';

/** Longest time all tasks together work without a pause, ms. */
export const TURN_MS = 10;

/** @returns waits for a turn of the event loop when the last one is too long ago, else not at all */
export function createPause(clock: Clock): () => Promise<void> {
  let turnMs = clock.monotonicMs();
  let resting: Promise<void> | undefined;
  const rest = async () => {
    await clock.sleep(0);
    turnMs = clock.monotonicMs();
    resting = undefined;
  };
  return async () => {
    if (resting === undefined && clock.monotonicMs() - turnMs < TURN_MS) return;
    resting ??= rest();
    await resting;
  };
}
