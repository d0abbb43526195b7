/** The rows of the query contract that say what must be, those that api-facts.test.ts does not have. Protocols and codes by protocol: libs/rpc, services/query-frontend/src/api. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformanceWorld, lastHour, pprofOf, QUERIER, SPAN } from './world.ts';

const TYPE = 'rows:units:count:units:count';
const ADHOC = 'adhocprofiles.v1.AdHocProfileService';
const SETTINGS = 'settings.v1.SettingsService';
const merge = (selector = '{service_name="a"}') => ({ profileTypeID: TYPE, labelSelector: selector, ...lastHour() });

const world = conformanceWorld(async ({ push }) => {
  const labels = (service_name: string, more = {}) => ({ __name__: 'rows', service_name, ...more });
  const stacks = (scale: number) => [
    { frames: ['main', 'work'], value: 3 * scale, labels: { profile_id: SPAN } },
    { frames: ['main'], value: scale },
  ];
  await push(labels('a', { zone: 'x' }), pprofOf('units', 'count', stacks(1)));
  await push(labels('b', { zone: 'y' }), pprofOf('units', 'count', stacks(10)));
  await push(labels('c'), pprofOf('units', 'count', stacks(100)));
});

const codeOf = async (method: string, message: object, headers = {}) => {
  const { status, body } = await world.call(method.includes('/') ? method : `${QUERIER}/${method}`, message, headers);
  return status === 200 ? 'ok' : `${status} ${String(body.code)}`;
};

interface Row {
  readonly says: string;
  readonly method: string;
  readonly message: object;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const INVALID = '400 invalid_argument';
const stacktraces = (says: string, more: object, code = INVALID): Row => {
  return { says, method: 'SelectMergeStacktraces', message: { ...merge(), ...more }, code };
};
const series = (says: string, more: object, code = INVALID): Row => {
  return { says, method: 'SelectSeries', message: { ...merge(), step: 15, ...more }, code };
};
const heatmap = (says: string, more: object, code = INVALID): Row => {
  return { says, method: 'SelectHeatmap', message: { ...merge(), step: 15, ...more }, code };
};
const NO_RANGE = { start: 0, end: 0 };

const ROWS: readonly Row[] = [
  stacktraces('a type of six parts, the last delta', { profileTypeID: `${TYPE}:delta` }, 'ok'),
  stacktraces('parts of a type may be empty', { profileTypeID: 'goroutine:goroutine:count::' }, 'ok'),
  stacktraces('four parts are no type', { profileTypeID: 'a:b:c:d' }),
  stacktraces('six parts need delta', { profileTypeID: 'a:b:c:d:e:f' }),
  stacktraces('no type', { profileTypeID: '' }),
  stacktraces('a selector that does not end', { labelSelector: '{' }),
  stacktraces('a bad expression', { labelSelector: '{a=~"("}' }),
  stacktraces('no range', NO_RANGE),
  stacktraces('no end', { end: 0 }),
  stacktraces('a start after the end', { start: 2_000, end: 1_000 }),
  stacktraces('fewer than no nodes', { maxNodes: -1 }),
  stacktraces('0 nodes is the default', { maxNodes: 0 }, 'ok'),
  stacktraces('no span id', { spanSelector: ['0'] }),
  stacktraces('no trace id', { traceIdSelector: [SPAN] }),
  stacktraces('no profile id', { profileIdSelector: ['x'] }),
  stacktraces('spans and traces together', { spanSelector: [SPAN], traceIdSelector: [SPAN + SPAN] }),
  stacktraces('async is off', { async: { type: 'ASYNC_QUERY_TYPE_FORCE' } }, '501 unimplemented'),
  stacktraces('async is not asked for', { async: { type: 'ASYNC_QUERY_TYPE_DISABLED' } }, 'ok'),
  stacktraces('enums by number', { format: 1 }, 'ok'),
  series('no step', { step: 0 }),
  series('a step below a millisecond', { step: 0.0005 }),
  series('a limit below 0', { limit: -1 }),
  series('exemplars of spans', { exemplarType: 'EXEMPLAR_TYPE_SPAN' }, '501 unimplemented'),
  series('an average', { aggregation: 'TIME_SERIES_AGGREGATION_TYPE_AVERAGE' }, 'ok'),
  heatmap('no step', { step: 0 }),
  heatmap('a limit below 0', { limit: -1 }),
  heatmap('a start after the end', { start: 2_000, end: 1_000 }),
  heatmap('a bad selector', { labelSelector: '{' }),
  { says: 'no spans', method: 'SelectMergeSpanProfile', message: merge(), code: INVALID },
  { says: 'a diff of one side', method: 'Diff', message: { left: merge() }, code: INVALID },
  { says: 'a bad side', method: 'Diff', message: { left: merge(), right: merge('{') }, code: INVALID },
  { says: 'no label', method: 'LabelValues', message: lastHour(), code: INVALID },
  { says: 'types without a range', method: 'ProfileTypes', message: NO_RANGE, code: 'ok' },
  { says: 'labels without a range', method: 'LabelNames', message: {}, code: 'ok' },
  { says: 'values without a range', method: 'LabelValues', message: { name: 'zone' }, code: 'ok' },
  { says: 'series without a range', method: 'Series', message: {}, code: 'ok' },
  { says: 'one end only', method: 'Series', message: { start: 5 }, code: INVALID },
  { says: 'an unknown method', method: `${QUERIER}/Nothing`, message: {}, code: '404 unimplemented' },
  { says: 'source links are not there', method: 'vcs.v1.VCSService/GithubApp', message: {}, code: '404 unimplemented' },
  {
    says: 'recording rules are not there',
    method: 'settings.v1.RecordingRulesService/ListRecordingRules',
    message: {},
    code: '404 unimplemented',
  },
  {
    says: 'tenants count for nothing',
    method: 'ProfileTypes',
    message: NO_RANGE,
    code: 'ok',
    headers: { 'x-scope-orgid': '../..' },
  },
  {
    says: 'an authorization is not looked at',
    method: 'ProfileTypes',
    message: NO_RANGE,
    code: 'ok',
    headers: { authorization: 'Basic eA==' },
  },
  { says: 'an id of no upload', method: `${ADHOC}/Get`, message: { id: 'x' }, code: INVALID },
  {
    says: 'an upload that is not there',
    method: `${ADHOC}/Get`,
    message: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV-x' },
    code: '404 not_found',
  },
  { says: 'no base64', method: `${ADHOC}/Upload`, message: { name: 'a', profile: '%' }, code: INVALID },
  { says: 'no setting', method: `${SETTINGS}/Set`, message: {}, code: INVALID },
  { says: 'deleting an absent setting', method: `${SETTINGS}/Delete`, message: { name: 'none' }, code: 'ok' },
];
for (const { says, method, message, code, headers } of ROWS) {
  test(`${method.split('/').at(-1)}: ${says}: ${code}`, async () => {
    assert.equal(await codeOf(method, message, headers), code);
  });
}

test('errors are JSON with a code, whatever the form of the request; there is no GET', async () => {
  const headers = { 'content-type': 'application/proto' };
  const answer = await fetch(`${world.url}/${QUERIER}/SelectSeries`, { method: 'POST', headers, body: '' });
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(((await answer.json()) as { code: string }).code, 'invalid_argument');
  const got = await fetch(`${world.url}/${QUERIER}/SelectSeries?message=%7B%7D&encoding=json`);
  assert.ok(got.status === 404 || got.status === 405, String(got.status));
});

test('profile types are sorted, each once, with all their parts', async () => {
  const { profileTypes } = await world.query('ProfileTypes', lastHour());
  assert.deepEqual(
    profileTypes.find(({ ID }) => ID === TYPE),
    { ID: TYPE, name: 'rows', sampleType: 'units', sampleUnit: 'count', periodType: 'units', periodUnit: 'count' },
  );
  const ids = profileTypes.map(({ ID }) => ID);
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)),
  );
});

test('series are projected, unique and sorted; those without any of the labels are one empty set', async () => {
  const asked = { ...lastHour(), matchers: ['{__name__="rows"}'] };
  const { labelsSet } = await world.query('Series', { ...asked, labelNames: ['zone'] });
  assert.deepEqual(labelsSet, [
    {},
    { labels: [{ name: 'zone', value: 'x' }] },
    { labels: [{ name: 'zone', value: 'y' }] },
  ]);
  const whole = await world.query('Series', { ...asked, labelNames: [] });
  assert.equal(whole.labelsSet.length, 3);
  assert.ok(whole.labelsSet.every(({ labels }) => labels.some(({ name }) => name === '__profile_type__')));
  assert.deepEqual((await world.call(`${QUERIER}/LabelValues`, { ...lastHour(), name: 'nothing' })).body, {});
});

test('more nodes than there may be are as many as there may be, and that is said', async () => {
  const { status, headers } = await world.call(`${QUERIER}/SelectMergeStacktraces`, {
    ...merge(),
    maxNodes: 2_000_000,
  });
  assert.deepEqual([status, headers.get('x-flamelake-max-nodes')], [200, '1048576']);
});

test('formats: tree bytes, Graphviz, pprof; nothing of any where there is no data', async () => {
  const ask = (format: string, selector?: string) =>
    world.query('SelectMergeStacktraces', { ...merge(selector), format: `PROFILE_FORMAT_${format}` });
  const node = (name: string, self: number, children: number) => [name.length, ...Buffer.from(name), self, children];
  const tree = [...node('', 0, 1), ...node('main', 1, 1), ...node('work', 3, 0)];
  assert.deepEqual([...Buffer.from((await ask('TREE')).tree, 'base64')], tree);
  assert.match((await ask('DOT')).dot, /^digraph[^]*main/);
  assert.equal((await ask('PPROF')).pprof.profile.sample.length, 2);
  const none = '{service_name="none"}';
  assert.deepEqual(await ask('TREE', none), {});
  assert.deepEqual(await ask('DOT', none), {});
  assert.ok('pprof' in (await ask('PPROF', none)));
  const span = await world.query('SelectMergeSpanProfile', {
    ...merge(),
    spanSelector: [SPAN],
    format: 'PROFILE_FORMAT_TREE',
  });
  assert.deepEqual(
    [...Buffer.from(span.tree, 'base64')],
    [...node('', 0, 1), ...node('main', 0, 1), ...node('work', 3, 0)],
  );
});

test('series by a label: heaviest first, no pair where there is no label, no more than the limit', async () => {
  const asked = { ...merge('{__name__="rows"}'), step: 7_200, groupBy: ['zone'] };
  const { series: found } = await world.query('SelectSeries', asked);
  const shown = found.map(({ labels = [], points }) => [labels, points.map(({ value }) => value)]);
  assert.deepEqual(shown, [
    [[], [400]],
    [[{ name: 'zone', value: 'y' }], [40]],
    [[{ name: 'zone', value: 'x' }], [4]],
  ]);
  assert.equal((await world.query('SelectSeries', { ...asked, limit: 2 })).series.length, 2);
  const [whole] = (await world.query('SelectSeries', { ...asked, groupBy: [] })).series;
  assert.deepEqual([whole.labels, whole.points.map(({ value }) => value)], [undefined, [444]]);
});

test('a heat map has 20 buckets between the least and the most, and sends slots with data only', async () => {
  const { series: found } = await world.query('SelectHeatmap', { ...merge('{__name__="rows"}'), step: 7_200 });
  const [{ slots }] = found;
  assert.equal(slots.length, 1);
  const [{ yMin, counts }] = slots;
  assert.deepEqual([yMin.length, counts.length, yMin[0]], [20, 20, 4]);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    3,
  );
});

test('a diff has seven numbers a bar, both totals, and zeros where a side lacks a bar', async () => {
  const left = {
    ...merge('{service_name="a"}'),
    stackTraceSelector: { callSite: [{ name: 'main' }, { name: 'work' }] },
  };
  const { body } = await world.call(`${QUERIER}/Diff`, { left, right: merge('{service_name="b"}') });
  const graph = body.flamegraph as {
    names: string[];
    levels: { values: string[] }[];
    total: string;
    leftTicks: string;
    rightTicks: string;
  };
  assert.deepEqual([graph.total, graph.leftTicks, graph.rightTicks], ['43', '3', '40']);
  const bars = graph.levels.map(({ values }) => values.map(Number));
  assert.deepEqual(bars[0], [0, 3, 0, 0, 40, 0, 0]);
  assert.deepEqual(bars[1]?.slice(0, 6), [0, 3, 0, 0, 40, 10]);
  // The own part of a bar is at its left, on each side.
  assert.deepEqual(bars[2]?.slice(0, 6), [0, 3, 3, 10, 30, 30]);
});

test('stats and estimates', async () => {
  const { body: stats } = await world.call(`${QUERIER}/GetProfileStats`, {});
  assert.equal(stats.dataIngested, true);
  assert.ok(Number(stats.oldestProfileTime) <= Number(stats.newestProfileTime));
  const query = `${TYPE}{service_name="a"}`;
  const { body } = await world.call(`${QUERIER}/AnalyzeQuery`, { ...lastHour(), query });
  const impact = body.queryImpact as { totalBytesInTimeRange: string; totalQueriedSeries: string };
  assert.equal(impact.totalQueriedSeries, '1');
  assert.ok(Number(impact.totalBytesInTimeRange) > 0);
});

test('settings are kept, and an older change does not undo a newer one', async () => {
  const set = (value: string, modifiedAt: number) =>
    world.call(`${SETTINGS}/Set`, { setting: { name: 'pluginSettings', value, modifiedAt } });
  assert.equal((await set('{"a":1}', 20)).status, 200);
  assert.deepEqual([(await set('old', 10)).status, (await set('old', 10)).body.code], [409, 'already_exists']);
  const { body } = await world.call(`${SETTINGS}/Get`, {});
  assert.deepEqual(body.settings, [{ name: 'pluginSettings', value: '{"a":1}', modifiedAt: '20' }]);
});

test('version and feature flags', async () => {
  assert.deepEqual((await world.call('version.v1.Version/Version', {})).body, { QuerierAPI: '1' });
  const { body } = await world.call('capabilities.v1.FeatureFlagsService/GetFeatureFlags', {});
  const flags = body.featureFlags as { name: string; enabled?: boolean }[];
  const names = flags.map(({ name }) => name);
  assert.deepEqual(names, ['pyroscopeRuler', 'pyroscopeRulerFunctions', 'utf8LabelNames', 'v2StorageLayer']);
  assert.deepEqual(
    flags.filter(({ enabled }) => enabled).map(({ name }) => name),
    ['v2StorageLayer'],
  );
});

test('ad-hoc profiles: uploaded, listed, drawn by type, compared', async () => {
  const upload = async (name: string, text: string) => {
    const { status, body } = await world.call(`${ADHOC}/Upload`, {
      name,
      profile: Buffer.from(text).toString('base64'),
    });
    assert.equal(status, 200, JSON.stringify(body));
    return body as {
      id: string;
      name: string;
      uploadedAt: string;
      profileType: string;
      profileTypes: string[];
      flamebearerProfile: string;
    };
  };
  const left = await upload('a b.txt', 'x;y 3\n');
  assert.match(left.id, /^[0-9A-HJKMNP-TV-Z]{26}-a_b\.txt$/);
  assert.deepEqual(
    [left.profileType, left.profileTypes, typeof left.flamebearerProfile],
    ['samples', ['samples'], 'string'],
  );
  let right = await upload('b.txt', 'x;z 4\n');
  const others = [right];
  // Until it is of another millisecond: one cannot come before the other otherwise.
  while (right.uploadedAt === left.uploadedAt) others.push((right = await upload('b.txt', 'x;z 4\n')));
  const { body: got } = await world.call(`${ADHOC}/Get`, { id: left.id, profile_type: 'samples', max_nodes: '5' });
  assert.equal(JSON.parse(String(got.flamebearerProfile)).flamebearer.numTicks, 3);
  const { body: listed } = await world.call(`${ADHOC}/List`, {});
  const listedFiles = listed.profiles as { id: string; uploadedAt: string }[];
  assert.deepEqual(new Set(listedFiles.map(({ id }) => id)), new Set([left, ...others].map(({ id }) => id)));
  assert.equal(listedFiles[0]?.uploadedAt, right.uploadedAt, 'the newest first');
  const { body: diff } = await world.call(`${ADHOC}/Diff`, { leftId: left.id, rightId: right.id });
  const { leftTicks, rightTicks } = JSON.parse(String(diff.flamebearerProfile));
  assert.deepEqual([leftTicks, rightTicks, diff.profileTypes], [3, 4, ['samples']]);
});
