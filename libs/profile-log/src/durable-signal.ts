/** Lets readers sleep until records become durable. */
import { type Clock, FlamelakeError } from '@flamelake/model';

/** Readers that may wait at once. */
const WAITING_MAX = 1_024;

export class DurableSignal {
  readonly #clock: Clock;
  readonly #waiting = new Set<AbortController>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves at the next `notify`, when the signal aborts, or after `waitMs`. */
  async wait(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return;
    if (this.#waiting.size >= WAITING_MAX) {
      throw new FlamelakeError('resource_exhausted', 'too many readers wait for the profile log', {
        limit: WAITING_MAX,
      });
    }
    const wake = new AbortController();
    const onAbort = () => wake.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(wake);
    try {
      await this.#clock.sleep(waitMs, wake.signal);
    } finally {
      this.#waiting.delete(wake);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  notify(): void {
    for (const wake of this.#waiting) wake.abort();
  }
}
