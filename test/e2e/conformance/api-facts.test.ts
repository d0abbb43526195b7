/**
 * What is most easily got wrong about the wire, one test a fact. Facts shown elsewhere:
 * 16 (names of Go's goroutine profiles): services/distributor/src/recorded.test.ts "recorded run go-shop";
 * 18 and 19 (OTLP sample layouts, eBPF samples): libs/formats/src/otlp/otlp.prop.test.ts and decode-otlp.test.ts;
 * 21 (resource attributes and labels): services/distributor/src/otlp/otlp.test.ts "fifty attributes are honest …".
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decodePprof } from '@flamelake/formats';
import * as querier from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import * as types from '@flamelake/rpc/gen/types/v1/types_pb.js';
import { conformanceWorld, lastHour, pprofOf, QUERIER, readAsGrafana, SPAN } from './world.ts';

const TYPE = 'facts:units:count:units:count';
const BASE_MS = Math.floor(Date.now() / 10_000) * 10_000 - 600_000;
/** The worked example of the contract: a;b 3, a 1, c 2. */
const EXAMPLE = [
  { frames: ['a', 'b'], value: 3 },
  { frames: ['a'], value: 1 },
  { frames: ['c'], value: 2 },
];
const all = (service: string) => ({ profileTypeID: TYPE, labelSelector: `{service_name="${service}"}`, ...lastHour() });

const world = conformanceWorld(async ({ push }) => {
  const labels = (service: string, more = {}) => ({ __name__: 'facts', service_name: service, ...more });
  for (const offsetMs of [0, 2_500, 7_501]) {
    await push(labels('steps'), pprofOf('units', 'count', [{ frames: ['f'], value: 4 }], BASE_MS + offsetMs));
  }
  await push(
    labels('example', { 'k8s.pod': 'p', __delta__: 'false', __session_id__: 's' }),
    pprofOf('units', 'count', EXAMPLE),
  );
  const span = [{ frames: ['f'], value: 1, labels: { profile_id: SPAN } }];
  await push(labels('spans'), pprofOf('units', 'count', span), '00000000-0000-4000-8000-000000000000');
  const wide = Array.from({ length: 300 }, (_, i) => ({ frames: ['main', `g${i % 7}`, `h${i}`], value: 1 + (i % 5) }));
  await push(labels('wide'), pprofOf('units', 'count', wide));
});

type Body = NonNullable<RequestInit['body']>;
const post = (path: string, body: Body, headers: Record<string, string> = {}) =>
  fetch(`${world.url}${path}`, { method: 'POST', body, headers });
const ingest = (query: string, body: Body, headers = {}) => post(`/ingest?${query}`, body, headers);
const wall = () => pprofOf('wall', 'nanoseconds', [{ frames: ['f'], value: 5 }]);
const form = (bytes: Uint8Array): FormData => {
  const parts = new FormData();
  parts.append('profile', new Blob([new Uint8Array(bytes)]), 'profile.pprof');
  return parts;
};

test('1, 2: steps are seconds, points are sums at the right edge, empty steps have none', async () => {
  const range = { start: BASE_MS, end: BASE_MS + 10_000 };
  const { series } = await world.query('SelectSeries', { ...all('steps'), ...range, step: 2.5 });
  assert.deepEqual(series, [
    {
      points: [
        { value: 4, timestamp: String(BASE_MS) },
        { value: 4, timestamp: String(BASE_MS + 2_500) },
        { value: 4, timestamp: String(BASE_MS + 10_000) },
      ],
    },
  ]);
  const coarse = await world.query('SelectSeries', { ...all('steps'), ...range, step: 10 });
  assert.deepEqual(
    coarse.series[0].points.map(({ value }) => value),
    [4, 8],
  );
  const fine = { ...all('steps'), ...range, step: 0.0001 };
  assert.equal((await world.call(`${QUERIER}/SelectSeries`, fine)).body.code, 'invalid_argument');
});

