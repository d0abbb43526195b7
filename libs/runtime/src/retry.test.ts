import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, FlamelakeError, type Random } from '@flamelake/model';
import { retry } from './retry.ts';

const random: Random = { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 };

function ports() {
  const slept: number[] = [];
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async (ms) => void slept.push(ms) };
  return { slept, clock, random };
}

const unavailable = () => new FlamelakeError('unavailable', 'no answer');

test('it tries again, waiting part of a doubling delay, until it succeeds', async () => {
  const { slept, ...rest } = ports();
  const answer = await retry(
    async (attempt) => {
      if (attempt < 4) throw unavailable();
      return attempt;
    },
    { ...rest, delayMs: 100, delayMsMax: 300 },
  );
  assert.equal(answer, 4);
  assert.deepEqual(slept, [50, 100, 150]);
});

test('it ends after the attempts it has, with the last error', async () => {
  const { slept, ...rest } = ports();
  const told: number[] = [];
  let attempts = 0;
  const trying = retry(
    async () => {
      attempts++;
      throw unavailable();
    },
    { ...rest, attemptsMax: 3, onRetry: (_error, attempt) => told.push(attempt) },
  );
  await assert.rejects(trying, /no answer/);
  assert.equal(attempts, 3);
  assert.deepEqual(told, [1, 2]);
  assert.equal(slept.length, 2);
});

test('what may not be retried is not', async () => {
  for (const error of [new FlamelakeError('data_loss', 'gone'), new Error('bug')]) {
    let attempts = 0;
    const trying = retry(async () => {
      attempts++;
      throw error;
    }, ports());
    await assert.rejects(trying, error);
    assert.equal(attempts, 1);
  }
});

test('an abort ends the waiting', async () => {
  const abort = new AbortController();
  let attempts = 0;
  const trying = retry(
    async () => {
      attempts++;
      if (attempts === 2) abort.abort();
      throw unavailable();
    },
    { ...ports(), signal: abort.signal },
  );
  await assert.rejects(trying, /no answer/);
  assert.equal(attempts, 2);
});

test('it begins no attempt after the time it has', async () => {
  const clock = { now: 0 };
  const ports: Clock = {
    nowMs: () => 0,
    monotonicMs: () => clock.now,
    sleep: async (ms) => {
      clock.now += ms;
    },
  };
  let attempts = 0;
  const trying = retry(
    async () => {
      attempts++;
      throw unavailable();
    },
    { clock: ports, random, attemptsMax: Number.POSITIVE_INFINITY, untilMs: 350, delayMs: 100, delayMsMax: 200 },
  );
  await assert.rejects(trying, /no answer/);
  // At 0, 50, 150, 250 and 350.
  assert.equal(attempts, 5);
});
