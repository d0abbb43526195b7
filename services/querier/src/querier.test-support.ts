/** A querier over a store with one block, and the task that reads it. */
import { createBlockBuilder } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import type { Task } from '@flamelake/query';
import { createMetrics, systemClock } from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { createQuerier, type QuerierOptions } from './querier.ts';

export const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
export const LOG = { logId: 'log', partition: 0, position: 0, next: 1, lastAppendMs: 0, gaps: [] };

export function recordsOf(seed: number, count: number) {
  const random = createSeededRandom(seed);
  return Array.from({ length: count }, () => randomProfileRecord(random, { services: ['cart'] }));
}

/** A store with one block of some profiles, and the task that reads it. */
export async function setUp(options: Partial<QuerierOptions> = {}) {
  const records = recordsOf(1, 20);
  const store = createMemoryStore({ clock: systemClock });
  const reads: string[] = [];
  const watched: ObjectStore = {
    ...store,
    get: (key, range, signal) => {
      reads.push(key);
      return store.get(key, range, signal);
    },
  };
  const builder = createBlockBuilder();
  for (const [i, record] of records.entries()) builder.addProfile(record, i);
  const { bytes, info } = builder.build({ id: '1'.padStart(32, '0'), level: 0, log: LOG });
  await store.putIfAbsent('a', bytes);
  const etag = (await store.get('a'))?.etag;
  const task: Task = {
    question: { kind: 'functions' },
    selection: {
      tenants: ['anonymous'],
      fromMs: 0,
      untilMs: Number.MAX_SAFE_INTEGER,
      selectors: [],
      profileTypeId: CPU,
    },
    parts: [
      {
        object: { key: 'a', id: info.id, etag, sizeBytes: bytes.length },
        datasets: [{ tenant: 'anonymous', service: 'cart', minTimeMs: 0, maxTimeMs: 1 }],
        deletes: [],
      },
    ],
    estimatedBytes: bytes.length,
  };
  const querier = createQuerier({
    store: watched,
    storeId: 's',
    clock: systemClock,
    metrics: createMetrics(),
    ...options,
  });
  return { records, store, reads, task, querier };
}