test('3: field numbers', () => {
  const numbers = (schema: { fields: readonly { name: string; number: number }[] }) =>
    Object.fromEntries(schema.fields.map(({ name, number }) => [name, number]));
  assert.equal(numbers(querier.SeriesResponseSchema).labels_set, 2);
  assert.deepEqual(numbers(types.LabelNamesRequestSchema), { matchers: 1, start: 2, end: 3 });
  assert.deepEqual(numbers(types.LabelValuesRequestSchema), { name: 1, matchers: 2, start: 3, end: 4 });
  assert.ok(!Object.values(numbers(types.ProfileTypeSchema)).includes(3));
  assert.deepEqual(numbers(querier.AnalyzeQueryRequestSchema), { start: 2, end: 3, query: 4 });
  const span = numbers(querier.SelectMergeSpanProfileRequestSchema);
  assert.deepEqual([span.span_selector, span.start, span.end, span.max_nodes, span.format], [3, 4, 5, 6, 7]);
  assert.equal(numbers(querier.SelectMergeStacktracesRequestSchema).span_selector, 11);
});

test('4: SelectMergeProfile is the profile itself', async () => {
  const request = Buffer.from(JSON.stringify(all('example')));
  const bare = await post(`/${QUERIER}/SelectMergeProfile`, request, {
    'content-type': 'application/json',
    ...world.commit,
  });
  const json = (await bare.json()) as Record<string, unknown>;
  assert.ok(Array.isArray(json.stringTable) && Array.isArray(json.sample));
  assert.equal(typeof json.timeNanos, 'string');
  const wrapped = await world.query('SelectMergeStacktraces', { ...all('example'), format: 'PROFILE_FORMAT_PPROF' });
  assert.deepEqual(Object.keys(wrapped), ['pprof']);
});

test('5: the worked example of the flame graph, and the truncated node', async () => {
  const { flamegraph } = await world.query('SelectMergeStacktraces', all('example'));
  assert.deepEqual([flamegraph.total, flamegraph.maxSelf], ['6', '3']);
  assert.deepEqual(flamegraph.names[0], 'total');
  assert.deepEqual(Object.fromEntries(readAsGrafana(flamegraph)), { '': 0, a: 1, c: 2, 'a;b': 3 });
  const places = flamegraph.levels.map(({ values }) => values.map(Number).filter((_, i) => i % 4 !== 3));
  assert.deepEqual(places, [
    [0, 6, 0],
    [0, 4, 1, 0, 2, 2],
    [1, 3, 3],
  ]);
  const cut = await world.query('SelectMergeStacktraces', { ...all('wide'), maxNodes: 10 });
  assert.ok(cut.flamegraph.names.includes('other'));
});

test('6: nothing for Grafana to drop or to panic about, whatever the node budget', async () => {
  for (const maxNodes of [1, 2, 10, 100, 1_000]) {
    const { flamegraph } = await world.query('SelectMergeStacktraces', { ...all('wide'), maxNodes });
    const sum = [...readAsGrafana(flamegraph).values()].reduce((a, b) => a + b, 0);
    assert.equal(sum, Number(flamegraph.total), `${maxNodes} nodes`);
  }
  const none = await world.query('SelectMergeStacktraces', all('nobody'));
  assert.deepEqual(none.flamegraph.names, ['total']);
  assert.deepEqual(
    none.flamegraph.levels.map(({ values }) => values.map(Number)),
    [[0, 0, 0, 0]],
  );
});

test('7: the health check asks about 1970 and gets an empty list', async () => {
  assert.deepEqual(await world.query('ProfileTypes', { start: 1000, end: 4000 }), {});
  const long = { ...all('example'), start: 1000, end: 4000 };
  assert.equal((await world.query('SelectMergeStacktraces', long)).flamegraph.total ?? '0', '0');
  const ahead = { start: Date.now() - 3_600_000, end: Date.now() + 3_600_000 };
  assert.ok((await world.query('ProfileTypes', ahead)).profileTypes.length > 0);
});

test('8: Node sends pprof as the body, older ones as a form without a format; the sample rate counts for nothing', async () => {
  const body = Buffer.from(wall());
  assert.equal((await ingest('format=pprof&name=node.new&spyName=nodespy&sampleRate=17', body)).status, 200);
  assert.equal((await ingest('name=node.old&spyName=nodespy', form(wall()))).status, 200);
});

