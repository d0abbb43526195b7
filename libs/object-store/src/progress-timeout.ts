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
  const givenUp = Promise.withResolvers<never>();
  let movedAtMs = clock.monotonicMs();
  const giveUp = (error: FlamelakeError) => {
    own.abort(error);
    givenUp.reject(error);
  };
  const onAbort = () => giveUp(canceled());
  signal?.addEventListener('abort', onAbort, { once: true });
  const watch = async () => {
    while (!own.signal.aborted) {
      const leftMs = movedAtMs + timeoutMs - clock.monotonicMs();
      if (leftMs <= 0) giveUp(late(timeoutMs));
      else await clock.sleep(leftMs, own.signal);
    }
  };
  void watch();
  try {
    // Raced, because a client may not heed the signal everywhere.
    return await Promise.race([
      task({ signal: own.signal, progress: () => void (movedAtMs = clock.monotonicMs()) }),
      givenUp.promise,
    ]);
  } catch (error) {
    // The client says in its own words that it was given up.
    throw own.signal.reason instanceof FlamelakeError ? own.signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    own.abort(SETTLED);
  }
}

/** Reason of an abort that only tidies up: without one a stack is recorded each time. */
const SETTLED = 'settled';

function canceled(): FlamelakeError {
  return new FlamelakeError('canceled', 'read was canceled');
}

function late(timeoutMs: number): FlamelakeError {
  return new FlamelakeError('unavailable', 'object store does not answer in time', {
    timeoutMs,
    lookAt: 'store.request-timeout, and the network between here and the store',
  });
}
