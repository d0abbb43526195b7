import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createFairQueue } from './fair-queue.ts';

const never = () => new AbortController().signal;

/** Lets every promise that can go on do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('tenants take turns, each in its own order', async () => {
  const queue = createFairQueue({ capacity: () => 1, waitingMax: 100, tenantWaitingMax: 100 });
  const order: string[] = [];
  const run = async (name: string, tenant: string) => {
    const release = await queue.acquire(tenant, never());
    order.push(name);
    await settle();
    release();
  };
  const first = run('a1', 'a');
  const all = ['a2', 'a3', 'a4', 'a5', 'b1', 'c1', 'b2'].map((name) => run(name, name.charAt(0)));
  await Promise.all([first, ...all]);
  assert.deepEqual(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5']);
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});

test('no more run than may, and more may when the capacity grows', async () => {
  let capacity = 2;
  const queue = createFairQueue({ capacity: () => capacity, waitingMax: 100, tenantWaitingMax: 100 });
  const turns = Array.from({ length: 6 }, () => queue.acquire('a', never()));
  assert.equal(queue.running, 2);
  capacity = 4;
  queue.advance();
  assert.deepEqual([queue.running, queue.waiting], [4, 2]);
  for (const turn of turns) {
    const release = await turn;
    release();
    release();
    assert.ok(queue.running <= 4);
  }
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});

test('too many of a tenant, or in all, are refused with a time to come back', async () => {
  const queue = createFairQueue({ capacity: () => 1, waitingMax: 3, tenantWaitingMax: 2 });
  const release = await queue.acquire('a', never());
  const waiting = [queue.acquire('a', never()), queue.acquire('a', never())];
  const refusal = (limit: number) => (error: unknown) => {
    assert.ok(error instanceof FlamelakeError && error.code === 'resource_exhausted');
    assert.deepEqual([error.details.limit, error.details.retryAfterSeconds], [limit, 1]);
    return true;
  };
  await assert.rejects(queue.acquire('a', never()), refusal(2));
  waiting.push(queue.acquire('b', never()));
  await assert.rejects(queue.acquire('c', never()), refusal(3));
  release();
  await Promise.all(waiting.map(async (turn) => (await turn)()));
  (await queue.acquire('c', never()))();
});

test('whoever is canceled leaves the queue', async () => {
  const queue = createFairQueue({ capacity: () => 1, waitingMax: 10, tenantWaitingMax: 10 });
  const release = await queue.acquire('a', never());
  const controller = new AbortController();
  const canceled = queue.acquire('a', controller.signal);
  const next = queue.acquire('a', never());
  controller.abort();
  const isCanceled = (error: unknown) => error instanceof FlamelakeError && error.code === 'canceled';
  await assert.rejects(canceled, isCanceled);
  assert.equal(queue.waiting, 1);
  release();
  (await next)();
  await assert.rejects(queue.acquire('a', AbortSignal.abort()), isCanceled);
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});
