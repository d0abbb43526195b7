/** The probes of Pyroscope's canary exporter, which tells operators whether a server works: pushed, and soon found by every query. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformanceWorld, lastHour, pprofOf, SPAN } from './world.ts';

const TYPE = 'deadmans_switch:made_up:profilos:made_up:profilos';
const SELECTOR = '{service_name="canary"}';
const PRIVATE = [
  '__name__',
  '__period_type__',
  '__period_unit__',
  '__profile_type__',
  '__service_name__',
  '__type__',
  '__unit__',
];

const world = conformanceWorld(async ({ push }) => {
  const samples = [
    { frames: ['func1'], value: 10, labels: { profile_id: SPAN } },
    { frames: ['func1', 'func2'], value: 20 },
  ];
  const labels = { __name__: 'deadmans_switch', service_name: 'canary' };
  await push(labels, pprofOf('made_up', 'profilos', samples));
});
/** As the canary asks: without what its push answered. It gives 2 s; a busy machine may take longer, which the canary of ours measures. */
async function soon<Answer>(ask: () => Promise<Answer>, isThere: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    assert.ok(performance.now() < deadline, 'not there in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const merge = () => ({ profileTypeID: TYPE, labelSelector: SELECTOR, ...lastHour() });

test('it can be queried soon after the answer to the push', async () => {
  world.commit = {};
  await soon(
    () => world.query('SelectMergeStacktraces', merge()),
    ({ flamegraph }) => Number(flamegraph.total ?? 0) === 30,
  );
});

test('SelectMergeProfile and format PPROF are the same profile', async () => {
  const bare = await world.query('SelectMergeProfile', merge());
  const { pprof } = await world.query('SelectMergeStacktraces', { ...merge(), format: 'PROFILE_FORMAT_PPROF' });
  assert.deepEqual(
    { ...pprof.profile, timeNanos: '', durationNanos: '' },
    { ...bare, timeNanos: '', durationNanos: '' },
  );
  assert.deepEqual(
    bare.sample
      .flatMap(({ value }) => value)
      .map(Number)
      .sort((a, b) => a - b),
    [10, 20],
  );
});

test('ProfileTypes, Series, LabelNames and LabelValues have it', async () => {
  const { profileTypes } = await world.query('ProfileTypes', lastHour());
  assert.ok(profileTypes.some(({ ID }) => ID === TYPE));
  const { labelsSet } = await world.query('Series', {
    ...lastHour(),
    matchers: [SELECTOR],
    labelNames: ['service_name'],
  });
  assert.deepEqual(labelsSet, [{ labels: [{ name: 'service_name', value: 'canary' }] }]);
  const { names } = await world.query('LabelNames', { ...lastHour(), matchers: [SELECTOR] });
  for (const name of [...PRIVATE, 'service_name']) assert.ok(names.includes(name), name);
  const values = await world.query('LabelValues', { ...lastHour(), name: '__profile_type__', matchers: [SELECTOR] });
  assert.deepEqual(values.names, [TYPE]);
});

test('SelectSeries with a step of 1000 s is one series of one point with one label', async () => {
  const { series } = await world.query('SelectSeries', { ...merge(), step: 1_000, groupBy: ['service_name'] });
  assert.equal(series.length, 1);
  assert.deepEqual([series[0].points.length, series[0].labels?.length, series[0].points[0].value], [1, 1, 30]);
});

test('the flame graph has 3 names and 3 levels, that of the span 2 and 2, both ways', async () => {
  const { flamegraph } = await world.query('SelectMergeStacktraces', merge());
  assert.deepEqual([flamegraph.names.length, flamegraph.levels.length], [3, 3]);
  const old = await world.query('SelectMergeSpanProfile', { ...merge(), spanSelector: [SPAN] });
  const now = await world.query('SelectMergeStacktraces', { ...merge(), spanSelector: [SPAN] });
  for (const span of [old, now]) {
    assert.deepEqual([span.flamegraph.names, span.flamegraph.levels.length], [['total', 'func1'], 2]);
  }
});

test('an exemplar has the value and leads to its profile', async () => {
  const asked = { ...merge(), step: 1_000, exemplarType: 'EXEMPLAR_TYPE_INDIVIDUAL' };
  const { series } = await world.query('SelectSeries', asked);
  const [exemplar] = series[0].points[0].exemplars;
  assert.equal(exemplar.value, '30');
  const { flamegraph } = await world.query('SelectMergeStacktraces', {
    ...merge(),
    profileIdSelector: [exemplar.profileId],
  });
  assert.equal(flamegraph.total, '30');
});

test('render and render-diff have 3 names and 3 levels; stats say that there is data', async () => {
  const query = encodeURIComponent(`${TYPE}${SELECTOR}`);
  const render = await (await fetch(`${world.url}/pyroscope/render?query=${query}&from=now-1h&until=now`)).json();
  const sides = ['left', 'right'].map((side) => `${side}Query=${query}&${side}From=now-1h&${side}Until=now`).join('&');
  const diff = await (await fetch(`${world.url}/pyroscope/render-diff?${sides}`)).json();
  for (const { flamebearer } of [render, diff] as { flamebearer: { names: string[]; levels: unknown[] } }[]) {
    assert.deepEqual([flamebearer.names.length, flamebearer.levels.length], [3, 3]);
  }
  assert.equal((await world.query('GetProfileStats', {})).dataIngested, true);
});

test('an OTLP profile is found under the type the canary expects', async () => {
  const now = String(BigInt(Date.now()) * 1_000_000n);
  const strings = ['', 'otlp_test', 'count', 'samples', 'main'];
  const body = {
    dictionary: {
      stringTable: strings,
      mappingTable: [{}],
      functionTable: [{}, { nameStrindex: 4 }],
      locationTable: [{}, { lines: [{ functionIndex: 1, line: 1 }] }],
      stackTable: [{}, { locationIndices: [1] }],
      linkTable: [{}],
      attributeTable: [{}],
    },
    resourceProfiles: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'canary-otlp' } }] },
        scopeProfiles: [
          {
            profiles: [
              {
                sampleType: { typeStrindex: 1, unitStrindex: 2 },
                periodType: { typeStrindex: 1, unitStrindex: 3 },
                period: '1',
                timeUnixNano: now,
                durationNano: '1000000000',
                samples: [{ stackIndex: 1, values: ['30'] }],
              },
            ],
          },
        ],
      },
    ],
  };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${world.url}/v1development/profiles`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
  const types = await soon(
    () =>
      world.query('LabelValues', {
        ...lastHour(),
        name: '__profile_type__',
        matchers: ['{service_name="canary-otlp"}'],
      }),
    (answer) => 'names' in answer,
  );
  assert.deepEqual(types.names, ['otlp_test:otlp_test:count:otlp_test:samples']);
});