test('9: pyroscope-go sends nanoseconds, dotted labels and empty words, and needs 200', async () => {
  const now = `${BigInt(Date.now()) * 1_000_000n}`;
  const name = encodeURIComponent('go.app{otel.scope.name=com.grafana.pyroscope/go,__session_id__=0123456789abcdef}');
  const query = `name=${name}&from=${now}&until=${now}&spyName=gospy&sampleRate=100&units=&aggregationType=`;
  const answer = await ingest(query, form(gzipSync(wall())));
  assert.equal(answer.status, 200);
});

test('10, 14: dotted label names are hidden unless asked for; labels of the client are dropped', async () => {
  const asked = { ...lastHour(), matchers: ['{service_name="example"}'] };
  const plain = await world.query('LabelNames', asked);
  const utf8 = await world.query('LabelNames', asked, { accept: '*/*; allow-utf8-labelnames=true' });
  assert.ok(!plain.names.includes('k8s.pod'));
  assert.ok(utf8.names.includes('k8s.pod'));
  for (const dropped of ['__delta__', '__session_id__']) assert.ok(!utf8.names.includes(dropped), dropped);
  const quoted = { ...all('example'), labelSelector: '{"k8s.pod"="p"}' };
  assert.equal((await world.query('SelectMergeStacktraces', quoted)).flamegraph.total, '6');
  const odd = await world.call(`${QUERIER}/LabelNames`, asked, { accept: 'a/b;;=' });
  assert.equal(odd.body.code, 'invalid_argument');
});

test('11, 12: what is wrong is told with the status clients know, and never as an error of ours', async () => {
  assert.equal((await ingest('name=bad.app&format=pprof', Buffer.from('no pprof'))).status, 422);
  assert.equal((await ingest('from=1', Buffer.from(wall()))).status, 400);
  const series = [{ labels: [{ name: '__name__', value: 'x' }], samples: [{ rawProfile: 'bm90' }] }];
  const push = await world.call('push.v1.PusherService/Push', { series });
  assert.deepEqual([push.status, push.body.code], [400, 'invalid_argument']);
});

