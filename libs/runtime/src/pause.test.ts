import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPause, TURN_MS } from './pause.ts';

test('work pauses when its turn is over, and all of it at once', async () => {
  let nowMs = 0;
  let sleeps = 0;
  const sleep = () => {
    sleeps++;
    return Promise.resolve();
  };
  const pause = createPause({ nowMs: () => nowMs, monotonicMs: () => nowMs, sleep });
  await pause();
  nowMs += TURN_MS - 1;
  await pause();
  assert.equal(sleeps, 0);
  nowMs += 1;
  await Promise.all([pause(), pause(), pause()]);
  assert.equal(sleeps, 1);
  await pause();
  assert.equal(sleeps, 1);
});
