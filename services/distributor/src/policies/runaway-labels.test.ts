/** Labels whose values grow without end leave the series; totals, identities and partitions stay what they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { type Label, labelValue, parseRelabelRules } from '@flamelake/model';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { createTestDistributor, TEST_NOW_MS, type TestOptions, totalsOf } from '../distributor-server.test-support.ts';
import { type TestSample, testPprof } from '../pprof-builder.test-support.ts';
import { NO_POLICIES } from './policies.ts';
import { createRunawayLabels } from './runaway-labels.ts';
import { createValueCount } from './value-count.ts';

const VALUES_MAX = 200;
const PUSHES = 300;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

/** A profile a request, of one of three pods; the first label set of its samples has the request's id too. */
function pushOf(request: number, where: 'series' | 'samples') {
  const own = { request_id: `r-${request}` };
  const samples: TestSample[] = [
    { stack: ['work', 'main'], values: [2], labels: where === 'samples' ? own : {} },
    { stack: ['idle', 'main'], values: [1], labels: { phase: 'end' } },
  ];
  const labels = { __name__: 'process_cpu', service_name: 'shop', pod: `pod-${request % 3}` };
  return [
    {
      labels: Object.entries({ ...labels, ...(where === 'series' && own) }).map(
        ([name, value]): Label => ({ name, value }),
      ),
      samples: [{ rawProfile: testPprof({ timeMs: TEST_NOW_MS + request, samples }), id: '' }],
    },
  ];
}

const limitsWith = (limits: TestOptions['limits']): TestOptions => ({
  limits: { labelValuesMax: VALUES_MAX, ...limits },
});
const idOf = ({ identity }: ProfileRecord) => Buffer.from(identity).toString('hex');

for (const where of ['series', 'samples'] as const) {
  test(`a label of ${where} with a new value in each push leaves the series, and nothing else`, async () => {
    const { distributor, profiles, metrics } = createTestDistributor(limitsWith({}));
    for (let request = 0; request < PUSHES; request++) await distributor.push('t', pushOf(request, where));
    const text = await metrics.text();
    // The last ones again, and the first ones, which were stored with the label.
    for (const request of [0, 1, PUSHES - 1]) await distributor.push('t', pushOf(request, where));
    await distributor.close();
    const records = await profiles();
    const byTime = new Map<bigint, ProfileRecord[]>();
    for (const record of records) byTime.set(record.timeNanos, [...(byTime.get(record.timeNanos) ?? []), record]);
    assert.equal(byTime.size, PUSHES);
    const twice = [...byTime.values()].filter((same) => same.length > 1);
    assert.equal(twice.length, 3);
    // What recognises a resend is the same, whatever became of its labels.
    for (const [first, again] of twice) assert.equal(idOf(first), idOf(again));
    const firsts = [...byTime.values()].map(([first]) => first);
    assert.deepEqual(totalsOf(firsts), new Map([[CPU, BigInt(3 * PUSHES)]]));
    const sets = (part: readonly ProfileRecord[]) =>
      new Set(part.flatMap(({ groups }) => groups.map(({ labels }) => JSON.stringify(labels)))).size;
    const inOrder = firsts.toSorted((a, b) => Number(a.timeNanos - b.timeNanos));
    assert.ok(sets(inOrder.slice(0, 100)) >= 100);
    const last = inOrder.slice(-50);
    assert.ok(sets(last) <= 3 * 3, `${sets(last)} series`);
    for (const { groups } of last) {
      for (const { labels } of groups) {
        assert.equal(labelValue(labels, 'request_id'), '');
        assert.match(labelValue(labels, 'pod'), /^pod-\d$/);
      }
      assert.ok(groups.some(({ labels }) => labelValue(labels, '__demoted__') === 'request_id'));
    }
    assert.match(text, /distributor_runaway_labels 1\n/);
    assert.ok(Number(/demoted_labels_total\{tenant="t"\} (\d+)/.exec(text)?.[1]) >= 50);
  });
}

