/** A timeout that counts from the last progress, so that large bodies may take long and dead connections may not. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { RemoteCall } from './remote-driver.ts';

export interface ProgressTimeoutOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The caller's own wish to stop. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a task until it settles, the caller cancels, or nothing moved for `timeoutMs`.
 * @throws {FlamelakeError} `canceled`, `unavailable` after the timeout, or whatever the task throws
 */
export async function withProgressTimeout<T>(
  task: (call: RemoteCall) => Promise<T>,
  { clock, timeoutMs, signal }: ProgressTimeoutOptions,
): Promise<T> {
  if (signal?.aborted) throw canceled();
  const own = new AbortController();
  let movedAtMs = clock.monotonicMs();
  let isLate = false;
  const onAbort = () => own.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const watch = async (): Promise<never> => {
    for (;;) {
      const leftMs = movedAtMs + timeoutMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await clock.sleep(leftMs, own.signal);
      if (own.signal.aborted) break;
    }
    isLate = !own.signal.aborted;
    own.abort();
    throw isLate ? late(timeoutMs) : canceled();
  };
  try {
    // Raced, because a client may not heed the signal everywhere.
    return await Promise.race([
      task({ signal: own.signal, progress: () => void (movedAtMs = clock.monotonicMs()) }),
      watch(),
    ]);
  } catch (error) {
    if (isLate) throw late(timeoutMs);
    if (signal?.aborted) throw canceled();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    own.abort();
  }
}

function canceled(): FlamelakeError {
  return new FlamelakeError('canceled', 'read was canceled');
}

function late(timeoutMs: number): FlamelakeError {
  return new FlamelakeError('unavailable', 'object store does not answer in time', {
    timeoutMs,
    lookAt: 'store.request-timeout, and the network between here and the store',
  });
}
