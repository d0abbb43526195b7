/** An object store that counts what it is asked: requests, errors, durations, bytes. */
import { type Clock, FlamelakeError, type ObjectStore } from '@flamelake/model';
import { type Metrics, noTracing, SECONDS_BUCKETS, type Tracing } from '@flamelake/runtime';

/**
 * Wraps a store. Durations are of whole operations, waiting for a place included; results are `ok` or the error's code.
 */
export function measureStore(
  store: ObjectStore,
  metrics: Metrics,
  clock: Clock,
  tracing: Tracing = noTracing,
): ObjectStore {
  const seconds = metrics.histogram(
    {
      name: 'object_store_operation_seconds',
      help: 'Operations on the object store, by result: ok or the code of the error.',
      labels: ['operation', 'result'],
    },
    SECONDS_BUCKETS,
  );
  const bytesRead = metrics.counter({ name: 'object_store_read_bytes_total', help: 'Bytes of objects read.' });
  const bytesWritten = metrics.counter({ name: 'object_store_written_bytes_total', help: 'Bytes of objects written.' });

  const measure = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const startMs = clock.monotonicMs();
    let result = 'ok';
    try {
      // What nobody asked for - polling, compaction - makes no traces of its own.
      if (tracing.current() === undefined) return await run();
      return await tracing.span(`object store ${operation}`, { kind: 'client' }, run);
    } catch (error) {
      result = error instanceof FlamelakeError ? error.code : 'unknown';
      throw error;
    } finally {
      seconds.observe((clock.monotonicMs() - startMs) / 1_000, { operation, result });
    }
  };
  return {
    async putIfAbsent(key, body) {
      const answer = await measure('put_if_absent', () => store.putIfAbsent(key, body));
      if (answer === 'created') bytesWritten.add(body.length);
      return answer;
    },
    async put(key, body) {
      await measure('put', () => store.put(key, body));
      bytesWritten.add(body.length);
    },
    async get(key, range, signal) {
      const object = await measure('get', () => store.get(key, range, signal));
      if (object !== undefined) bytesRead.add(object.bytes.length);
      return object;
    },
    list: (prefix, options) => measure('list', () => store.list(prefix, options)),
    listFolders: (prefix) => measure('list_folders', () => store.listFolders(prefix)),
    delete: (keys) => measure('delete', () => store.delete(keys)),
    nowMs: () => store.nowMs(),
    close: () => store.close(),
  };
}
