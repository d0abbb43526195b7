import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProfileRecord, stringAt } from '@flamelake/formats';
import { type Label, labelValue, parseRelabelRules } from '@flamelake/model';
import type { PushSeries } from '@flamelake/rpc';
import { createTestDistributor, TEST_NOW_MS, type TestOptions, totalsOf } from '../distributor-server.test-support.ts';
import { type TestPprof, testPprof } from '../pprof-builder.test-support.ts';
import { NO_POLICIES, type Policies } from './policies.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

function series(labels: Readonly<Record<string, string>>, profile: TestPprof = {}): PushSeries {
  const rawProfile = testPprof({ timeMs: TEST_NOW_MS, ...profile });
  const all = { __name__: 'process_cpu', service_name: 'shop', ...labels };
  return {
    labels: Object.entries(all).map(([name, value]): Label => ({ name, value })),
    samples: [{ rawProfile, id: '' }],
  };
}

async function stored(pushed: readonly PushSeries[], policies: Partial<Policies>, options: TestOptions = {}) {
  const { distributor, profiles, metrics } = createTestDistributor({
    ...options,
    limits: { policies: { ...NO_POLICIES, ...policies }, ...options.limits },
  });
  await distributor.push('t', pushed);
  await distributor.close();
  return { records: await profiles(), metrics: await metrics.text() };
}

const threeUsers: TestPprof = {
  samples: ['1', '2', '3'].map((user, i) => ({
    stack: ['f', 'main'],
    values: [i + 1],
    labels: { user, kind: i === 0 ? 'a' : 'b' },
  })),
};
const valuesOf = (records: readonly ProfileRecord[], name: string) =>
  records.flatMap((record) =>
    record.groups.map((group) => [record.service, labelValue(group.labels, name), ...group.values]),
  );
const sorted = (rows: readonly (readonly unknown[])[]) => rows.map((row) => row.join()).sort();

test('rules see sample labels, may drop series, merge them, rename the service and the profile', async () => {
  const relabelRules = parseRelabelRules([
    { action: 'drop', source_labels: ['user'], regex: '3' },
    { source_labels: ['user'], regex: '2', target_label: 'service_name', replacement: 'second' },
    { action: 'labeldrop', regex: 'user|kind' },
    {
      source_labels: ['service_name', '__name__'],
      regex: 'second;(.*)',
      target_label: '__name__',
      replacement: 'x_$1',
    },
  ]);
  const { records, metrics } = await stored([series({}, threeUsers)], { relabelRules });
  assert.deepEqual(sorted(valuesOf(records, 'user')), ['second,,2', 'shop,,1']);
  assert.deepEqual(
    totalsOf(records),
    new Map([
      [CPU, 1n],
      [CPU.replace('process_cpu', 'x_process_cpu'), 2n],
    ]),
  );
  assert.match(metrics, /discarded_samples_total\{reason="dropped_by_relabel_rules",tenant="t"\} 1/);
  const identities = new Set(records.map(({ identity }) => Buffer.from(identity).toString('hex')));
  assert.equal(identities.size, 2);
});

test('series that rules make equal are merged, and a lost service is the unknown one', async () => {
  const relabelRules = parseRelabelRules([{ action: 'labeldrop', regex: 'user|kind|service_name' }]);
  const { records } = await stored([series({}, threeUsers)], { relabelRules });
  assert.deepEqual(valuesOf(records, 'user'), [['unknown_service', '', 6n]]);
  assert.equal(records[0].groups[0].sampleCount, 1);
});

test('sample types are dropped and renamed by rules; none left is no error', async () => {
  const profile: TestPprof = {
    types: ['alloc_objects/count', 'alloc_space/bytes', 'inuse_space/bytes'],
    samples: [{ stack: ['f'], values: [1, 2, 3] }],
  };
  const sampleTypeRules = parseRelabelRules([
    { action: 'drop', source_labels: ['service_name', '__type__'], regex: 'shop;alloc_objects' },
    { source_labels: ['__unit__'], regex: 'bytes', target_label: '__unit__', replacement: 'B' },
  ]);
  const { records } = await stored([series({ __name__: 'memory' }, profile)], { sampleTypeRules });
  assert.deepEqual(
    totalsOf(records),
    new Map([
      ['memory:alloc_space:B:cpu:nanoseconds', 2n],
      ['memory:inuse_space:B:cpu:nanoseconds', 3n],
    ]),
  );
  const nothing = await stored([series({}, profile)], { sampleTypeRules: parseRelabelRules([{ action: 'drop' }]) });
  assert.deepEqual(nothing.records, []);
  assert.match(nothing.metrics, /reason="dropped_by_relabel_rules",tenant="t"\} 1/);
});

test('sampling keeps every total, says so, and draws about as often as it should', async () => {
  const pushed = Array.from({ length: 400 }, (_, i) =>
    series({ pod: `${i}` }, { ...threeUsers, timeMs: TEST_NOW_MS + i }),
  );
  const samplingRules = [
    { selector: '{service_name="other"}', probability: 0 },
    { selector: 'process_cpu{service_name=~"sh.*"}', probability: 0.25 },
  ];
  const { records, metrics } = await stored(pushed, { samplingRules });
  assert.deepEqual(totalsOf(records), new Map([[CPU, 2_400n]]));
  const out = records.filter(({ groups }) => labelValue(groups[0].labels, '__sampled__') === 'true');
  assert.ok(out.length > 250 && out.length < 350, String(out.length));
  assert.match(metrics, new RegExp(`sampled_profiles_total\\{tenant="t"\\} ${out.length}`));
  const [{ symbols, groups }] = out;
  assert.equal(stringAt(symbols.strings, symbols.functions.name[0]), '[sampled out]');
  // Series stay what they were.
  assert.deepEqual(groups.map((group) => labelValue(group.labels, 'user')).sort(), ['1', '2', '3']);
  const again = await stored(pushed, { samplingRules });
  assert.deepEqual(again.records, records);
});

test('a runaway label is demoted and the profile kept', async () => {
  const options: TestOptions = { limits: { profileSeriesMax: 2 } };
  const { records, metrics } = await stored([series({}, threeUsers)], {}, options);
  assert.deepEqual(sorted(valuesOf(records, 'kind')), ['shop,a,1', 'shop,b,5']);
  assert.deepEqual(
    records[0].groups.map(({ labels }) => [labelValue(labels, 'user'), labelValue(labels, '__demoted__')]),
    [
      ['', 'user'],
      ['', 'user'],
    ],
  );
  assert.match(metrics, /demoted_labels_total\{tenant="t"\} 1/);
  const all = await stored([series({}, threeUsers)], {}, { limits: { profileSeriesMax: 1 } });
  assert.deepEqual(totalsOf(all.records), new Map([[CPU, 6n]]));
  assert.equal(labelValue(all.records[0].groups[0].labels, '__demoted__'), 'kind,user');
});
