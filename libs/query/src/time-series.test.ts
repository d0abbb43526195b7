import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stepEndMs, stepOf } from './time-series.ts';

test('a time falls into the first step that ends at or after it', () => {
  const grid = { startMs: 1_000, endMs: 1_100, stepMs: 30 };
  assert.deepEqual(
    [970, 999, 1_000, 1_001, 1_030, 1_031, 1_090, 1_091].map((at) => stepOf(grid, at)),
    [0, 0, 0, 1, 1, 2, 3, 4],
  );
});

test('no step ends after the range, and each time is within its step', () => {
  fc.assert(
    fc.property(
      fc.nat(1_000),
      fc.nat(1_000),
      fc.integer({ min: 1, max: 300 }),
      fc.nat(1_000),
      (startMs, length, stepMs, at) => {
        const grid = { startMs, endMs: startMs + length, stepMs };
        const timeMs = Math.min(startMs - stepMs + at, grid.endMs);
        const step = stepOf(grid, timeMs);
        const end = stepEndMs(grid, step);
        assert.ok(end >= timeMs && end <= grid.endMs && end - timeMs <= stepMs);
      },
    ),
  );
});
