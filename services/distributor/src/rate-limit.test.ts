import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { systemClock } from '@flamelake/runtime';
import { DEFAULT_INGEST_LIMITS } from './limits.ts';
import { createRateLimit } from './rate-limit.ts';

const LIMITS = { ...DEFAULT_INGEST_LIMITS, rateBytesPerSecond: 1_000, profileBytesMax: 500, burstBytes: 2_000 };

function bucket(distributors: () => number = () => 1) {
  let nowMs = 0;
  const limit = createRateLimit({ ...systemClock, monotonicMs: () => nowMs }, distributors);
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** undefined when taken, else seconds to wait. */
    spend(bytes: number): unknown {
      try {
        limit.spend('t', bytes, LIMITS);
        return undefined;
      } catch (error) {
        assert(error instanceof FlamelakeError);
        return error.details.retryAfterSeconds;
      }
    },
  };
}

test('a burst passes, then the rate holds; refused bytes cost nothing', () => {
  const { spend, pass } = bucket();
  assert.equal(spend(2_000), undefined);
  assert.equal(spend(1_500), 2);
  pass(1_500);
  assert.equal(spend(1_500), undefined);
  assert.equal(spend(1), 1);
});

test('distributors share rate and burst, each can still take the largest profile', () => {
  let count = 2;
  const { spend, pass } = bucket(() => count);
  assert.equal(spend(1_000), undefined);
  assert.equal(spend(500), 1);
  pass(1_000);
  assert.equal(spend(500), undefined);
  count = 100;
  pass(3_600_000);
  assert.equal(spend(500), undefined);
  assert.equal(spend(10), 1);
});

test('what is larger than the bucket passes when it is full, and is paid for afterwards', () => {
  const { spend, pass } = bucket();
  assert.equal(spend(10_000), undefined);
  assert.equal(spend(500), 9);
  pass(8_000);
  assert.equal(spend(500), 1);
  pass(500);
  assert.equal(spend(500), undefined);
});
