/** The rows of the query contract about what is selected, and how answers are laid out: selectors, ranges, series, heat maps, call sites. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, conformanceWorld, lastHour, pprofOf, QUERIER, type Sample, SPAN } from './world.ts';

const TYPE = 'picked:units:count:units:count';
const MINUTE_MS = 60_000;
const BASE_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 20 * MINUTE_MS;
const ODD = 'a "quoted" \\ value';
const TRACE = `${SPAN}${SPAN}`;

const world = conformanceWorld(async ({ push }) => {
  const one = (value: number, timeMs: number) => pprofOf('units', 'count', [{ frames: ['main'], value }], timeMs);
  const labels = (service_name: string, more = {}) => ({ __name__: 'picked', service_name, ...more });
  await push(labels('a', { env: 'prod', pod: 'p1' }), one(1, BASE_MS));
  await push(labels('a', { env: 'prod', pod: 'p2' }), one(2, BASE_MS + 1_000));
  await push(labels('b', { env: 'test', 'k8s.pod': 'x' }), one(4, BASE_MS + 30_000));
  await push(labels('c', { odd: ODD }), one(8, BASE_MS + MINUTE_MS));
  const calls = [
    { frames: ['main', 'serve', 'query'], value: 5 },
    { frames: ['main', 'serve'], value: 3 },
    { frames: ['main', 'idle'], value: 2 },
    { frames: ['other', 'serve', 'query'], value: 1 },
    { frames: ['main', 'traced'], value: 16, labels: { span_id: SPAN, trace_id: TRACE } },
  ];
  await push({ __name__: 'calls', service_name: 'calls' }, pprofOf('units', 'count', calls, BASE_MS));
  const labelled: Sample[] = [
    { frames: ['main'], value: 1, labels: { span_name: 'GET /', thread: 't1', zone: 'inner' } },
    { frames: ['main'], value: 2, labels: { thread: 't2' } },
  ];
  await push(
    { __name__: 'calls', service_name: 'labelled', zone: 'outer' },
    pprofOf('units', 'count', labelled, BASE_MS),
  );
  const wide = Array.from({ length: 600 }, (_, i) => ({ frames: ['main', `f${i}`], value: 1 }));
  await push({ __name__: 'calls', service_name: 'wide' }, pprofOf('units', 'count', wide, BASE_MS));
});

const merge = (labelSelector: string, more: object = {}) => ({
  profileTypeID: TYPE,
  labelSelector,
  ...lastHour(),
  ...more,
});
const totalOf = async (labelSelector: string, more: object = {}): Promise<number> =>
  Number((await world.query('SelectMergeStacktraces', merge(labelSelector, more))).flamegraph.total ?? 0);

const SELECTED: readonly (readonly [says: string, selector: string, total: number])[] = [
  ['everything', '{}', 15],
  ['a value', '{env="prod"}', 3],
  ['not a value: series without the label too', '{env!="prod"}', 12],
  ['the empty value: series without the label', '{env=""}', 8],
  ['not the empty value: series that have the label', '{env!=""}', 7],
  ['expressions are of the whole value', '{env=~"ro"}', 0],
  ['expressions', '{env=~"prod|te.t"}', 7],
  ['not an expression: series without the label too', '{env!~"p.*"}', 12],
  ['an expression of the empty value', '{env=~".*"}', 15],
  ['several', '{env="prod", pod!="p1"}', 2],
  ['one label twice', '{pod=~"p.", pod!="p2"}', 1],
  ['a comma at the end, and blanks', ' { service_name = "b" , } ', 4],
  ['double quotes with escapes', '{odd="a \\"quoted\\" \\\\ value"}', 8],
  ['single quotes', '{odd=\'a "quoted" \\\\ value\'}', 8],
  ['back quotes take all as it is', `{odd=\`${ODD}\`}`, 8],
  ['escapes by number', '{env="\\x70ro\\u0064"}', 3],
  ['a name in quotes', '{"k8s.pod"="x"}', 4],
  ['a metric name in front', 'picked{env="test"}', 4],
  ['another metric name in front', 'other{env="test"}', 0],
  ['the profile type itself', `{__profile_type__="${TYPE}"}`, 15],
  ['private names', '{__type__="units", __unit__="count", __period_type__="units", __name__="picked"}', 15],
  ['the private name of the service', '{__service_name__="a"}', 3],
];
for (const [says, selector, total] of SELECTED) {
  test(`selector: ${says}: ${selector}`, async () => assert.equal(await totalOf(selector), total));
}

test('both ends of a range belong to it', async () => {
  const within = (start: number, end: number) => totalOf('{}', { start: BASE_MS + start, end: BASE_MS + end });
  assert.equal(await within(0, 0), 1);
  assert.equal(await within(1, 1_000), 2);
  assert.equal(await within(0, MINUTE_MS), 15);
  assert.equal(await within(1_001, MINUTE_MS - 1), 4);
});

test('matchers all hold, none are everything; names with dots are left out of series and names unless asked for', async () => {
  const range = lastHour();
  const utf8 = { accept: '*/*;allow-utf8-labelnames=true' };
  const names = async (matchers: string[], headers = {}) =>
    (await world.query('LabelNames', { ...range, matchers }, headers)).names ?? [];
  const PRIVATE = ['__name__', '__period_type__', '__period_unit__', '__profile_type__', '__service_name__'];
  const common = [...PRIVATE, '__type__', '__unit__', 'service_name'];
  assert.deepEqual(await names(['{service_name="a"}']), [...common.slice(0, -1), 'env', 'pod', 'service_name']);
  assert.deepEqual(await names(['{service_name=~"a|b"}', '{env="test"}']), [
    ...common.slice(0, -1),
    'env',
    'service_name',
  ]);
  assert.ok((await names(['{env="test"}'], utf8)).includes('k8s.pod'));
  assert.ok((await names([], utf8)).includes('odd'));
  const series = async (headers = {}) => {
    const { labelsSet } = await world.query('Series', { ...range, matchers: ['{service_name="b"}'] }, headers);
    return labelsSet.flatMap(({ labels }) => labels.map(({ name }) => name));
  };
  assert.ok(!(await series()).includes('k8s.pod') && (await series(utf8)).includes('k8s.pod'));
});

