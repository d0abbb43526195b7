import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import { createManualClock } from './manual-clock.test-support.ts';
import { createMemoryStore } from './memory-store.ts';
import type { RemoteCall, RemoteDriver } from './remote-driver.ts';
import { createRemoteStore, type RemoteStoreOptions } from './remote-store.ts';

const random: Random = { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 };
const never = () => new Promise<never>(() => {});

/** A driver over a store in memory, whose operations a test may replace. */
function world(faults: Partial<RemoteDriver> = {}, options: Partial<RemoteStoreOptions> = {}) {
  const clock = createManualClock();
  const inner: ObjectStore = createMemoryStore({ clock });
  const driver: RemoteDriver = {
    putIfAbsent: (key, body) => inner.putIfAbsent(key, body),
    put: (key, body) => inner.put(key, body),
    get: (key, range) => inner.get(key, range),
    list: (prefix, startAfter, limit) => inner.list(prefix, { startAfter, limit }),
    listFolders: (prefix) => inner.listFolders(prefix),
    delete: (keys) => inner.delete(keys),
    nowMs: () => inner.nowMs(),
    hasBucket: async () => true,
    makeBucket: async () => 'exists',
    makePermission: 'the right to make buckets',
    explain: (cause) => new FlamelakeError('unavailable', 'object store failed', {}, { cause }),
    close: () => inner.close(),
    ...faults,
  };
  const metrics = createMetrics();
  const store = createRemoteStore(driver, { clock, random, metrics, ...options });
  /** Lets time pass until the promise settles. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    const state = { isDone: false };
    const done = promise.finally(() => {
      state.isDone = true;
    });
    done.catch(() => {});
    while (!state.isDone) await clock.advance(100);
    return done;
  };
  return { clock, inner, store, metrics, settled };
}

/** Fails so many times, then does the work. */
function failing<Words extends unknown[], T>(times: number, work: (...words: Words) => Promise<T>) {
  const calls: Words[] = [];
  const operation = async (...words: Words): Promise<T> => {
    calls.push(words);
    if (calls.length <= times) throw new Error('connection reset');
    return work(...words);
  };
  return { calls, operation };
}

test('a put-if-absent whose answer is lost is not sent again', async () => {
  const { calls, operation } = failing(1, async () => 'created' as const);
  const { store, settled } = world({ putIfAbsent: operation });
  await assert.rejects(settled(store.putIfAbsent('a/b', new Uint8Array(1))), { code: 'unavailable' });
  assert.equal(calls.length, 1);
});

test('a put-if-absent that the store refused for another writer is sent again, with an end', async () => {
  let conflicts = 3;
  let sent = 0;
  const { store, settled } = world({
    async putIfAbsent() {
      sent++;
      return conflicts-- > 0 ? 'conflict' : 'exists';
    },
  });
  assert.equal(await settled(store.putIfAbsent('a/b', new Uint8Array(1))), 'exists');
  assert.equal(sent, 4);
  conflicts = Number.POSITIVE_INFINITY;
  sent = 0;
  await assert.rejects(settled(store.putIfAbsent('a/b', new Uint8Array(1))), { code: 'unavailable' });
  assert.equal(sent, 8);
});

test('everything else is repeated while it may pass by itself, four times in all', async () => {
  const get = failing(3, async () => undefined);
  const list = failing(4, async () => []);
  const { store, settled, metrics } = world({ get: get.operation, list: list.operation });
  assert.equal(await settled(store.get('a/b')), undefined);
  await assert.rejects(settled(store.list('a/')), { code: 'unavailable' });
  assert.deepEqual([get.calls.length, list.calls.length], [4, 4]);
  assert.match(await metrics.text(), /object_store_retries_total\{code="unavailable"\} 6/);
});

test('what is lasting is not repeated', async () => {
  let sent = 0;
  const { store } = world({
    async put() {
      sent++;
      throw new FlamelakeError('permission_denied', 'object store denies access');
    },
  });
  await assert.rejects(store.put('a/b', new Uint8Array(1)), { code: 'permission_denied' });
  assert.equal(sent, 1);
});

test('a try that stands still ends; uploads have time for their size', async () => {
  const started: number[] = [];
  const { store, settled, clock } = world(
    {
      get: () => {
        started.push(clock.monotonicMs());
        return never();
      },
      putIfAbsent: never,
    },
    { requestTimeoutMs: 1_000, attemptsMax: 2 },
  );
  await assert.rejects(settled(store.get('a/b')), { message: 'object store does not answer in time' });
  assert.equal(started.length, 2);
  const beforeMs = clock.monotonicMs();
  await assert.rejects(settled(store.putIfAbsent('a/b', new Uint8Array(8 * 1_048_576))), { code: 'unavailable' });
  const tookMs = clock.monotonicMs() - beforeMs;
  assert.ok(tookMs >= 9_000 && tookMs < 9_500, `${tookMs} ms`);
});

test('keys get the prefix, and lose it in lists', async () => {
  const { store, inner } = world({}, { prefix: '/team/lake/' });
  await store.put('a/b', new Uint8Array(3));
  assert.deepEqual(
    (await inner.list('')).map(({ key }) => key),
    ['team/lake/a/b'],
  );
  assert.deepEqual(
    (await store.list('', { startAfter: 'a/a' })).map(({ key }) => key),
    ['a/b'],
  );
  assert.deepEqual(await store.list('', { startAfter: 'a/b' }), []);
  assert.deepEqual(await store.listFolders(''), ['a']);
  assert.equal((await store.get('a/b'))?.sizeBytes, 3);
  await store.delete(['a/b']);
  assert.deepEqual(await inner.list(''), []);
  assert.throws(() => world({}, { prefix: 'a//b' }), { code: 'invalid_argument' });
});

test('a key is too long with its prefix', async () => {
  const { store } = world({}, { prefix: 'p'.repeat(100) });
  await assert.rejects(store.get('k'.repeat(950)), { code: 'invalid_argument' });
});

test('so many operations at once, so many waiting, no more', async () => {
  let underWay = 0;
  let most = 0;
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { store } = world(
    {
      async get() {
        underWay++;
        most = Math.max(most, underWay);
        await gate;
        underWay--;
        return undefined;
      },
    },
    { concurrency: 2, waitingMax: 3 },
  );
  const reads = Array.from({ length: 5 }, () => store.get('a/b'));
  await assert.rejects(store.get('a/b'), { code: 'resource_exhausted' });
  release();
  await Promise.all(reads);
  assert.equal(most, 2);
});

test('bulk deletes go in thousands', async () => {
  const counts: number[] = [];
  const { store } = world({ delete: async (keys) => void counts.push(keys.length) });
  await store.delete(Array.from({ length: 2_001 }, (_, i) => `a/${i}`));
  assert.deepEqual(counts, [1_000, 1_000, 1]);
});

test('a caller who cancels stops the read, its waiting and its retries', async () => {
  const calls: RemoteCall[] = [];
  const { store, clock } = world({
    get: (_key, _range, call) => {
      calls.push(call);
      return never();
    },
  });
  const caller = new AbortController();
  const read = store.get('a/b', undefined, caller.signal);
  await clock.advance(10);
  caller.abort();
  await assert.rejects(read, { code: 'canceled' });
  assert.ok(calls[0]?.signal.aborted);
  assert.equal(calls.length, 1);
});

test('closing waits for what is under way, and cuts the waiting between tries', async () => {
  const { calls, operation } = failing(99, async () => undefined);
  const { store, clock } = world({ get: operation });
  const read = store.get('a/b');
  const failed = assert.rejects(read, { code: 'unavailable' });
  await clock.advance(0);
  await store.close();
  await failed;
  assert.equal(calls.length, 1);
});

test('a bucket that is there is not made, and one that may not be made names the permission', async () => {
  const denied = () => Promise.reject(new FlamelakeError('permission_denied', 'object store denies access'));
  const { store: there } = world({ makeBucket: denied });
  assert.equal(await there.makeBucket(), 'exists');
  const { store: absent } = world({ hasBucket: async () => false, makeBucket: denied });
  await assert.rejects(absent.makeBucket(), (error: FlamelakeError) => {
    assert.deepEqual([error.code, error.details.lookAt], ['permission_denied', 'the right to make buckets']);
    return true;
  });
  const { calls, operation } = failing(2, async () => 'created' as const);
  const { store: busy, settled } = world({ hasBucket: async () => false, makeBucket: operation });
  assert.equal(await settled(busy.makeBucket()), 'created');
  assert.equal(calls.length, 3);
});
