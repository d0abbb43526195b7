import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runParallel } from './run-parallel.ts';

const never = new AbortController().signal;

test('every item is worked on, no more than the maximum at a time', async () => {
  let [running, most] = [0, 0];
  const done: number[] = [];
  await runParallel([1, 2, 3, 4, 5], 2, never, async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    done.push(item);
  });
  assert.deepEqual(done, [1, 2, 3, 4, 5]);
  assert.equal(most, 2);
});

test('a failure aborts the others and is thrown when they have ended', async () => {
  const ended: number[] = [];
  const work = async (item: number, signal: AbortSignal) => {
    if (item === 2) throw new Error('two');
    while (!signal.aborted) await Promise.resolve();
    ended.push(item);
  };
  await assert.rejects(runParallel([1, 2, 3, 4], 3, never, work), /two/);
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    [1, 3],
  );
});
