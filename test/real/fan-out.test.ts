/** Tasks over gRPC on queriers that are processes: who gets what, and what a caller sees of slow, dying and coming queriers. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ErrorCode, FlamelakeError } from '@flamelake/model';
import { createFanOutWorld, createTestFanOut, type FanOutWorld } from './components/fan-out-world.ts';
import { type QuerierChild, type QuerierChildOptions, startQuerierChild } from './components/querier-child.ts';

const BLOCKS = 40;
const RETRIES = 'query_task_attempts_total{kind="retry"}';
const HEDGES = 'query_task_attempts_total{kind="hedge"}';
const FIRSTS = 'query_task_attempts_total{kind="first"}';

let world: FanOutWorld;
const children: QuerierChild[] = [];
const closers: (() => Promise<void>)[] = [];

before(async () => {
  world = await createFanOutWorld(BLOCKS);
});
after(async () => {
  for (const close of closers) await close();
  for (const child of children) child.signal('SIGKILL');
  await Promise.all(children.map((child) => child.ended));
});

async function startQuerier(options: Partial<QuerierChildOptions> = {}): Promise<QuerierChild> {
  const child = await startQuerierChild({ directory: world.directory, ...options });
  children.push(child);
  return child;
}

function fanOutOf(settings: Parameters<typeof createTestFanOut>[0]): ReturnType<typeof createTestFanOut> {
  const fanOut = createTestFanOut(settings);
  closers.push(fanOut.close);
  return fanOut;
}

const fixed = (...queriers: QuerierChild[]) => ({ addresses: queriers.map(({ address }) => address) });

/** Reports come another way than answers: whatever a querier reported before is known after this. */
const heard = (...queriers: QuerierChild[]) => Promise.all(queriers.map((querier) => querier.command('go on')));

function failsWith(code: ErrorCode) {
  return (error: unknown) => error instanceof FlamelakeError && error.code === code;
}

describe('two queriers', () => {
  let a: QuerierChild;
  let b: QuerierChild;
  before(async () => {
    [a, b] = await Promise.all([startQuerier(), startQuerier()]);
  });

  test('each block goes to the same one every time, and each has its share', async () => {
    // A machine that stands still for a moment is no reason to ask another.
    const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { hedgeDelayMs: 0 } });
    const rounds: (readonly string[])[][] = [];
    for (let round = 0; round < 2; round++) {
      const [fromA, fromB] = [a.tasks.length, b.tasks.length];
      // One at a time: otherwise one stands in for the other when it has more than its share.
      await world.check(fanOut.execute, 1);
      await heard(a, b);
      rounds.push([a.tasks.slice(fromA).flat(), b.tasks.slice(fromB).flat()]);
    }
    assert.deepEqual(rounds[1], rounds[0]);
    const [ofA, ofB] = rounds[0].map((blocks) => blocks.length);
    assert.equal(ofA + ofB, BLOCKS);
    assert.ok(ofA >= BLOCKS / 5 && ofB >= BLOCKS / 5, `${ofA} and ${ofB}`);
    assert.equal(await fanOut.count(FIRSTS), 2 * BLOCKS);
    assert.deepEqual([await fanOut.count(RETRIES), await fanOut.count(HEDGES)], [0, 0]);
  });

  test('many at a time are spread evenly', async () => {
    const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { hedgeDelayMs: 0 } });
    const [fromA, fromB] = [a.tasks.length, b.tasks.length];
    await Promise.all([a.command('stall'), b.command('stall')]);
    const answer = world.check(fanOut.execute, BLOCKS);
    const given = () => [a.tasks.length - fromA, b.tasks.length - fromB];
    await Promise.all([a.until(() => given()[0] >= 16), b.until(() => given()[1] >= 16)]);
    // 16 is the most one has at a time, 20 an even share of all.
    assert.deepEqual(given(), [16, 16]);
    await Promise.all([a.command('go on'), b.command('go on')]);
    await answer;
    await heard(a, b);
    assert.equal(given()[0] + given()[1], BLOCKS);
    assert.ok(Math.abs(given()[0] - BLOCKS / 2) <= BLOCKS / 8, given().join(' and '));
  });

  test('a slow one is not waited for: another is asked, and the slow one told to stop', async () => {
    const fanOut = fanOutOf({ queriers: fixed(a, b) });
    await world.check(fanOut.execute);
    await a.command('stall');
    const canceledBefore = a.canceled();
    await world.check(fanOut.execute);
    const hedges = await fanOut.count(HEDGES);
    assert.ok(hedges > 0);
    await a.until(() => a.canceled() - canceledBefore === hedges);
    await a.command('go on');
    assert.equal(await fanOut.count(RETRIES), 0);
  });

  test('a canceled query stops work on all of them', async () => {
    const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { hedgeDelayMs: 0 } });
    await Promise.all([a.command('stall'), b.command('stall')]);
    const [fromA, fromB] = [a.tasks.length, b.tasks.length];
    const [canceledA, canceledB] = [a.canceled(), b.canceled()];
    const controller = new AbortController();
    const query = assert.rejects(world.check(fanOut.execute, 8, controller.signal), failsWith('canceled'));
    await Promise.all([a.until(() => a.tasks.length > fromA), b.until(() => b.tasks.length > fromB)]);
    controller.abort();
    await query;
    await a.until(() => a.canceled() - canceledA === a.tasks.length - fromA);
    await b.until(() => b.canceled() - canceledB === b.tasks.length - fromB);
    await Promise.all([a.command('go on'), b.command('go on')]);
    await world.check(fanOut.execute);
  });

  test('a task has a deadline, there as here', async () => {
    const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { taskTimeoutMs: 200, hedgeDelayMs: 0 } });
    await Promise.all([a.command('stall'), b.command('stall')]);
    const canceledBefore = a.canceled() + b.canceled();
    const [task] = world.tasks;
    await assert.rejects(fanOut.execute(task, new AbortController().signal), failsWith('deadline_exceeded'));
    const isCanceled = () => a.canceled() + b.canceled() === canceledBefore + 1;
    await Promise.race([a.until(isCanceled), b.until(isCanceled)]);
    await Promise.all([a.command('go on'), b.command('go on')]);
  });

  test('an object that is gone is told at once', async () => {
    const fanOut = fanOutOf({ queriers: fixed(a, b) });
    const [task] = world.tasks;
    const [part] = task.parts;
    const gone = { ...task, parts: [{ ...part, object: { ...part.object, key: 'blocks/none' } }] };
    await assert.rejects(fanOut.execute(gone, new AbortController().signal), failsWith('not_found'));
    assert.equal(await fanOut.count(RETRIES), 0);
  });
});

