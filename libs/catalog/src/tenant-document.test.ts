import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom } from '@flamelake/testkit';
import { changeDocument, DOCUMENT_BYTES_MAX, readDocument } from './tenant-document.ts';
import { createWorld } from './world.test-support.ts';

const NAME = { tenant: "o'brien|*", name: 'settings' };

function world() {
  const { store } = createWorld();
  const random = createSeededRandom(5);
  return { store, context: { store, random } };
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
