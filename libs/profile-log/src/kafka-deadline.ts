/** A bound on work that cannot be stopped. */
import { type Clock, FlamelakeError } from '@flamelake/model';

/**
 * Waits for the work until a time of the monotonic clock. Late work goes on, its outcome unseen.
 * @throws {FlamelakeError} `unavailable`, with `isSent`: what was asked may happen yet
 */
export async function withDeadline<T>(clock: Clock, untilMs: number, work: Promise<T>): Promise<T> {
  const inTime = new AbortController();
  const late = clock.sleep(untilMs - clock.monotonicMs(), inTime.signal).then(() => {
    throw new FlamelakeError('unavailable', 'kafka gave no answer in time', { isSent: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    // Whichever lost must not end the process.
    late.catch(() => {});
    work.catch(() => {});
    inTime.abort();
  }
}
