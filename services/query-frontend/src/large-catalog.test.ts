/** Catalogs of many tenants, services or years: what a manifest, a fold and the first queries of a process take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBlockBuilder, type DatasetInfo } from '@flamelake/block';
import {
  type BlockEntry,
  blockKey,
  commitChange,
  createSnapshotSource,
  encodeManifest,
  foldOnce,
  newestManifest,
  segmentKey,
} from '@flamelake/catalog';
import type { Clock, ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createQuerier } from '@flamelake/querier';
import { createMetrics } from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord, type SeededRandom } from '@flamelake/testkit';
import { callOf } from './frontend.test-support.ts';
import { createQueryFrontend } from './query-frontend.ts';
import { QUERY_LIMITS_DEFAULT } from './query-limits.ts';

const ROOT = { logId: 'log', partition: 0 };
const KEYS = { seal: new Uint8Array(32).fill(1), hmac: new Uint8Array(32).fill(2) };
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Shortly after noon. */
const NOW_MS = Date.UTC(2026, 0, 15, 12, 5);
const MANIFEST_BYTES_MAX = 262_144;
const REQUESTS_MAX = 100;
const READ_BYTES_MAX = 20_000_000;

const clock: Clock = { nowMs: () => NOW_MS, monotonicMs: () => 0, sleep: () => new Promise<void>(() => undefined) };

/** How many tenants with how many services each, over how many days. */
interface Shape {
  readonly tenants: number;
  readonly services: number;
  readonly days: number;
}

/** Counts what is asked of a store. */
function counting(store: ObjectStore) {
  const count = { requests: 0, readBytes: 0, writtenBytes: 0 };
  const counted: ObjectStore = {
    ...store,
    async get(key, range, signal) {
      count.requests++;
      const object = await store.get(key, range, signal);
      count.readBytes += object?.bytes.length ?? 0;
      return object;
    },
    list(prefix, options) {
      count.requests++;
      return store.list(prefix, options);
    },
    listFolders(prefix) {
      count.requests++;
      return store.listFolders(prefix);
    },
    put(key, body) {
      if (!key.includes('/blocks/')) count.writtenBytes += body.length;
      return store.put(key, body);
    },
    putIfAbsent(key, body) {
      count.writtenBytes += body.length;
      return store.putIfAbsent(key, body);
    },
  };
  return { store: counted, count };
}

/** What a block holds of every service, in one span of time. */
function blockOf(random: SeededRandom, shape: Shape, level: number, fromMs: number, widthMs: number): BlockEntry {
  const datasets: DatasetInfo[] = [];
  for (let tenant = 0; tenant < shape.tenants; tenant++) {
    for (let service = 0; service < shape.services; service++) {
      const minTimeMs = fromMs + random.integer(widthMs / 10);
      datasets.push({
        tenant: `tenant-${tenant}`,
        service: `team-${service % 17}/service-${service}`,
        minTimeMs,
        maxTimeMs: fromMs + widthMs - 1 - random.integer(widthMs / 10),
        profileTypes: service % 3 === 0 ? [CPU] : [CPU, HEAP],
        sizeBytes: 1_000 + random.integer(100_000),
      });
    }
  }
  const id = Buffer.from(random.bytes(16)).toString('hex');
  const log = { ...ROOT, position: 0, next: 1 + random.integer(1e9), lastAppendMs: fromMs + widthMs, gaps: [] };
  return { key: blockKey(ROOT, 0, id), id, level, sizeBytes: 1e9, log, datasets };
}

/** Days, the hours of today, and what was folded in the last minutes; of one more service a profile in a segment. */
async function fill(store: ObjectStore, shape: Shape, random: SeededRandom): Promise<void> {
  const todayMs = Math.floor(NOW_MS / DAY_MS) * DAY_MS;
  const add = async (blocks: readonly BlockEntry[]) => {
    const id = Buffer.from(random.bytes(16)).toString('hex');
    const { outcome } = await commitChange(store, ROOT, { kind: 'merge', id, remove: [], add: blocks });
    assert.equal(outcome, 'committed');
  };
  const perCommit = Math.max(1, Math.floor(20_000 / (shape.tenants * shape.services)));
  for (let day = shape.days; day >= 1; day -= perCommit) {
    const count = Math.min(day, perCommit);
    await add(Array.from({ length: count }, (_, i) => blockOf(random, shape, 3, todayMs - (day - i) * DAY_MS, DAY_MS)));
  }
  await add([blockOf(random, shape, 2, todayMs + 11 * HOUR_MS, HOUR_MS)]);
  for (const minute of [1, 2]) await add([blockOf(random, shape, 1, todayMs + 12 * HOUR_MS + minute * 60_000, 60_000)]);
  const builder = createBlockBuilder();
  const timeMs = NOW_MS - 60_000;
  builder.addProfile(randomProfileRecord(random, { tenants: ['tenant-7'], services: ['checkout'], timeMs }), 0);
  const log = { ...ROOT, position: 0, next: 1, lastAppendMs: timeMs, gaps: [] };
  await store.putIfAbsent(segmentKey(ROOT, 0), builder.build({ id: '1'.padStart(32, '0'), level: 0, log }).bytes);
}