test('one killed in the middle of a query: the others answer', async () => {
  const [a, b] = await Promise.all([startQuerier(), startQuerier()]);
  const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { hedgeDelayMs: 0 } });
  await a.command('stall');
  const answer = world.check(fanOut.execute);
  await a.until(() => a.tasks.length >= 4);
  a.signal('SIGKILL');
  await answer;
  assert.ok((await fanOut.count(RETRIES)) >= 4);
  // It rests: the next query hardly asks it.
  const before = await fanOut.count(RETRIES);
  await world.check(fanOut.execute);
  assert.ok((await fanOut.count(RETRIES)) - before <= 8);
});

test('a frozen one is left alone after a moment', async () => {
  const [a, b] = await Promise.all([startQuerier(), startQuerier()]);
  const fanOut = fanOutOf({ queriers: fixed(a, b) });
  for (let i = 0; i < 3; i++) await world.check(fanOut.execute);
  a.signal('SIGSTOP');
  await world.check(fanOut.execute);
  await world.check(fanOut.execute);
  assert.ok((await fanOut.count(HEDGES)) > 0);
  a.signal('SIGCONT');
  await world.check(fanOut.execute);
});

test('one that has too much to do is spared', async () => {
  const [a, b] = await Promise.all([startQuerier({ waitingTasksMax: 0 }), startQuerier()]);
  const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { hedgeDelayMs: 0 } });
  await world.check(fanOut.execute);
  await heard(a);
  assert.ok(a.tasks.length > 0);
  assert.ok(a.tasks.length <= BLOCKS / 2, `${a.tasks.length}`);
});

test('a task that is larger than the memory of a querier is refused, and asked of no other', async () => {
  const [a, b] = await Promise.all([startQuerier({ memoryBytes: 1 }), startQuerier({ memoryBytes: 1 })]);
  const fanOut = fanOutOf({ queriers: fixed(a, b), limits: { hedgeDelayMs: 0 } });
  await assert.rejects(fanOut.execute(world.tasks[0], new AbortController().signal), failsWith('invalid_argument'));
  await heard(a, b);
  assert.equal(a.tasks.length + b.tasks.length, 1);
});

test('without a querier: unavailable, and at once when none was ever known', async () => {
  const [task] = world.tasks;
  const nobody = fanOutOf({ queriers: { addresses: [] } });
  assert.equal(await nobody.isReady(), false);
  await assert.rejects(nobody.execute(task, new AbortController().signal), failsWith('unavailable'));
  const dead = await startQuerier();
  const fanOut = fanOutOf({ queriers: fixed(dead) });
  assert.equal(await fanOut.isReady(), true);
  dead.signal('SIGKILL');
  await dead.ended;
  // That its connections have closed is another event of the loop.
  while (await fanOut.isReady()) await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(fanOut.execute(task, new AbortController().signal), failsWith('unavailable'));
  assert.equal(await fanOut.count(RETRIES), 4);
});

test('queriers come and go by DNS, and no query fails', async () => {
  const first = await startQuerier();
  const known: string[] = [first.host];
  const lookup = async () => [...known];
  const fanOut = fanOutOf({
    queriers: { name: 'queriers.test', port: first.port },
    lookup,
    lookupIntervalMs: 10,
    limits: { hedgeDelayMs: 0 },
  });
  const over = new AbortController();
  let queries = 0;
  const asking = (async () => {
    while (!over.signal.aborted) {
      if (await fanOut.isReady()) await world.check(fanOut.execute);
      else await new Promise((resolve) => setImmediate(resolve));
      queries++;
    }
  })();
  await first.until(() => first.tasks.length > 0);
  const second = await startQuerier({ host: '127.0.0.2', port: first.port });
  known.push(second.host);
  await second.until(() => second.tasks.length > BLOCKS / 4);
  // As a rollout does it: out of DNS and drained at the same time.
  known.shift();
  first.signal('SIGTERM');
  await first.ended;
  const before = second.tasks.length;
  await second.until(() => second.tasks.length > before + 2 * BLOCKS);
  const third = await startQuerier({ host: '127.0.0.3', port: first.port });
  known.push(third.host);
  await third.until(() => third.tasks.length > 0);
  second.signal('SIGKILL');
  known.shift();
  await third.until(() => third.tasks.length > 2 * BLOCKS);
  over.abort();
  await asking;
  assert.ok(queries > 4);
});
