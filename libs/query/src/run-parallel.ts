/** Bounded parallel work of which nothing outlives the call. */

/**
 * Runs `work` on every item, at most `inFlightMax` at a time, in order of the items.
 * @param work - gets a signal that aborts with `signal`, and when another item has failed
 * @throws what the first failed item threw, once all that had begun has ended
 */
export async function runParallel<T>(
  items: readonly T[],
  inFlightMax: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const [first] = items;
  // One alone has no others to stop.
  if (items.length === 1 && first !== undefined) return work(first, signal);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const errors: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && errors.length === 0) {
      try {
        await work(items[next++], either);
      } catch (error) {
        errors.push(error);
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
}
