import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@flamelake/model';
import { createTurns } from './turns.ts';

const TURN_MS = 10;

/** A clock that moves when work is done, and whose sleepers wake when told. */
function createWorkClock() {
  let nowMs = 0;
  const sleepers: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () =>
      new Promise((resolve) => {
        sleepers.push(resolve);
      }),
  };
  return {
    clock,
    work: (ms: number) => {
      nowMs += ms;
    },
    /** Lets the loop go round once, and what it lets in do its work. */
    async goRound() {
      for (const wake of sleepers.splice(0)) wake();
      for (let i = 0; i < 100; i++) await Promise.resolve();
    },
    get sleeping() {
      return sleepers.length;
    },
  };
}

test('work that fits a turn is done at once; the rest waits for later turns, in order', async () => {
  const world = createWorkClock();
  const turns = createTurns(world.clock, TURN_MS);
  const done: number[] = [];
  const request = async (number: number) => {
    await turns.take();
    world.work(4);
    done.push(number);
  };
  const requests: Promise<void>[] = [];
  for (let number = 0; number < 8; number++) {
    requests.push(request(number));
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
  assert.deepEqual(done, [0, 1, 2], 'three pieces of 4 ms: the third begins within 10 ms');
  await world.goRound();
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5]);
  await world.goRound();
  await Promise.all(requests);
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a piece longer than a turn has one of its own, and an idle loop is left alone', async () => {
  const world = createWorkClock();
  const turns = createTurns(world.clock, TURN_MS);
  assert.equal(turns.take(), undefined);
  world.work(50);
  const next = turns.take();
  assert.notEqual(next, undefined);
  await world.goRound();
  await next;
  assert.equal(turns.take(), undefined, 'the turn is young');
  await world.goRound();
  assert.equal(world.sleeping, 0);
});

test('what comes while others wait queues behind them', async () => {
  const world = createWorkClock();
  const turns = createTurns(world.clock, TURN_MS);
  assert.equal(turns.take(), undefined);
  world.work(TURN_MS);
  const order: string[] = [];
  const first = Promise.resolve(turns.take()).then(() => order.push('first'));
  const second = Promise.resolve(turns.take()).then(() => order.push('second'));
  await world.goRound();
  await Promise.all([first, second]);
  assert.deepEqual(order, ['first', 'second']);
});
