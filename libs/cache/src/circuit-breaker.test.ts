import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@flamelake/model';
import { createCircuitBreaker } from './circuit-breaker.ts';

function setUp() {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  return { breaker: createCircuitBreaker(clock), pass: (ms: number) => (nowMs += ms) };
}

test('failures in a row open it; one that goes well between them does not count', () => {
  const { breaker } = setUp();
  for (let i = 0; i < 20; i++) {
    assert.equal(breaker.admit(), true);
    if (i % 4 === 3) breaker.succeeded();
    else breaker.failed();
  }
  assert.equal(breaker.isOpen, false);
  for (let i = 0; i < 5; i++) breaker.failed();
  assert.deepEqual([breaker.isOpen, breaker.admit()], [true, false]);
});

test('after its rest one tries for all, and each failed try doubles the rest, up to five seconds', () => {
  const { breaker, pass } = setUp();
  for (let i = 0; i < 5; i++) breaker.failed();
  for (const restMs of [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
    pass(restMs - 1);
    assert.equal(breaker.admit(), false);
    pass(1);
    assert.deepEqual([breaker.admit(), breaker.admit()], [true, false]);
    breaker.failed();
  }
  pass(5_000);
  assert.equal(breaker.admit(), true);
  breaker.succeeded();
  assert.deepEqual([breaker.isOpen, breaker.admit(), breaker.admit()], [false, true, true]);
});

test('what was asked before it opened and fails later prolongs nothing', () => {
  const { breaker, pass } = setUp();
  for (let i = 0; i < 100; i++) breaker.failed();
  pass(250);
  assert.equal(breaker.admit(), true);
});
