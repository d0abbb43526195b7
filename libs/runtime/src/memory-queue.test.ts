import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createMemoryQueue, type Place } from './memory-queue.ts';

const CAPACITY = 512;
const NEVER = new AbortController().signal;

/** A queue whose places are seen as they are given. */
function setUp() {
  const queue = createMemoryQueue('memory', CAPACITY);
  const started: string[] = [];
  const take = async (name: string, bytes: number, tenant = 't', signal = NEVER): Promise<Place> => {
    const place = await queue.take(bytes, tenant, signal);
    started.push(name);
    return place;
  };
  return { queue, started, take };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('tenants take turns, whoever came first and however many of one wait', async () => {
  const { queue, started, take } = setUp();
  const whole = await take('whole', CAPACITY);
  const waiting = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => take(name, CAPACITY, name[0]));
  assert.deepEqual([queue.waiting, queue.waitingOf('a'), queue.waitingOf('b'), queue.waitingOf('d')], [6, 3, 2, 0]);
  whole.shrink(0);
  for (const place of waiting) void place.then((one) => one.shrink(0));
  await Promise.all(waiting);
  // The turn of the first had come before others were there.
  assert.deepEqual(started, ['whole', 'a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  assert.deepEqual([queue.takenBytes, queue.waiting], [0, 0]);
});

test('small ones pass a large one that waits, as long as they leave it room', async () => {
  const { queue, started, take } = setUp();
  const running = await take('running', 254);
  const large = take('large', 400);
  // Of the 258 that are free, 112 are nobody's when what runs has ended; also one after another.
  const small = await Promise.all(['s1', 's2', 's3'].map((name) => take(name, 32)));
  const later = [take('s4', 32), take('s5', 32)];
  await settled();
  assert.deepEqual(started, ['running', 's1', 's2', 's3']);
  small[0].shrink(0);
  await later[0];
  assert.ok(!small[1].grow(32));
  assert.ok(small[1].grow(16));
  // What ran before may take what is free: the large one waits for its end anyway.
  assert.ok(running.grow(32));
  small[1].shrink(32);
  running.shrink(0);
  const place = await large;
  assert.deepEqual(started, ['running', 's1', 's2', 's3', 's4', 'large']);
  assert.equal(queue.takenBytes, 3 * 32 + 400);
  place.shrink(0);
  await Promise.all(later);
});

test('a large one starts though small ones never stop coming', async () => {
  const { queue, started, take } = setUp();
  const running = await take('running', 254);
  const large = take('large', 480);
  let comes = true;
  const stream = async (tenant: string) => {
    for (let i = 0; comes; i++) {
      const place = await take('small', 16, tenant);
      if (i === 10 && tenant === 'a') running.shrink(0);
      await settled();
      place.shrink(0);
    }
  };
  const streams = ['a', 'b', 'c', 'd', 'e'].map(stream);
  const place = await large;
  assert.ok(started.filter((name) => name === 'small').length >= 10, started.join());
  assert.ok(queue.takenBytes <= CAPACITY);
  comes = false;
  place.shrink(0);
  await Promise.all(streams);
  assert.deepEqual([queue.takenBytes, queue.waiting], [0, 0]);
});

test('whoever is canceled leaves the queue, and those behind go on', async () => {
  const { queue, started, take } = setUp();
  const running = await take('running', 100);
  const [first, second] = [new AbortController(), new AbortController()];
  const large = take('large', CAPACITY, 'a', first.signal);
  const behind = take('behind', 300, 'a', second.signal);
  const small = take('small', 200, 'b');
  first.abort();
  const canceled = (error: unknown) => error instanceof FlamelakeError && error.code === 'canceled';
  await assert.rejects(large, canceled);
  await Promise.race([behind, small]);
  second.abort();
  await assert.rejects(take('late', 1, 'a', second.signal), canceled);
  running.shrink(0);
  for (const place of await Promise.all([behind, small])) place.shrink(0);
  assert.deepEqual([queue.takenBytes, queue.waiting, started.length], [0, 0, 3]);
});
