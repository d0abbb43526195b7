/** The load test in its short form: a querier is killed and one added; `make soak KIND=load` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoCluster } from '../e2e/cluster.ts';
import { runLoad } from './run-load.ts';

const skip = (await whyNoCluster()) ?? false;

test('200 users of dashboards see no error and no wrong answer while a querier is killed and one added', {
  skip,
  timeout: 850_000,
}, async (t) => {
  const seed = Number(process.env.SEED ?? 20_261_121);
  t.diagnostic(`seed ${seed}`);
  const startMs = performance.now();
  const report = await runLoad({
    seed,
    forMs: 30_000,
    parts: 1,
    onProgress: (words) => console.log(`${((performance.now() - startMs) / 1_000).toFixed(1)} s: ${words}`),
  });
  console.log(report);
  assert.deepEqual(report.violations, []);
  assert.ok(report.acknowledged > 500, 'there were pushes');
  assert.ok(report.demanding > 50, `only ${report.demanding} answers could have been too little`);
  for (const [panel, { answers }] of Object.entries(report.timesMs)) assert.ok(answers > 10, `${panel}: ${answers}`);
});