test('13: profile_id is the span; the stored profile id is a new UUID', async () => {
  const asked = { ...all('spans'), step: 3_600, exemplarType: 'EXEMPLAR_TYPE_INDIVIDUAL' };
  const { series } = await world.query('SelectSeries', asked);
  const { profileId } = series[0]?.points[0]?.exemplars[0] ?? { profileId: '' };
  assert.match(profileId, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  assert.notEqual(profileId, '00000000-0000-4000-8000-000000000000');
  const heat = {
    ...all('spans'),
    step: 3_600,
    queryType: 'HEATMAP_QUERY_TYPE_SPAN',
    exemplarType: 'EXEMPLAR_TYPE_SPAN',
  };
  const [slots] = (await world.query('SelectHeatmap', heat)).series;
  const [slot] = slots.slots;
  assert.deepEqual([slot.yMin.length, slot.counts.length, slot.exemplars[0].spanId], [20, 20, SPAN]);
});

test('15: text needs an application whose suffix says what is counted, or one without a dot', async () => {
  assert.equal((await ingest('name=my.app', 'a;b 1\n')).status, 400);
  for (const name of ['my.app.cpu', 'app']) assert.equal((await ingest(`name=${name}`, 'a;b 1\n')).status, 200, name);
});

test('17: the largest profile always fits the burst', async () => {
  const limits = (await (await fetch(`${world.url}/api/v1/tenant_limits`)).json()) as { ingestion_burst_size: number };
  assert.ok(limits.ingestion_burst_size >= 32 * 1024 * 1024);
});

test('20: OTLP over HTTP has one path without a prefix', async () => {
  const headers = { 'content-type': 'application/json' };
  assert.equal((await post('/v1development/profiles', '{}', headers)).status, 200);
  assert.equal((await post('/v1development/profiles', '', { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await post('/otlp/v1development/profiles', '{}', headers)).status, 404);
});

test('22: JSON in either style, numbers or strings, unknown fields and names; int64 as strings out', async () => {
  const { start, end } = lastHour();
  const asked = {
    profile_typeID: TYPE,
    label_selector: '{service_name="example",}',
    start: String(start),
    end,
    format: 'PROFILE_FORMAT_FUNCTIONS',
    formatOptions: { maxFunctions: 3 },
    stack_trace_selector: { call_site: [{ name: 'a' }] },
  };
  const { flamegraph } = await world.query('SelectMergeStacktraces', asked);
  assert.equal(flamegraph.total, '4');
  assert.ok(flamegraph.levels.every(({ values }) => values.every((value) => typeof value === 'string')));
  const query = encodeURIComponent(`${TYPE}{service_name="example"}`);
  const render = (await (await fetch(`${world.url}/pyroscope/render?query=${query}&from=now-1h`)).json()) as {
    flamebearer: { levels: unknown[][]; numTicks: unknown };
  };
  assert.ok(render.flamebearer.levels.flat().every(Number.isInteger));
  assert.equal(render.flamebearer.numTicks, 6);
});

test('23: a gzip body and no protocol version', async () => {
  const body = gzipSync(JSON.stringify(all('example')));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  assert.equal((await post(`/${QUERIER}/SelectMergeStacktraces`, body, headers)).status, 200);
});

test('24: the empty selector is an error, {} is not; several matchers all hold', async () => {
  const code = async (labelSelector: string) =>
    (await world.call(`${QUERIER}/SelectMergeStacktraces`, { ...all('x'), labelSelector })).body.code;
  assert.equal(await code(''), 'invalid_argument');
  for (const fine of ['{}', '{service_name="example",}', 'name{a!="b"}', "{service_name=~'exam.*'}"]) {
    assert.equal(await code(fine), undefined, fine);
  }
  const both = ['{service_name="example"}', '{service_name=~".*e"}'];
  const ask = async (matchers: string[]) =>
    (await world.call(`${QUERIER}/LabelValues`, { ...lastHour(), name: 'service_name', matchers })).body.names ?? [];
  assert.deepEqual(await ask(both), ['example']);
  assert.deepEqual(await ask(['{service_name="example"}', '{service_name="spans"}']), []);
});

test('25: spans by the new field, with a frame filter nobody knows yet, and by the old method', async () => {
  const selector = { spanSelector: [SPAN], stackTraceSelector: { frameFilter: { includeNames: ['f'] } } };
  const now = await world.query('SelectMergeStacktraces', { ...all('spans'), ...selector });
  const old = await world.query('SelectMergeSpanProfile', { ...all('spans'), spanSelector: [SPAN] });
  assert.deepEqual([now.flamegraph.total, old.flamegraph.total], ['1', '1']);
  for (const bad of [{ spanSelector: ['xyz'] }, { traceIdSelector: ['1'] }, { profileIdSelector: ['1'] }]) {
    const { body } = await world.call(`${QUERIER}/SelectMergeStacktraces`, { ...all('spans'), ...bad });
    assert.equal(body.code, 'invalid_argument', JSON.stringify(bad));
  }
  // Field 3 of StackTraceSelector over protobuf: 7 = { 3 = { 1: "f" } }.
  const wire = (field: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
  const text = (field: number, value: string) => wire(field, Buffer.from(value));
  const filter = wire(7, wire(3, text(1, 'f')));
  const varint = (field: number, value: number) => {
    const bytes = [field << 3];
    for (let rest = BigInt(value); ; rest >>= 7n) {
      bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
      if (rest <= 127n) return Buffer.from(bytes);
    }
  };
  const { start, end } = lastHour();
  const request = [
    text(1, TYPE),
    text(2, '{service_name="spans"}'),
    varint(3, start),
    varint(4, end),
    filter,
    text(11, SPAN),
  ];
  const pprof = Buffer.concat([...request, varint(6, 4)]);
  const answer = await post(`/${QUERIER}/SelectMergeStacktraces`, pprof, {
    'content-type': 'application/proto',
    ...world.commit,
  });
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'application/proto']);
  // PprofProfile in field 5, the profile in its field 1.
  const bytes = Buffer.from(await answer.arrayBuffer());
  const inner = bytes.subarray(bytes.indexOf(0x0a) + 1);
  const profile = decodePprof(inner.subarray(inner[0] !== undefined && inner[0] >= 128 ? 2 : 1));
  assert.deepEqual([...profile.values], [1n]);
});
