import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, systemClock } from '@flamelake/runtime';
import { createServiceRates } from './service-rates.ts';

test('a busy service is recommended more partitions, a quiet one is not shown', async () => {
  let nowMs = 0;
  const metrics = createMetrics();
  const rates = createServiceRates({ clock: { ...systemClock, monotonicMs: () => nowMs }, metrics });
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 750; i++) rates.count('t', 'busy');
    rates.count('t', 'quiet');
    nowMs += 1_000;
  }
  const text = await metrics.text();
  assert.match(text, /flamelake_distributor_recommended_shards\{tenant="t",service="busy"\} 2\.5/);
  assert.doesNotMatch(text, /service="quiet"/);
  nowMs += 60_000;
  assert.doesNotMatch(await metrics.text(), /service="busy"/, 'what it sent long ago is no recommendation');
});
