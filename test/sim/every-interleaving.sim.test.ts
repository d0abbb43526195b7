import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyInterleaving } from './every-interleaving.ts';

/** Behind the bar: appended while the writers run. */
const CASES = [
  { log: 'A|A', faults: 0, what: 'a resend that comes while they run' },
  { log: 'A|B', faults: 0, what: 'a profile that comes while they run' },
  { log: 'AB', faults: 2, what: 'two refused or lost answers' },
];

for (const { log, faults, what } of CASES) {
  test(`two writers at every interleaving: ${what}`, async () => {
    const { exhausted, runs } = await everyInterleaving({ log, faults, runsMax: 5_000 });
    assert.ok(exhausted, `${runs} runs were not all of them`);
    assert.ok(runs > 500, `${runs} runs are too few to be two writers`);
  });
}
