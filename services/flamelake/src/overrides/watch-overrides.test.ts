import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Clock } from '@flamelake/model';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { ingestLimits } from '../options/ingest-limits.ts';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { readOverrides } from './read-overrides.ts';
import { watchOverrides } from './watch-overrides.ts';

const base = readOptions(SERVE_OPTIONS, { words: [], environment: {}, readFile: () => '' }).values;

test('a tenant has its own values, the rest the defaults, key by key', () => {
  const text = 'overrides:\n  a:\n    limits: { samples-max: 7 }\n    limits.ingestion-rate: 2MiB\n  b: {}\n';
  const tenants = readOverrides(text, base, 'x');
  assert.equal(tenants.get('a')?.['limits.samples-max'], 7);
  assert.equal(tenants.get('a')?.['limits.ingestion-rate'], 2 * 1024 ** 2);
  assert.equal(tenants.get('a')?.['limits.series-labels-max'], base['limits.series-labels-max']);
  assert.deepEqual(tenants.get('b'), base);
  assert.equal(readOverrides('', base, 'x').size, 0);
});

test('keys as Pyroscope calls them, and rules as lists, are understood', () => {
  const text = `overrides:
  team-a:
    ingestion_rate_mb: 1.5
    max_profile_stacktrace_samples: 9
    ingestion_body_limit_mb: 2
    reject_older_than: 30m
    compactor_blocks_retention_period: 7d
    max_query_length: 72h
    max_query_lookback: 1w
    max_flamegraph_nodes_default: 100
    max_flamegraph_nodes_max: 2000
    ingestion_relabeling_rules:
      - {action: drop, source_labels: [service_name], regex: noisy}
    limits: { sampling-rules: [{ selector: '{a="b"}', probability: 0.5 }] }
`;
  const own = readOverrides(text, base, 'x').get('team-a');
  assert.ok(own !== undefined);
  assert.equal(own['limits.ingestion-rate'], 1.5 * 1024 ** 2);
  assert.equal(own['limits.samples-max'], 9);
  assert.equal(own['limits.body-size-max'], 2 * 1024 ** 2);
  assert.equal(ingestLimits(own).rejectOlderThanMs, 1_800_000);
  assert.equal(own['limits.retention-period'], 7 * 86_400_000);
  assert.equal(own['query.range-max'], 3 * 86_400_000);
  assert.equal(own['query.lookback-max'], 7 * 86_400_000);
  assert.deepEqual([own['query.nodes-default'], own['query.nodes-max']], [100, 2_000]);
  const { policies } = ingestLimits(own);
  assert.deepEqual([policies.relabelRules[0].action, policies.relabelRules[0].regex], ['drop', 'noisy']);
  assert.deepEqual(policies.samplingRules, [{ selector: '{a="b"}', probability: 0.5 }]);
  assert.throws(() => readOverrides('overrides: {a: {ingestion_relabeling_rules: [{action: x}]}}', base, 'x'), {
    code: 'invalid_argument',
  });
});

test('what is wrong is named: tenant, key, nearest key, expected value', () => {
  const broken: readonly (readonly [string, RegExp])[] = [
    ['overrides: { a: { limits.sample-max: 7 } }', /unknown key.*limits\.samples-max/s],
    ['overrides: { a: { limits.samples-max: many } }', /wrong value.*"tenant":"a"/s],
    ['overrides: { a: { server.port: 1 } }', /unknown key/],
    ['overrides: { a: { limits.ingestion-window: 2h } }', /window is longer.*"tenant":"a"/s],
    ['overrides: [a]', /wrong form/],
    ['overides: {}', /unknown key/],
    ['overrides: {a: {b: [', /no yaml/],
  ];
  for (const [text, message] of broken) {
    assert.throws(
      () => readOverrides(text, base, 'x'),
      (error) =>
        message.test(String(error) + JSON.stringify(error)) || assert.fail(`${text}: ${JSON.stringify(error)}`),
    );
  }
});

test('a changed file takes effect, a broken one changes nothing and is counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flamelake-overrides-'));
  const file = join(folder, 'overrides.yaml');
  writeFileSync(file, 'overrides: { a: { limits.samples-max: 1 } }');
  // Each sleep ends when the test says so.
  let wake: () => void = () => {};
  let asleep: () => void = () => {};
  let isAsleep = new Promise<void>((resolve) => {
    asleep = resolve;
  });
  const clock: Clock = {
    ...systemClock,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal?.addEventListener('abort', () => resolve());
        asleep();
      }),
  };
  const metrics = createMetrics();
  const options = { ...base, 'runtime-config.file': file };
  const tenants = await watchOverrides({ options, clock, metrics, logger: createLogger({ level: 'silent' }) });
  const write = async (text: string) => {
    await isAsleep;
    writeFileSync(file, text);
    isAsleep = new Promise((resolve) => {
      asleep = resolve;
    });
    wake();
    await isAsleep;
    return tenants.of('a')['limits.samples-max'];
  };
  assert.equal(tenants.of('a')['limits.samples-max'], 1);
  assert.equal(tenants.of('b'), options);
  assert.equal(await write('overrides: { a: { limits.samples-max: 2 } }'), 2);
  assert.equal(await write('overrides: {'), 2);
  assert.match(await metrics.text(), /flamelake_overrides_last_reload_successful 0/);
  assert.match(await metrics.text(), /flamelake_overrides_reload_failures_total 1/);
  assert.equal(await write('overrides: { a: { limits.samples-max: 3 } }'), 3);
  assert.match(await metrics.text(), /flamelake_overrides_last_reload_successful 1/);
  await tenants.close();
  rmSync(folder, { recursive: true });
});
