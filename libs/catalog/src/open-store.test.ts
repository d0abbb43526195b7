import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom } from '@flamelake/testkit';
import { openStore, STORE_KEY } from './open-store.ts';
import { createTestClock, createTestStore } from './world.test-support.ts';

test('a new store gets an identity, and keeps it', async () => {
  const store = createTestStore(createTestClock());
  const first = await openStore(store, createSeededRandom(1));
  assert.match(first.id, /^[0-9a-f]{32}$/);
  assert.equal(first.keys.seal.length, 32);
  assert.notDeepEqual(first.keys.seal, first.keys.hmac);
  assert.deepEqual(await openStore(store, createSeededRandom(2)), first);
});

test('processes that open a new store at once agree, whatever the put answers', async () => {
  const store = createTestStore(createTestClock());
  let rival: unknown;
  store.meet('putIfAbsent', STORE_KEY, async () => {
    rival = await openStore(store, createSeededRandom(2));
    return undefined;
  });
  assert.deepEqual(await openStore(store, createSeededRandom(1)), rival);
});

test('an unreadable identity is data loss, a newer one is refused', async () => {
  const write = async (text: string) => {
    const store = createTestStore(createTestClock());
    await store.put(STORE_KEY, Buffer.from(text));
    return openStore(store, createSeededRandom(1));
  };
  await assert.rejects(write('{'), { code: 'data_loss' });
  await assert.rejects(write('{"formatVersion":1,"id":"x"}'), { code: 'data_loss' });
  await assert.rejects(write('{"formatVersion":2}'), { code: 'failed_precondition' });
});