const SHAPES: Readonly<Record<string, Shape & { readonly foldBytesMax: number }>> = {
  '10,000 tenants': { tenants: 10_000, services: 1, days: 3, foldBytesMax: 20_000 },
  '100,000 services': { tenants: 100, services: 1_000, days: 1, foldBytesMax: 20_000 },
  'five years': { tenants: 8, services: 2, days: 1_826, foldBytesMax: MANIFEST_BYTES_MAX },
};

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`${name}: the manifest stays small, and so does what a fold writes and a first query reads`, async (context) => {
    const random = createSeededRandom(name);
    const { store, count } = counting(createMemoryStore({ clock }));
    await fill(store, shape, random);
    count.writtenBytes = 0;
    assert.equal((await foldOnce({ store, root: ROOT, random })).outcome, 'committed');
    const foldBytes = count.writtenBytes;
    const newest = await newestManifest(store, ROOT);
    const manifestBytes = encodeManifest(newest).length;
    assert.ok(newest.days !== undefined, 'the catalog is in index pages');
    assert.ok(manifestBytes <= MANIFEST_BYTES_MAX, `manifest of ${manifestBytes} bytes`);
    assert.ok(foldBytes <= shape.foldBytesMax, `a fold writes ${foldBytes} bytes of catalog`);
    context.diagnostic(`manifest ${manifestBytes} bytes, ${newest.days.length} days; a fold writes ${foldBytes}`);

    const hour = { startMs: Math.floor(NOW_MS / HOUR_MS - 1) * HOUR_MS, endMs: NOW_MS };
    /** Asks as a process that has just started. */
    const ask = async <Answer>(
      what: string,
      run: (queries: ReturnType<typeof createQueryFrontend>) => Promise<Answer>,
    ) => {
      const cold = counting(store);
      const querier = createQuerier({ store: cold.store, storeId: 'store', clock, metrics: createMetrics() });
      const snapshots = createSnapshotSource({ store: cold.store, clock });
      const limits = () => QUERY_LIMITS_DEFAULT;
      const answer = await run(createQueryFrontend({ snapshots, keys: KEYS, execute: querier.execute, limits, clock }));
      const { requests, readBytes } = cold.count;
      context.diagnostic(`${what}: ${requests} requests, ${readBytes} bytes`);
      assert.ok(requests <= REQUESTS_MAX && readBytes <= READ_BYTES_MAX, `${what}: ${requests}, ${readBytes} bytes`);
      return answer;
    };
    const types = await ask('profile types', (queries) => queries.profileTypes(callOf('tenant-7'), hour));
    assert.ok(types.length >= 1);
    const services = await ask('services', (queries) =>
      queries.labelValues(callOf('tenant-7'), hour, 'service_name', []),
    );
    assert.equal(services.length, shape.services + 1);
    const flamegraph = await ask('flame graph', (queries) =>
      queries.flamegraph(callOf('tenant-7'), {
        ...hour,
        profileTypeId: CPU,
        labelSelector: '{service_name="checkout"}',
        maxNodes: undefined,
      }),
    );
    assert.ok(flamegraph.total > 0n);
    const { levels, countedFromMs } = await ask('stored', (queries) => queries.stored(callOf('tenant-7')));
    assert.deepEqual(
      levels.map(({ level, blocks }) => [level, blocks]),
      [
        [1, 3],
        [2, 1],
        [3, Math.min(shape.days, 64)],
      ],
    );
    // Of longer, 64 days are counted: the newest.
    const daysAgo = countedFromMs === 0 ? 0 : Math.floor(NOW_MS / DAY_MS) - Math.floor(countedFromMs / DAY_MS);
    assert.equal(daysAgo, shape.days > 64 ? 65 : 0);
  });
}
