/** The kill test in its short form: one burst of every kind of fault and a quiet phase; `make soak KIND=kill` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoCluster } from '../e2e/cluster.ts';
import { runKill } from './run-kill.ts';
import { RSS_MIB_MAX } from './world.ts';

const skip = (await whyNoCluster()) ?? false;
/** Verdicts rest on exactness; these only keep it from being slow beyond reason on a loaded machine. */
const FRESHNESS_MS_MAX = 20_000;

test('whatever is killed, frozen or restarted, no answer is wrong and nothing is lost or counted twice', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const seed = Number(process.env.SEED ?? 20_261_121);
  t.diagnostic(`seed ${seed}`);
  const startMs = performance.now();
  const report = await runKill({
    seed,
    forMs: 0,
    burstMs: 36_000,
    quietMs: 6_000,
    gapMs: 1_500,
    onProgress: (words) => console.log(`${Math.round((performance.now() - startMs) / 100) / 10} s: ${words}`),
  });
  console.log(report);
  assert.deepEqual(report.violations, []);
  assert.ok(
    report.acknowledged > 1_000 && report.refused > 10 && report.queryOutcomes['200'] > 100,
    'there was a load',
  );
  // So short, all pins may meet a fault: how many get through is the long soak's to show.
  assert.ok(report.deleted + report.pinned > 0, 'profiles were deleted or pinned');
  assert.ok(report.freshnessMs.p99 < FRESHNESS_MS_MAX, `freshness ${report.freshnessMs.p99} ms`);
  for (const [role, rssMiB] of Object.entries(report.rssMiB)) assert.ok(rssMiB <= RSS_MIB_MAX, `${role} ${rssMiB} MiB`);
});