test('values of every label, private ones too, by matchers on the others', async () => {
  const values = async (name: string, selector: string) =>
    (await world.query('LabelValues', { ...lastHour(), name, matchers: [selector] })).names;
  const b = '{service_name="b"}';
  for (const [name, expected] of [
    ['service_name', 'b'],
    ['__service_name__', 'b'],
    ['__profile_type__', TYPE],
    ['__name__', 'picked'],
    ['__type__', 'units'],
    ['__unit__', 'count'],
    ['__period_type__', 'units'],
    ['__period_unit__', 'count'],
    ['env', 'test'],
    ['k8s.pod', 'x'],
  ] as const) {
    assert.deepEqual(await values(name, b), [expected], name);
  }
  assert.deepEqual(await values('service_name', `{__profile_type__="${TYPE}"}`), ['a', 'b', 'c']);
});

test('a series takes what lies one step before the range, too, and sums it at its right edge', async () => {
  const ask = async (more: object) => {
    const range = { start: BASE_MS + 500, end: BASE_MS + MINUTE_MS, step: 15 };
    const { series } = await world.query('SelectSeries', { ...merge('{}'), ...range, ...more });
    return series.map(({ points }) => points.map(({ value, timestamp }) => [value, Number(timestamp) - BASE_MS]));
  };
  // Steps end at 500, 15,500, … ms; what lies behind the last of them is shown at the end of the range, so that no total lacks it.
  assert.deepEqual(await ask({}), [
    [
      [1, 500],
      [2, 15_500],
      [4, 30_500],
      [8, 60_000],
    ],
  ]);
  assert.deepEqual(await ask({ start: BASE_MS + 15_001, end: BASE_MS + 45_001 }), [
    [
      [2, 15_001],
      [4, 30_001],
    ],
  ]);
  const nobody = { ...merge('{service_name="nobody"}'), step: 15 };
  assert.deepEqual(await world.query('SelectSeries', nobody), {});
});

test('series by labels: the heaviest first, then by their labels; only those labels', async () => {
  const asked = { ...merge('{service_name=~"a|b"}'), step: 3_600, groupBy: ['pod', 'env'] };
  const { series } = await world.query('SelectSeries', asked);
  assert.deepEqual(
    series.map(({ labels }) => labels),
    [
      [{ name: 'env', value: 'test' }],
      [
        { name: 'env', value: 'prod' },
        { name: 'pod', value: 'p2' },
      ],
      [
        { name: 'env', value: 'prod' },
        { name: 'pod', value: 'p1' },
      ],
    ],
  );
});

