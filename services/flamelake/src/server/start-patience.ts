/** Waits at start for what the process stands on and does not answer for now; what is refused for good ends the start at once. */
import { type Clock, describeError, type Random } from '@flamelake/model';
import { type Logger, retry } from '@flamelake/runtime';

export interface StartPatience {
  /**
   * Attempts until it goes well, its error is a lasting one, or the start has waited long enough.
   * @param what - what is waited for, in words
   * @throws the last error
   */
  until<T>(what: string, attempt: () => Promise<T>): Promise<T>;
  /** What is waited for, and why, in words. */
  waiting(): string;
}

export interface StartPatienceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Longest wait in all; 0 waits for nothing. */
  readonly timeoutMs: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

const DELAY_MS = 250;
const DELAY_MS_MAX = 5_000;

export function createStartPatience(options: StartPatienceOptions): StartPatience {
  const { clock, random, logger, timeoutMs, signal } = options;
  const untilMs = clock.monotonicMs() + timeoutMs;
  let waiting = 'starting';
  return {
    waiting: () => waiting,
    async until(what, attempt) {
      const result = await retry(attempt, {
        clock,
        random,
        attemptsMax: Number.POSITIVE_INFINITY,
        untilMs,
        delayMs: DELAY_MS,
        delayMsMax: DELAY_MS_MAX,
        ...(signal !== undefined && { signal }),
        onRetry(error, attempts, delayMs) {
          waiting = `starting, waiting for the ${what}: ${describeError(error)}`;
          const leftMs = Math.round(untilMs - clock.monotonicMs());
          const nextInMs = Math.round(delayMs);
          logger.warn('start waits', { for: what, error, attempts, nextInMs, leftMs, option: 'server.start-timeout' });
        },
      });
      waiting = 'starting';
      return result;
    },
  };
}
