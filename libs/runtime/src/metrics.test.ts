import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createMetrics } from './metrics.ts';
import { observeProcess } from './process-metrics.ts';

const isInternal = (error: unknown) => error instanceof FlamelakeError && error.code === 'internal';

test('metrics are written as text with prefix, help and labels', async () => {
  const metrics = createMetrics();
  const pushes = metrics.counter({ name: 'pushes_total', help: 'Profiles pushed.', labels: ['form'] });
  pushes.add(2, { form: 'pprof' });
  pushes.add(1, { form: 'jfr' });
  metrics.gauge({ name: 'depth', help: 'Depth.' }).set(3);
  metrics.gauge({ name: 'read', help: 'Read.' }, () => 7);
  metrics.counter({ name: 'used_total', help: 'Used.' }, () => 11);
  metrics.gauge({ name: 'lag', help: 'Lag.', labels: ['of'] }, () => [{ labels: { of: 'x' }, value: 9 }]);
  metrics.histogram({ name: 'took_seconds', help: 'Took.' }, [1, 2]).observe(1.5);
  const text = await metrics.text();
  for (const line of [
    '# HELP flamelake_pushes_total Profiles pushed.',
    '# TYPE flamelake_pushes_total counter',
    'flamelake_pushes_total{form="pprof"} 2',
    'flamelake_depth 3',
    'flamelake_read 7',
    'flamelake_used_total 11',
    'flamelake_lag{of="x"} 9',
    'flamelake_took_seconds_bucket{le="1"} 0',
    'flamelake_took_seconds_bucket{le="2"} 1',
    'flamelake_took_seconds_sum 1.5',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.match(metrics.contentType, /^text\/plain/);
});

test('a metric is declared once: the same again is the same, another under its name is an error', async () => {
  const metrics = createMetrics();
  const declaration = { name: 'pushes_total', help: 'Profiles pushed.' };
  metrics.counter(declaration).add();
  metrics.counter(declaration).add();
  assert.match(await metrics.text(), /flamelake_pushes_total 2\n/);
  assert.throws(() => metrics.gauge(declaration), isInternal);
  assert.throws(() => metrics.counter({ ...declaration, help: 'Other.' }), isInternal);
  assert.deepEqual(metrics.list(), [{ ...declaration, labels: [], kind: 'counter' }]);
});

test('names that are none are refused', () => {
  for (const name of ['flamelake_x', 'Upper', 'a-b', '', '1a', 'a__b']) {
    assert.throws(() => createMetrics().counter({ name, help: 'x' }), isInternal, name);
  }
});

test('the process is measured: memory, CPU, event loop', async () => {
  const metrics = createMetrics();
  const stop = observeProcess(metrics);
  // The loop's delay is sampled by a timer of its own.
  let text = '';
  while (!text.includes('quantile="0.99"')) {
    await new Promise(setImmediate);
    text = await metrics.text();
  }
  stop();
  for (const name of ['resident_memory_bytes', 'cpu_seconds_total', 'heap_used_bytes']) {
    const value = new RegExp(`^flamelake_process_${name} (.*)$`, 'm').exec(text)?.[1];
    assert.ok(Number(value) > 0, name);
  }
});

test('metrics of other threads are added up, each named once', async () => {
  const [main, other] = [createMetrics(), createMetrics()];
  for (const [metrics, amount] of [
    [main, 2],
    [other, 5],
  ] as const) {
    metrics.counter({ name: 'store_calls_total', help: 'Calls.', labels: ['kind'] }).add(amount, { kind: 'get' });
    metrics.histogram({ name: 'store_seconds', help: 'Time.' }, [1]).observe(0.5);
  }
  other.gauge({ name: 'segment_position', help: 'Position.' }).set(7);
  const text = await main.text([structuredClone(await other.snapshot())]);
  assert.match(text, /^flamelake_store_calls_total\{kind="get"\} 7$/m);
  assert.match(text, /^flamelake_store_seconds_count 2$/m);
  assert.match(text, /^flamelake_segment_position 7$/m);
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
  assert.equal(new Set(names).size, names.length);
});

test('a gauge that is asked forgets what it is told no longer', async () => {
  const metrics = createMetrics();
  let partitions = [0, 1];
  metrics.gauge({ name: 'lag', help: 'Lag.', labels: ['of'] }, () =>
    partitions.map((of) => ({ labels: { of }, value: 9 })),
  );
  assert.match(await metrics.text(), /lag\{of="0"\} 9/);
  partitions = [1];
  assert.match(await metrics.text(), /lag\{of="1"\} 9/);
  assert.doesNotMatch(await metrics.text(), /of="0"/);
});