test('a point names its largest profile, with the labels that it is not grouped by', async () => {
  const asked = { ...merge('{service_name="a"}'), step: 3_600, groupBy: ['env'] };
  const { series } = await world.query('SelectSeries', { ...asked, exemplarType: 'EXEMPLAR_TYPE_INDIVIDUAL' });
  const exemplars = series.flatMap(({ points }) => points.flatMap((point) => point.exemplars));
  const [exemplar] = exemplars as (Answer['series'][0]['points'][0]['exemplars'][0] & {
    labels: { name: string; value: string }[];
  })[];
  assert.deepEqual([exemplars.length, exemplar?.value], [1, '2']);
  const own = Object.fromEntries(exemplar?.labels.map(({ name, value }) => [name, value]) ?? []);
  assert.deepEqual([own.pod, own.env], ['p2', undefined]);
  assert.equal(await totalOf('{}', { profileIdSelector: [exemplar?.profileId] }), 2);
  const { series: plain } = await world.query('SelectSeries', { ...asked, exemplarType: 'EXEMPLAR_TYPE_NONE' });
  assert.ok(plain.every(({ points }) => points.every((point) => point.exemplars === undefined)));
});

test('a heat map of one value, of several groups, and of exemplars of the other kind', async () => {
  const ask = async (selector: string, more: object = {}) =>
    (await world.query('SelectHeatmap', { ...merge(selector), step: 3_600, ...more })).series;
  const [{ slots: alone }] = await ask('{service_name="b"}');
  assert.deepEqual([alone.length, alone[0]?.yMin.at(0), alone[0]?.counts.at(0)], [1, 4, 1]);
  assert.ok(Math.abs((alone[0]?.yMin.at(-1) ?? 0) - 4.95) < 1e-9);
  const grouped = await ask('{}', { groupBy: ['service_name'], limit: 2 });
  assert.deepEqual(
    grouped.map(({ labels, slots }) => [labels, slots[0]?.counts.reduce((a, b) => a + b, 0)]),
    [
      [[{ name: 'service_name', value: 'a' }], 2],
      [[{ name: 'service_name', value: 'b' }], 1],
    ],
  );
  assert.deepEqual(grouped[0]?.slots[0]?.yMin, grouped[1]?.slots[0]?.yMin);
  const [other] = await ask('{}', { exemplarType: 'EXEMPLAR_TYPE_SPAN' });
  assert.equal(other.slots[0]?.exemplars, undefined);
  const spans = { profileTypeID: 'calls:units:count:units:count', queryType: 'HEATMAP_QUERY_TYPE_SPAN' };
  const [found] = await ask('{}', { ...spans, exemplarType: 'EXEMPLAR_TYPE_SPAN' });
  assert.deepEqual(
    found.slots[0]?.exemplars.map((one) => [one.value, one.spanId, (one as { traceId?: string }).traceId]),
    [['16', SPAN, TRACE]],
  );
});

const calls = (more: object) =>
  world.query('SelectMergeStacktraces', {
    ...merge('{service_name="calls"}'),
    profileTypeID: 'calls:units:count:units:count',
    ...more,
  });
const site = (...names: string[]) => ({ stackTraceSelector: { callSite: names.map((name) => ({ name })) } });

test('a call site keeps the stacks that begin with it, from the root on; none keeps all', async () => {
  const seen = async (...names: string[]) => {
    const { flamegraph } = await calls(site(...names));
    return [Number(flamegraph.total ?? 0), flamegraph.names.toSorted().join()];
  };
  assert.deepEqual(await seen('main', 'serve'), [8, 'main,query,serve,total']);
  assert.deepEqual(await seen('other'), [1, 'other,query,serve,total']);
  assert.deepEqual(await seen('serve'), [0, 'total']);
  assert.deepEqual(await seen(), [27, 'idle,main,other,query,serve,total,traced']);
});

test('leaves override the call site', async () => {
  const selector = { ...site('main').stackTraceSelector, goPgo: { keepLocations: 1, aggregateCallees: true } };
  const { pprof } = await calls({ format: 'PROFILE_FORMAT_PPROF', stackTraceSelector: selector });
  const profile = pprof.profile as unknown as {
    sample: { locationId: string[]; value: string[] }[];
    location: { line: { line?: string }[] }[];
  };
  assert.ok(profile.sample.every(({ locationId }) => locationId.length === 1));
  assert.equal(
    profile.sample.reduce((sum, { value }) => sum + Number(value[0]), 0),
    27,
  );
  assert.ok(profile.location.every(({ line }) => line.every((one) => one.line === undefined)));
});

