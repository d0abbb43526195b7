/** Trying again: bounded, jittered, and only what its code allows. */
import { type Clock, CODE_MEANINGS, FlamelakeError, type Random } from '@flamelake/model';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Attempts in all, the first included. */
  readonly attemptsMax?: number;
  /** Monotonic time after which no attempt begins; none by default. */
  readonly untilMs?: number;
  /** Longest wait before the second attempt; it doubles with each further one. */
  readonly delayMs?: number;
  readonly delayMsMax?: number;
  /** Ends the waiting; the last error is thrown. */
  readonly signal?: AbortSignal;
  /** Told of each failure that will be tried again. */
  readonly onRetry?: (error: FlamelakeError, attempt: number, delayMs: number) => void;
}

/**
 * Calls `attempt` until it succeeds, its error may not be retried (CODE_MEANINGS), or the attempts or the time are used up.
 * Waits a random part of a doubling delay in between ("full jitter", Brooker, AWS Architecture Blog 2015).
 * @throws the last error
 */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, random, attemptsMax = 5, untilMs = Infinity, delayMs = 50, delayMsMax = 5_000 } = options;
  const { signal, onRetry } = options;
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!(error instanceof FlamelakeError) || !CODE_MEANINGS[error.code].mayRetry) throw error;
      if (number >= attemptsMax || signal?.aborted) throw error;
      const waitMs = random.fraction() * Math.min(delayMsMax, delayMs * 2 ** (number - 1));
      if (clock.monotonicMs() + waitMs > untilMs) throw error;
      onRetry?.(error, number, waitMs);
      await clock.sleep(waitMs, signal);
      if (signal?.aborted) throw error;
    }
  }
}
