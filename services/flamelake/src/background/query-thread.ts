/** Entry of the query thread: a querier over a store and a cache of its own. */
import { workerData } from 'node:worker_threads';
import { createMemoryCache } from '@flamelake/cache';
import { openStore } from '@flamelake/catalog';
import { createQuerier } from '@flamelake/querier';
import { decodeTask } from '@flamelake/query';
import { createMetrics, systemClock, systemRandom } from '@flamelake/runtime';
import { openObjectStore } from '../server/open-object-store.ts';
import { servePort } from './port-calls.ts';
import { type ExecuteArgument, type QueryThreadData, SMALL_TASKS_SHARE } from './start-query-thread.ts';

const { options, port } = workerData as QueryThreadData;
const [clock, random, metrics] = [systemClock, systemRandom, createMetrics()];
const running = new Map<number, AbortController>();
const store = openObjectStore({ options, clock, random, metrics, readOnly: true });
const querier = store.then(async (opened) => {
  const cache = createMemoryCache({ bytesMax: options['query.cache-size-max'], metrics });
  const { id } = await openStore(opened, random);
  const memoryBytesMax = Math.floor(options['querier.memory-max'] * (1 - SMALL_TASKS_SHARE));
  return createQuerier({ store: opened, storeId: id, cache, results: cache, memoryBytesMax, clock, metrics });
});

servePort(port, {
  execute: async ({ id, task }: ExecuteArgument) => {
    const cancelling = new AbortController();
    running.set(id, cancelling);
    try {
      const answer = await (await querier).answer(decodeTask(task), cancelling.signal);
      const value = answer.slice();
      return { value, transfer: [value.buffer] };
    } finally {
      running.delete(id);
    }
  },
  cancel: async (id: number) => ({ value: running.get(id)?.abort() }),
  metrics: async () => ({ value: await metrics.snapshot() }),
  close: async () => {
    await (await store).close();
    // The answer leaves first; then nothing keeps the thread alive.
    setImmediate(() => port.close());
    return { value: undefined };
  },
});
