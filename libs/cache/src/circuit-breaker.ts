/** Leaves something alone that does not work: after some failures in a row nobody asks it for a while, then one tries for all. */
import type { Clock } from '@flamelake/model';

export interface CircuitBreaker {
  /** Whether to ask now. */
  admit(): boolean;
  /** How an admitted asking went. */
  succeeded(): void;
  failed(): void;
  readonly isOpen: boolean;
}

/** Failures in a row that open it. */
const FAILURES_MAX = 5;
const REST_MS = 250;
const REST_MS_MAX = 5_000;

export function createCircuitBreaker(clock: Clock): CircuitBreaker {
  let failures = 0;
  /** How often it has been opened since it last worked. */
  let openings = 0;
  let restsUntilMs = 0;
  let isTrying = false;
  const isOpen = () => openings > 0;
  return {
    admit() {
      if (!isOpen()) return true;
      if (isTrying || clock.monotonicMs() < restsUntilMs) return false;
      isTrying = true;
      return true;
    },
    succeeded() {
      failures = 0;
      openings = 0;
      isTrying = false;
    },
    failed() {
      failures++;
      // Those admitted before it opened may fail later than that: they are one opening.
      if (isOpen() ? !isTrying : failures < FAILURES_MAX) return;
      isTrying = false;
      restsUntilMs = clock.monotonicMs() + Math.min(REST_MS_MAX, REST_MS * 2 ** openings);
      openings++;
    },
    get isOpen() {
      return isOpen();
    },
  };
}