test('services made of the label keep their records, their order and their identities', async () => {
  const relabelRules = parseRelabelRules([
    { source_labels: ['request_id', 'phase'], regex: 'r-\\d+;end', target_label: 'service_name', replacement: 'ends' },
  ]);
  const { distributor, profiles } = createTestDistributor(limitsWith({ policies: { ...NO_POLICIES, relabelRules } }));
  for (let request = 0; request < PUSHES; request++) await distributor.push('t', pushOf(request, 'series'));
  await distributor.push('t', pushOf(0, 'series'));
  await distributor.close();
  const same = (await profiles()).filter(({ timeNanos }) => timeNanos === BigInt(TEST_NOW_MS) * 1_000_000n);
  const byService = Map.groupBy(same, ({ service }) => service);
  assert.deepEqual([...byService.keys()].sort(), ['ends', 'shop']);
  for (const [first, again] of byService.values()) assert.equal(idOf(first), idOf(again));
});

test('an honest service keeps its labels, and 0 is no limit', async () => {
  for (const [labelValuesMax, values] of [
    [VALUES_MAX, 120],
    [0, PUSHES],
  ]) {
    const { distributor, profiles } = createTestDistributor(limitsWith({ labelValuesMax }));
    for (let request = 0; request < values; request++) await distributor.push('t', pushOf(request, 'series'));
    await distributor.close();
    for (const { groups } of await profiles()) assert.match(labelValue(groups[0].labels, 'request_id'), /^r-/);
  }
});

test('a label joins the series again when it has fewer values', () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const labels = createRunawayLabels({ clock, metrics: createMetrics(), logger: createLogger({ level: 'silent' }) });
  const observe = (value: string) =>
    labels.observe('t', [{ service: 's', labels: [{ name: 'id', value }] }], VALUES_MAX);
  for (let i = 0; i < PUSHES; i++) observe(`v${i}`);
  assert.deepEqual(labels.demotedOf('t'), { s: ['id'] });
  assert.deepEqual(labels.demotedOf('other'), {});
  nowMs = 1_800_000;
  observe('one');
  assert.deepEqual(labels.demotedOf('t'), { s: ['id'] });
  nowMs = 3_600_000;
  observe('one');
  assert.deepEqual(labels.demotedOf('t'), {});
});

test('what is counted is bounded, the services pushed to last are kept', async () => {
  const bytesMax = 200_000;
  const metrics = createMetrics();
  const logger = createLogger({ level: 'silent' });
  const labels = createRunawayLabels({ clock: systemClock, metrics, logger, bytesMax });
  for (let i = 0; i < 20_000; i++) {
    const own = ['a', 'b', 'c'].map((name) => ({ name, value: `${name}${i}` }));
    labels.observe('t', [{ service: `service-${i % 5_000}`, labels: own }], VALUES_MAX);
    labels.observe('t', [{ service: 'runaway', labels: own }], VALUES_MAX);
  }
  const held = Number(/label_counts_bytes (\d+)/.exec(await metrics.text())?.[1]);
  assert.ok(held > 0 && held <= bytesMax, `${held} bytes`);
  assert.deepEqual(labels.demotedOf('t'), { runaway: ['a', 'b', 'c'] });
});

test('values are counted exactly while few, then within a tenth, over two windows', () => {
  for (const count of [0, 1, 50, 64, 65, 300, 5_000, 60_000]) {
    const values = createValueCount();
    for (const half of [0, 1]) {
      for (let i = half; i < count; i += 2) {
        values.add(`value ${i}`);
        values.add(`value ${i}`);
      }
      if (half === 0) values.advance();
    }
    const off = Math.abs(values.estimate() - count);
    assert.ok(off <= (count <= 64 ? 0 : count / 10), `${values.estimate()} of ${count}`);
    values.advance();
    const rest = values.estimate();
    assert.ok(Math.abs(rest - count / 2) <= Math.max(1, count / 18), `${rest} of the newer ${count / 2}`);
    values.advance();
    assert.equal(values.estimate(), 0);
    assert.ok(values.bytes <= 5_000);
  }
});
