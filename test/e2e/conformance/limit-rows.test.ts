/**
 * Limits at their edge: what is within is taken, what is over gets the status clients know and words that name limit, tenant and key; the value,
 * too, where reading does not stop at the limit.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformanceWorld, lastHour, pprofOf, QUERIER } from './world.ts';

const TYPE = 'limited:units:count:units:count';
const HOUR_MS = 3_600_000;
const world = conformanceWorld(
  async ({ push }) => {
    const frames = ['a', 'b', 'c', 'd', 'e'];
    await push({ __name__: 'limited', service_name: 'deep' }, pprofOf('units', 'count', [{ frames, value: 1 }]));
  },
  [
    '--query.lookback-max=3h',
    '--query.range-max=2h',
    '--query.nodes-default=2',
    '--query.nodes-max=3',
    '--limits.samples-max=3',
    '--limits.series-labels-max=8',
    '--limits.sample-labels-max=2',
    '--limits.label-name-size-max=30',
    '--limits.label-value-size-max=40',
    '--limits.profile-size-max=64KiB',
    '--limits.body-size-max=1MiB',
  ],
);

const asked = () => ({ profileTypeID: TYPE, labelSelector: '{}', ...lastHour() });
const stacktraces = (more: object) => world.call(`${QUERIER}/SelectMergeStacktraces`, { ...asked(), ...more });
const totalOf = ({ body }: Awaited<ReturnType<typeof stacktraces>>) =>
  Number((body.flamegraph as { total?: string }).total ?? 0);

test('a range before what is looked back to is empty, one that reaches before it is cut, a longer one is refused', async () => {
  const now = Date.now();
  const range = (fromHours: number, untilHours: number) =>
    stacktraces({ start: now - fromHours * HOUR_MS, end: now - untilHours * HOUR_MS });
  const [before, reaching, long] = [await range(100, 50), await range(100, 1.5), await range(2.5, 0)];
  assert.deepEqual([before.status, totalOf(before)], [200, 0]);
  assert.equal(reaching.status, 200);
  assert.deepEqual([long.status, long.body.code], [400, 'invalid_argument']);
  assert.match(String(long.body.message), /query\.range-max.*limitMs=7200000, tenant=anonymous/);
  assert.equal((await world.call(`${QUERIER}/ProfileTypes`, { start: 1_000, end: 4_000 })).status, 200);
  assert.equal(totalOf(await range(1, 0)), 1);
});

test('a query that does not say how many nodes gets as many as are usual, one that wants too many the most there are', async () => {
  const nodes = async (more: object) => {
    const { body, headers } = await stacktraces(more);
    const { levels } = body.flamegraph as { levels: { values: string[] }[] };
    return [levels.reduce((sum, { values }) => sum + values.length / 4, 0), headers.get('x-flamelake-max-nodes')];
  };
  const [[usual, none], [most, said], [wanted, unsaid]] = [
    await nodes({}),
    await nodes({ maxNodes: 100 }),
    await nodes({ maxNodes: 3 }),
  ];
  assert.deepEqual([none, said, unsaid], [null, '3', null]);
  assert.deepEqual([most, Number(usual) < Number(most), Number(most) < 6], [wanted, true, true]);
});

const samples = (count: number, labels: Readonly<Record<string, string>> = {}) =>
  Array.from({ length: count }, (_, i) => ({ frames: [`f${i}`], value: 1, labels }));
const named = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

interface Row {
  readonly says: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly profile: Uint8Array;
  /** Of the refusal; it is taken if absent. */
  readonly words?: RegExp;
  /** Of `/ingest`; Push answers 400. */
  readonly status?: number;
}

const profile = (count = 1, labels = {}) => pprofOf('units', 'count', samples(count, labels));
const large = (bytes: number) => pprofOf('units', 'count', [{ frames: ['x'.repeat(bytes)], value: 1 }]);
const over = (key: string, limit: number, value?: number): RegExp =>
  new RegExp(
    `^(?=.*limit\\w*=${limit})(?=.*key=${key})(?=.*tenant=anonymous)${value === undefined ? '' : `(?=.*=${value}\\b)`}`,
  );

const ROWS: readonly Row[] = [
  { says: 'as many samples as may be', profile: profile(3) },
  { says: 'a sample more', profile: profile(4), words: over('limits.samples-max', 3) },
  { says: 'as many labels of samples', profile: profile(1, named(2)) },
  { says: 'a label of samples more', profile: profile(1, named(3)), words: over('limits.sample-labels-max', 2) },
  { says: 'as many labels as may be', labels: named(2), profile: profile() },
  { says: 'labels more', labels: named(9), profile: profile(), words: over('limits.series-labels-max', 8) },
  { says: 'as long a name', labels: { ['n'.repeat(30)]: 'x' }, profile: profile() },
  {
    says: 'a longer name',
    labels: { ['n'.repeat(31)]: 'x' },
    profile: profile(),
    words: over('limits.label-name-size-max', 30, 31),
  },
  { says: 'as long a value', labels: { a: 'v'.repeat(40) }, profile: profile() },
  {
    says: 'a longer value',
    labels: { a: 'v'.repeat(41) },
    profile: profile(),
    words: over('limits.label-value-size-max', 40, 41),
  },
  { says: 'nearly the largest profile', profile: large(60_000) },
  { says: 'a larger profile', profile: large(70_000), words: over('limits.profile-size-max', 65_536), status: 413 },
];
for (const [i, { says, labels = {}, profile: bytes, words, status = 422 }] of ROWS.entries()) {
  test(`${says}: ${words === undefined ? 'taken' : status}`, async () => {
    const list = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join();
    const ingested = await fetch(`${world.url}/ingest?format=pprof&name=row-${i}{${list}}`, {
      method: 'POST',
      body: Buffer.from(bytes),
    });
    const text = await ingested.text();
    const all = { __name__: 'limited', service_name: `row-${i}`, ...labels };
    const series = [
      {
        labels: Object.entries(all).map(([name, value]) => ({ name, value })),
        samples: [{ rawProfile: Buffer.from(bytes).toString('base64') }],
      },
    ];
    const pushed = await world.call('push.v1.PusherService/Push', { series });
    if (words === undefined) {
      assert.deepEqual([ingested.status, text, pushed.status], [200, '', 200], JSON.stringify(pushed.body));
      return;
    }
    assert.equal(ingested.status, status, text);
    assert.match((JSON.parse(text) as { message: string }).message, words);
    assert.deepEqual([pushed.status, pushed.body.code], [400, 'invalid_argument']);
    assert.match(String(pushed.body.message), words);
  });
}

test('a body over its limit is 413 on /ingest and over OTLP, and refused by Push', async () => {
  const body = Buffer.alloc(1_300_000, 'main;work 1\n');
  const ingested = await fetch(`${world.url}/ingest?name=large`, { method: 'POST', body });
  const json = { 'content-type': 'application/json' };
  const exported = await fetch(`${world.url}/v1development/profiles`, { method: 'POST', headers: json, body });
  const pushed = await world.call('push.v1.PusherService/Push', { series: [], padding: 'x'.repeat(1_300_000) });
  assert.deepEqual([ingested.status, exported.status], [413, 413]);
  assert.ok(['invalid_argument', 'resource_exhausted'].includes(String(pushed.body.code)), JSON.stringify(pushed.body));
  for (const text of [await ingested.text(), String(pushed.body.message)]) {
    assert.match(text, over('limits.body-size-max', 1_048_576));
  }
});
