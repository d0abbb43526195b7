import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGeneral } from './general.ts';

const SEEDS = 200;

test(`every role twice, faults, freezes and crashes: no property is broken, ${SEEDS} seeds`, async () => {
  const sum = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    for (const [what, count] of await runGeneral(seed)) sum.set(what, (sum.get(what) ?? 0) + count);
  }
  // What the simulation is there to meet must have happened.
  for (const what of [
    'rival_segments',
    'left_behind',
    'fold lost',
    'merge lost',
    'sweep deletes',
    'swept pages',
    'repeats',
    'late',
  ]) {
    assert.ok((sum.get(what) ?? 0) > 10, `${what} is too rare: ${sum.get(what)}`);
  }
});

test('a seed runs the same way again, whatever ran before', async () => {
  const first = await runGeneral(1);
  await runGeneral(2);
  assert.deepEqual(await runGeneral(1), first);
});
