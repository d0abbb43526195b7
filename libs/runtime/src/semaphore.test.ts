import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createSemaphore } from './semaphore.ts';

const hasCode = (code: string) => (error: unknown) => error instanceof FlamelakeError && error.code === code;

test('no more run at once than the capacity, in order of arrival', async () => {
  const semaphore = createSemaphore({ name: 'tasks', capacity: 3, waitingMax: 100 });
  const started: number[] = [];
  let atOnce = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      semaphore.run(async () => {
        started.push(i);
        atOnce++;
        most = Math.max(most, atOnce);
        await new Promise(setImmediate);
        atOnce--;
      }),
    ),
  );
  assert.equal(most, 3);
  assert.deepEqual(
    started,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.deepEqual([semaphore.inUse, semaphore.waiting], [0, 0]);
});

test('beyond the waiting room callers are refused', async () => {
  const semaphore = createSemaphore({ name: 'tasks', capacity: 1, waitingMax: 1 });
  const release = await semaphore.acquire();
  const waiting = semaphore.acquire();
  await assert.rejects(semaphore.acquire(), (error) => {
    assert.ok(hasCode('resource_exhausted')(error));
    assert.deepEqual((error as FlamelakeError).details, { resource: 'tasks', limit: 1 });
    return true;
  });
  release();
  release();
  const next = await waiting;
  assert.equal(semaphore.inUse, 1);
  next();
  assert.equal(semaphore.inUse, 0);
});

test('units are weighed; a large request is not passed by small ones, nor larger than all there is', async () => {
  const semaphore = createSemaphore({ name: 'bytes', capacity: 10, waitingMax: 10 });
  const order: string[] = [];
  const first = await semaphore.acquire(6);
  const large = semaphore.acquire(50).then((release) => {
    order.push('large');
    return release;
  });
  const small = semaphore.acquire(1).then((release) => {
    order.push('small');
    return release;
  });
  first();
  (await large)();
  (await small)();
  assert.deepEqual(order, ['large', 'small']);
});

test('a canceled caller leaves the queue and lets others by', async () => {
  const semaphore = createSemaphore({ name: 'bytes', capacity: 10, waitingMax: 10 });
  const first = await semaphore.acquire(6);
  const abort = new AbortController();
  const large = semaphore.acquire(10, abort.signal);
  const small = semaphore.acquire(4);
  abort.abort();
  await assert.rejects(large, hasCode('canceled'));
  (await small)();
  first();
  await assert.rejects(semaphore.acquire(1, AbortSignal.abort()), hasCode('canceled'));
  assert.deepEqual([semaphore.inUse, semaphore.waiting], [0, 0]);
});

test('a failing task gives its place back', async () => {
  const semaphore = createSemaphore({ name: 'tasks', capacity: 1, waitingMax: 0 });
  await assert.rejects(
    semaphore.run(async () => {
      throw new Error('task');
    }),
    /task/,
  );
  assert.equal(await semaphore.run(async () => 1), 1);
});
