import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHedging } from './hedging.ts';

test('the delay is what 19 of 20 recent tasks of the kind took', () => {
  const hedging = createHedging({ delayMsMin: 20, delayMsDefault: 1_000 });
  assert.equal(hedging.delayMs('functions'), 1_000);
  for (let i = 0; i < 19; i++) hedging.observe('functions', 100);
  assert.equal(hedging.delayMs('functions'), 1_000);
  hedging.observe('functions', 100);
  assert.equal(hedging.delayMs('functions'), 100);
  for (let i = 1; i <= 128; i++) hedging.observe('functions', i);
  assert.equal(hedging.delayMs('functions'), 122);
  for (let i = 0; i < 128; i++) hedging.observe('functions', 3);
  assert.equal(hedging.delayMs('functions'), 20);
  assert.equal(hedging.delayMs('labelSets'), 1_000);
});

test('one task in ten may be hedged, few of them at once', () => {
  const hedging = createHedging({ delayMsMin: 20, delayMsDefault: 1_000 });
  const takeAll = () => {
    let taken = 0;
    while (hedging.take()) taken++;
    return taken;
  };
  assert.equal(takeAll(), 10);
  for (let i = 0; i < 50; i++) hedging.observe('functions', 1);
  assert.ok(Math.abs(takeAll() - 5) <= 1);
  for (let i = 0; i < 1_000; i++) hedging.observe('functions', 1);
  assert.ok(Math.abs(takeAll() - 10) <= 1);
});
