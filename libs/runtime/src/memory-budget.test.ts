import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createMemoryBudget } from './memory-budget.ts';

const MIB = 1_048_576;
const signal = () => new AbortController().signal;

const settled = () => new Promise((resolve) => setImmediate(resolve));

function memoryOf(bytesMax: number, waitingMax = 10) {
  let restarts = 0;
  const memory = createMemoryBudget({
    bytesMax,
    waitingMax,
    onRestart: () => restarts++,
    option: 'some.memory-max',
    tooLarge: 'piece is too large; narrow it, or raise the option',
    tooMany: 'too many wait; ask less at a time, or raise the option',
  });
  return { memory, restarts: () => restarts };
}

test('a piece that outgrows its share takes what is free', async () => {
  const { memory, restarts } = memoryOf(10 * MIB);
  await memory.run({ tenant: 't', expectedBytes: MIB }, signal(), async (share) => {
    share.take(9 * MIB);
    assert.deepEqual([memory.heldBytes, share.heldBytes], [9 * MIB, 9 * MIB]);
    assert.ok(memory.sharedBytes >= 9 * MIB);
    share.give(4 * MIB);
    share.take(5 * MIB);
  });
  assert.deepEqual([memory.heldBytes, memory.sharedBytes, memory.peakBytes, restarts()], [0, 0, 10 * MIB, 0]);
});

test('one that finds nothing free begins again with a larger share, once others have ended', async () => {
  const { memory, restarts } = memoryOf(10 * MIB);
  const otherEnds = Promise.withResolvers<void>();
  const other = memory.run({ tenant: 't', expectedBytes: 6 * MIB }, signal(), async (share) => {
    share.take(6 * MIB);
    await otherEnds.promise;
    return 'other';
  });
  let runs = 0;
  const grown = memory.run({ tenant: 't', expectedBytes: 2 * MIB }, signal(), async (share) => {
    runs++;
    share.take(2 * MIB);
    await Promise.resolve();
    share.take(4 * MIB);
    return 'grown';
  });
  while (restarts() === 0) await new Promise((resolve) => setImmediate(resolve));
  // What it held is free again while it waits.
  assert.deepEqual([memory.heldBytes, memory.waiting, runs], [6 * MIB, 1, 1]);
  otherEnds.resolve();
  assert.deepEqual(await Promise.all([other, grown]), ['other', 'grown']);
  assert.deepEqual([runs, memory.heldBytes, memory.sharedBytes], [2, 0, 0]);
  assert.ok(memory.peakBytes <= 10 * MIB);
});

test('one that needs more than there is gets the whole, then is refused for good with the limit and what to do', async () => {
  const { memory, restarts } = memoryOf(4 * MIB);
  const holding = memory.run({ tenant: 't', expectedBytes: MIB }, signal(), (share) => {
    share.take(MIB);
    return new Promise((resolve) => setImmediate(resolve));
  });
  const refused = memory.run({ tenant: 't', expectedBytes: MIB }, signal(), async (share) => {
    for (let taken = 0; taken < 5; taken++) share.take(MIB);
  });
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof FlamelakeError && error.code === 'invalid_argument');
    assert.match(error.message, /narrow it, or raise the option/);
    const { neededBytes, limitBytes, option } = error.details;
    assert.deepEqual([neededBytes, limitBytes, option], [5 * MIB, 4 * MIB, 'some.memory-max']);
    return true;
  });
  await holding;
  assert.deepEqual([restarts(), memory.heldBytes, memory.sharedBytes, memory.waiting], [1, 0, 0, 0]);
});

test('what a piece throws by itself is thrown; a canceled one does not begin again', async () => {
  const { memory } = memoryOf(2 * MIB);
  const own = new FlamelakeError('data_loss', 'broken');
  await assert.rejects(
    memory.run({ tenant: 't', expectedBytes: MIB }, signal(), async (share) => {
      share.take(MIB);
      throw own;
    }),
    own,
  );
  assert.equal(memory.heldBytes, 0);
  const [canceling, otherEnds] = [new AbortController(), Promise.withResolvers<void>()];
  const other = memory.run({ tenant: 't', expectedBytes: MIB }, signal(), () => otherEnds.promise);
  let runs = 0;
  const canceled = memory.run({ tenant: 't', expectedBytes: MIB }, canceling.signal, async (share) => {
    runs++;
    canceling.abort();
    share.take(2 * MIB);
  });
  await assert.rejects(canceled, { code: 'resource_exhausted' });
  otherEnds.resolve();
  await other;
  assert.equal(runs, 1);
});

test('whoever comes when too many wait is refused with the limit and what to do', async () => {
  const { memory } = memoryOf(2 * MIB, 1);
  const ends = Promise.withResolvers<void>();
  const running = memory.run({ tenant: 't', expectedBytes: 2 * MIB }, signal(), () => ends.promise);
  const waiting = memory.run({ tenant: 't', expectedBytes: MIB }, signal(), () => Promise.resolve());
  await assert.rejects(
    memory.run({ tenant: 't', expectedBytes: MIB }, signal(), () => Promise.resolve()),
    (error) => {
      assert.ok(error instanceof FlamelakeError && error.code === 'resource_exhausted');
      assert.match(error.message, /ask less at a time, or raise the option/);
      const { waiting: count, limit, memoryBytes, retryAfterSeconds } = error.details;
      assert.deepEqual([count, limit, memoryBytes, retryAfterSeconds], [1, 1, 2 * MIB, 1]);
      return true;
    },
  );
  ends.resolve();
  await Promise.all([running, waiting]);
});