test('labels of samples split a profile into series, what the series says goes first; the name of a span is one', async () => {
  const asked = { ...lastHour(), matchers: ['{service_name="labelled"}'], labelNames: ['span_name', 'thread', 'zone'] };
  const { labelsSet } = await world.query('Series', asked);
  assert.deepEqual(
    labelsSet.map(({ labels }) => labels.map(({ name, value }) => `${name}=${value}`).join()),
    ['span_name=GET /,thread=t1,zone=outer', 'thread=t2,zone=outer'],
  );
  const one = '{service_name="labelled", span_name="GET /"}';
  assert.equal((await calls({ labelSelector: one })).flamegraph.total, '1');
});

test('spans and traces', async () => {
  for (const selector of [
    { spanSelector: [SPAN] },
    { traceIdSelector: [TRACE] },
    { spanSelector: [SPAN, 'f'.repeat(16)] },
  ]) {
    assert.equal((await calls(selector)).flamegraph.total, '16', JSON.stringify(selector));
  }
  assert.equal((await calls({ spanSelector: ['f'.repeat(16)] })).flamegraph.total ?? '0', '0');
});

test('a merged profile says what it is of', async () => {
  const range = { start: BASE_MS - 1_000, end: BASE_MS + MINUTE_MS };
  const asked = { ...merge('{}'), ...range };
  const profile = (await world.query('SelectMergeProfile', asked)) as unknown as {
    sampleType: { type: string; unit: string }[];
    periodType: { type: string; unit: string };
    stringTable: string[];
    timeNanos: string;
    period: string;
    defaultSampleType: string;
  };
  const text = (index: string) => profile.stringTable[Number(index)];
  assert.deepEqual(
    profile.sampleType.map(({ type, unit }) => [text(type), text(unit)]),
    [['units', 'count']],
  );
  assert.deepEqual([text(profile.periodType.type), text(profile.periodType.unit)], ['units', 'count']);
  assert.deepEqual([profile.period, text(profile.defaultSampleType)], ['1', 'units']);
  assert.equal(profile.timeNanos, `${range.end}000000`);
  const none = await world.call(`${QUERIER}/SelectMergeProfile`, { ...asked, labelSelector: '{service_name="none"}' });
  assert.equal(none.status, 200);
});

test('pprof has every stack, whatever the node budget; Graphviz shows 100 functions by default', async () => {
  const wide = { labelSelector: '{service_name="wide"}' };
  const { pprof } = await calls({ ...wide, format: 'PROFILE_FORMAT_PPROF', maxNodes: 5 });
  assert.equal(pprof.profile.sample.length, 600);
  const { dot } = await calls({ ...wide, format: 'PROFILE_FORMAT_DOT' });
  assert.equal([...dot.matchAll(/fontsize=/g)].length, 100);
});

test('formats of clients to come are answered with a flame graph', async () => {
  for (const format of ['FUNCTIONS', 'SANDWICH', 'FUNCTION_TREE']) {
    const answer = await calls({ format: `PROFILE_FORMAT_${format}`, formatOptions: { maxFunctions: 5 } });
    assert.deepEqual([Object.keys(answer), answer.flamegraph.total], [['flamegraph'], '27'], format);
  }
  const { body } = await world.call(`${QUERIER}/Diff`, {
    left: { ...merge('{}'), format: 'PROFILE_FORMAT_SANDWICH' },
    right: merge('{service_name="a"}', { maxNodes: 2 }),
  });
  const graph = body.flamegraph as { total: string; leftTicks: string; rightTicks: string };
  assert.deepEqual([graph.total, graph.leftTicks, graph.rightTicks], ['18', '15', '3']);
});

test('debug information is not taken, and that is said so that agents stop asking', async () => {
  for (const method of ['ShouldInitiateUpload', 'UploadFinished', 'ListDebuginfo']) {
    const { status, body } = await world.call(`debuginfo.v1alpha1.DebuginfoService/${method}`, {});
    assert.deepEqual([status, body.code], [404, 'unimplemented'], method);
  }
});
