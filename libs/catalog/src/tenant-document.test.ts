import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom } from '@flamelake/testkit';
import { changeDocument, DOCUMENT_BYTES_MAX, readDocument } from './tenant-document.ts';
import { createWorld } from './world.test-support.ts';

const NAME = { tenant: "o'brien|*", name: 'settings' };

function world() {
  const { store, clock } = createWorld();
  const random = createSeededRandom(5);
  return { store, clock, context: { store, random, clock } };
}

const push = (item: number) => (value: unknown) => [...((value as number[] | undefined) ?? []), item];

test('a document is what it was changed to last, and each tenant has its own', async () => {
  const { store, context } = world();
  assert.equal(await readDocument(store, NAME), undefined);
  assert.deepEqual(await changeDocument(context, NAME, push(1)), [1]);
  assert.deepEqual(await changeDocument(context, NAME, push(2)), [1, 2]);
  assert.deepEqual(await readDocument(store, NAME), [1, 2]);
  assert.equal(await readDocument(store, { ...NAME, tenant: 'other' }), undefined);
});

test('changes at the same time all count, once each', async () => {
  const { store, context } = world();
  await Promise.all(Array.from({ length: 8 }, (_, i) => changeDocument(context, NAME, push(i))));
  const value = (await readDocument(store, NAME)) as number[];
  assert.deepEqual(
    value.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});

test('a change whose answer is lost, or that is still under way, counts once', async () => {
  const { store, context } = world();
  store.meet('putIfAbsent', 'tenants/', () => 'answerLost');
  assert.deepEqual(await changeDocument(context, NAME, push(1)), [1]);
  store.meet('putIfAbsent', 'tenants/', () => 'stillUnderWay');
  assert.deepEqual(await changeDocument(context, NAME, push(2)), [1, 2]);
  await store.underWay[0]?.();
  assert.deepEqual(await readDocument(store, NAME), [1, 2]);
});

test('a store that takes no puts is said to be away, and a change may be made once it takes them again', async () => {
  const { store, clock, context } = world();
  await changeDocument(context, NAME, push(1));
  const slept: number[] = [];
  clock.onSleep = (ms) => slept.push(ms);
  const attempts = () => store.requests.filter((request) => request.startsWith('putIfAbsent')).length;
  const before = attempts();
  for (let i = 0; i < 5; i++) store.meet('putIfAbsent', 'tenants/', () => 'refused');
  await assert.rejects(changeDocument(context, NAME, push(2)), {
    code: 'unavailable',
    details: { ...NAME, attempts: 5, retryAfterSeconds: 1 },
  });
  assert.equal(attempts(), before + 5);
  assert.equal(slept.length, 4);
  assert.ok(slept.every((ms, i) => ms <= 50 * 2 ** i) && Math.max(...slept) > 50, slept.join());
  for (let i = 0; i < 4; i++) store.meet('putIfAbsent', 'tenants/', () => 'refused');
  assert.deepEqual(await changeDocument(context, NAME, push(3)), [1, 3]);
});

test('only who always finds a new version of others is told so', async () => {
  const { store, context } = world();
  let others = 0;
  const other = async () => {
    await changeDocument({ ...context, store: store.inner }, NAME, () => others++);
    return undefined;
  };
  for (let i = 0; i < 20; i++) store.meet('putIfAbsent', 'tenants/', other);
  await assert.rejects(
    changeDocument(context, NAME, () => 'own'),
    { code: 'aborted', details: { ...NAME, attempts: 20 } },
  );
  // Puts that go unanswered in between are not theirs.
  for (let i = 0; i < 19; i++) {
    for (let j = 0; j < 4; j++) store.meet('putIfAbsent', 'tenants/', () => 'refused');
    store.meet('putIfAbsent', 'tenants/', other);
  }
  assert.equal(await changeDocument(context, NAME, () => 'own'), 'own');
  assert.equal(others, 39);
});

test('a put that lands while the next attempt waits counts once', async () => {
  const { store, clock, context } = world();
  const late: Promise<unknown>[] = [];
  clock.onSleep = () => {
    const landing = store.underWay.pop();
    if (landing !== undefined) late.push(landing());
  };
  store.meet('putIfAbsent', 'tenants/', () => 'stillUnderWay');
  assert.deepEqual(await changeDocument(context, NAME, push(1)), [1]);
  assert.equal(late.length, 1);
  assert.deepEqual(await changeDocument(context, NAME, push(2)), [1, 2]);
});

test('old versions go, and one that comes back changes nothing', async () => {
  const { store, context } = world();
  for (let i = 0; i < 70; i++) await changeDocument(context, NAME, () => i);
  const versions = await store.list('tenants/', { limit: 1_000 });
  assert.equal(versions.length, 64);
  const [newest] = versions;
  const old = (newest?.key ?? '').replace(/\d+$/, (number) => String(BigInt(number) + 69n));
  assert.equal(await store.putIfAbsent(old, Buffer.from('{"late":true}')), 'created');
  assert.equal(await readDocument(store, NAME), 69);
  assert.equal(await changeDocument(context, NAME, () => 70), 70);
});

test('too large a document, and one a newer release wrote, are refused', async () => {
  const { store, context } = world();
  const large = 'x'.repeat(DOCUMENT_BYTES_MAX);
  await assert.rejects(
    changeDocument(context, NAME, () => large),
    { code: 'resource_exhausted' },
  );
  assert.equal(await readDocument(store, NAME), undefined);
  const key = `tenants/t/settings/${'9'.repeat(19)}8`;
  await store.putIfAbsent(key, Buffer.from('{"formatVersion":2}'));
  await assert.rejects(readDocument(store, { tenant: 't', name: 'settings' }), { code: 'failed_precondition' });
});