test('what waits is there while it waits: an eighth of the whole, and one at least', async () => {
  const { memory } = memoryOf(16 * MIB);
  const ends = Promise.withResolvers<void>();
  const run = (waitingBytes: number) =>
    memory.run({ tenant: 't', expectedBytes: 16 * MIB, waitingBytes }, signal(), async (share) => {
      assert.equal(share.heldBytes, waitingBytes);
      await ends.promise;
    });
  const running = run(8 * MIB);
  const first = run(8 * MIB);
  assert.equal(memory.waiting, 1);
  await assert.rejects(run(1), { code: 'resource_exhausted' });
  ends.resolve();
  await Promise.all([running, first]);
  // One runs, two wait.
  await Promise.all([run(MIB), run(MIB), run(MIB)]);
  assert.deepEqual([memory.heldBytes, memory.sharedBytes], [0, 0]);
});

test('what is kept of a piece stays counted until it is let go, and the rest is free', async () => {
  const { memory } = memoryOf(4 * MIB);
  const sent = Promise.withResolvers<void>();
  const answer = await memory.run({ tenant: 't', expectedBytes: 3 * MIB }, signal(), async (share) => {
    share.take(3 * MIB);
    share.keep(MIB, sent.promise);
    return 'answer';
  });
  assert.deepEqual([answer, memory.heldBytes, memory.sharedBytes], ['answer', MIB, MIB]);
  await memory.run({ tenant: 't', expectedBytes: 3 * MIB }, signal(), async (share) => share.take(3 * MIB));
  const later = Promise.withResolvers<void>();
  await memory.run({ tenant: 't', expectedBytes: 3 * MIB }, signal(), async (share) => {
    share.take(3 * MIB);
    share.keep(2 * MIB, later.promise);
  });
  assert.deepEqual([memory.heldBytes, memory.sharedBytes], [3 * MIB, 3 * MIB]);
  sent.reject(new Error('gone'));
  later.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([memory.heldBytes, memory.sharedBytes], [0, 0]);
});

test('while others wait, what is kept of a piece is what it holds, however its share was made', async () => {
  const { memory } = memoryOf(8 * MIB);
  const [sent, mayEnd, grown] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const first = memory.run({ tenant: 't', expectedBytes: MIB }, signal(), async (share) => {
    // A share in three parts.
    for (const bytes of [MIB, 3 * MIB, 4 * MIB]) share.take(bytes);
    grown.resolve();
    await mayEnd.promise;
    share.keep(MIB + 1, sent.promise);
  });
  await grown.promise;
  const second = memory.run({ tenant: 't', expectedBytes: 6 * MIB }, signal(), async (share) => share.take(6 * MIB));
  assert.equal(memory.waiting, 1);
  mayEnd.resolve();
  // Neither stands still until the answer of the first has been taken.
  await Promise.all([first, second]);
  assert.deepEqual([memory.heldBytes, memory.sharedBytes, memory.waiting], [MIB + 1, MIB + 1, 0]);
  sent.resolve();
  await sent.promise;
  assert.deepEqual([memory.heldBytes, memory.sharedBytes], [0, 0]);
});

test('small pieces run while one that begins again waits for its larger share, and it runs too', async () => {
  const { memory, restarts } = memoryOf(512 * MIB);
  const otherEnds = Promise.withResolvers<void>();
  const other = memory.run({ tenant: 't', expectedBytes: 254 * MIB }, signal(), () => otherEnds.promise);
  const shares: number[] = [];
  const large = memory.run({ tenant: 't', expectedBytes: 4 * MIB }, signal(), async (share) => {
    shares.push(memory.sharedBytes);
    for (let taken = 0; taken < 260; taken += 4) share.take(4 * MIB);
    return 'large';
  });
  while (restarts() === 0) await settled();
  const small = () =>
    memory.run({ tenant: 't', expectedBytes: 4 * MIB }, signal(), async (share) => share.take(5 * MIB));
  for (let i = 0; i < 50; i++) await Promise.all([small(), small()]);
  assert.deepEqual([memory.waiting, restarts(), memory.sharedBytes], [1, 1, 254 * MIB]);
  otherEnds.resolve();
  await other;
  assert.equal(await large, 'large');
  // What it needed when it began again, and a quarter more.
  assert.deepEqual([shares.length, shares[1] <= 326 * MIB, memory.sharedBytes], [2, true, 0]);
});

test('one tenant takes half of the waiting places at most, others still wait', async () => {
  const { memory } = memoryOf(MIB, 8);
  const ends = Promise.withResolvers<void>();
  const run = (tenant: string) => memory.run({ tenant, expectedBytes: MIB }, signal(), () => ends.promise);
  const first = ['a', 'a', 'a', 'a', 'a'].map(run);
  await assert.rejects(run('a'), (error) => {
    assert.ok(error instanceof FlamelakeError);
    const { details } = error;
    assert.deepEqual([details.waiting, details.waitingOfTenant, details.limit], [4, 4, 8]);
    return true;
  });
  const others = ['b', 'b', 'c'].map(run);
  await assert.rejects(run('b'), { code: 'resource_exhausted' });
  ends.resolve();
  await Promise.all([...first, ...others]);
});
