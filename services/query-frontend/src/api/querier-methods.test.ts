/** Every RPC of querier.v1, in protobuf and JSON, against constant columns. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DescMessage } from '@bufbuild/protobuf';
import { type BodyForm, type Call, decodeMessage, encodeMessage, type UnaryMethod } from '@flamelake/rpc';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import * as querier from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import * as types from '@flamelake/rpc/gen/types/v1/types_pb.js';
import type { StacktraceQuery } from '../queries.ts';
import { constantQueries, EXACT, PPROF } from './constant-queries.test-support.ts';
import { querierMethods } from './querier-methods.ts';
import { serverMethods } from './server-methods.ts';

const methods = new Map(querierMethods(constantQueries).map((method) => [method.path.split('/').at(-1), method]));

function callWith(headers: Record<string, string> = {}) {
  const answered: Record<string, string> = {};
  const call: Call = {
    tenant: 'anonymous',
    headers,
    signal: new AbortController().signal,
    setHeader: (name, value) => {
      answered[name] = value;
    },
  };
  return { call, answered };
}

async function ask(name: string, request: string, headers: Record<string, string> = {}) {
  const { call, answered } = callWith(headers);
  const body = await (methods.get(name) as UnaryMethod).answer(Buffer.from(request), 'json', call);
  return { answer: JSON.parse(Buffer.from(body).toString()), answered };
}

const EXEMPLAR_JSON = {
  timestamp: '14000',
  spanId: '00000000000000ff',
  value: EXACT,
  labels: [{ name: 'pod', value: 'a' }],
};

/** Both forms of the same answer, each read by protobuf-es; must be one. */
async function askInBoth(
  name: string,
  schema: DescMessage,
  requestSchema: DescMessage,
  request: string,
): Promise<unknown> {
  const method = methods.get(name) as UnaryMethod;
  const answers: unknown[] = [];
  for (const form of ['proto', 'json'] satisfies BodyForm[]) {
    const asked = form === 'json' ? Buffer.from(request) : encodeAs(requestSchema, request);
    const body = await method.answer(asked, form, callWith({ accept: '*/*; allow-utf8-labelnames=true' }).call);
    const json = Buffer.from(encodeMessage(schema, decodeMessage(schema, body, form), 'json')).toString();
    if (form === 'json') assert.deepEqual(JSON.parse(Buffer.from(body).toString()), JSON.parse(json), 'canonical JSON');
    answers.push(JSON.parse(json));
  }
  assert.deepEqual(answers[0], answers[1]);
  return answers[0];
}

function encodeAs(schema: DescMessage, json: string): Uint8Array {
  return encodeMessage(schema, decodeMessage(schema, Buffer.from(json), 'json'), 'proto');
}

const SELECT =
  '"profile_typeID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds","label_selector":"{}","start":1,"end":"2"';

describe('querier.v1', () => {
  test('ProfileTypes is sorted and whole', async () => {
    const answer = await askInBoth(
      'ProfileTypes',
      querier.ProfileTypesResponseSchema,
      querier.ProfileTypesRequestSchema,
      '{"start":"1000","end":4000}',
    );
    const cpu = {
      ID: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      name: 'process_cpu',
      sampleType: 'cpu',
      sampleUnit: 'nanoseconds',
      periodType: 'cpu',
      periodUnit: 'nanoseconds',
    };
    const goroutine = {
      ID: 'goroutine:goroutine:count::',
      name: 'goroutine',
      sampleType: 'goroutine',
      sampleUnit: 'count',
    };
    assert.deepEqual(answer, { profileTypes: [goroutine, cpu] });
  });

  test('LabelNames and Series hide names old clients cannot read', async () => {
    assert.deepEqual((await ask('LabelNames', '{}')).answer, { names: ['__name__', 'service_name'] });
    const utf8 = { accept: 'text/html, */*; allow-utf8-labelnames=true' };
    assert.deepEqual((await ask('LabelNames', '{}', utf8)).answer, { names: ['__name__', 'k8s.pod', 'service_name'] });
    assert.deepEqual((await ask('Series', '{}')).answer, {
      labelsSet: [{ labels: [{ name: 'service_name', value: 'a' }] }, {}],
    });
    assert.deepEqual((await ask('Series', '{}', utf8)).answer.labelsSet.length, 3);
    await assert.rejects(ask('LabelNames', '{}', { accept: 'a b' }), { code: 'invalid_argument' });
    await askInBoth('Series', querier.SeriesResponseSchema, querier.SeriesRequestSchema, '{}');
    await askInBoth('LabelNames', types.LabelNamesResponseSchema, types.LabelNamesRequestSchema, '{}');
  });

  test('LabelValues needs a name', async () => {
    const asked = '{"name":"service_name","matchers":["{a=\\"b\\"}"],"start":1,"end":2}';
    const answer = await askInBoth(
      'LabelValues',
      types.LabelValuesResponseSchema,
      types.LabelValuesRequestSchema,
      asked,
    );
    assert.deepEqual(answer, { names: ['service_name', '{a="b"}', '1', '2'] });
    await assert.rejects(ask('LabelValues', '{}'), { code: 'invalid_argument' });
  });

  test('SelectMergeStacktraces in each format', async () => {
    const select = (format: string) =>
      askInBoth(
        'SelectMergeStacktraces',
        querier.SelectMergeStacktracesResponseSchema,
        querier.SelectMergeStacktracesRequestSchema,
        `{${SELECT},"format":${format}}`,
      );
    const graph = {
      names: ['total', 'a', 'c"ü\u2028', 'b'],
      levels: [{ values: ['0', EXACT, '0', '0'] }, { values: ['0', '4', '1', '1', '0', '2', '2', '2'] }, {}],
      total: EXACT,
      maxSelf: '3',
    };
    assert.deepEqual(await select('"PROFILE_FORMAT_FLAMEGRAPH"'), { flamegraph: graph });
    assert.deepEqual(await select('0'), { flamegraph: graph });
    assert.deepEqual(await select('"PROFILE_FORMAT_OF_THE_FUTURE"'), { flamegraph: graph });
    assert.deepEqual(await select('"PROFILE_FORMAT_TREE"'), { tree: 'AAEC' });
    assert.deepEqual(await select('"PROFILE_FORMAT_DOT"'), { dot: 'digraph {}' });
    const pprof = JSON.parse(Buffer.from(encodeMessage(ProfileSchema, PPROF, 'json')).toString());
    assert.deepEqual(await select('"PROFILE_FORMAT_PPROF"'), { pprof: { profile: pprof } });
    const merged = await askInBoth(
      'SelectMergeProfile',
      ProfileSchema,
      querier.SelectMergeProfileRequestSchema,
      `{${SELECT}}`,
    );
    assert.deepEqual(merged, pprof);
  });

  test('the query says its snapshot and what it clamped in headers', async () => {
    const { answered } = await ask('SelectMergeStacktraces', `{${SELECT},"maxNodes":"9999999"}`, {
      'x-flamelake-commit': 'sealed',
    });
    assert.deepEqual(answered, { 'x-flamelake-snapshot': 'after sealed', 'x-flamelake-max-nodes': '1048576' });
  });

  test('selectors reach the query; what is not served is refused, what is not known is left out', async () => {
    const span = '0123456789abcdef';
    const asked: [string, object][] = [
      [`"spanSelector":["${span}"]`, { choice: { profileIds: [], spanIds: [span], traceIds: [] } }],
      ['"traceIdSelector":["x"]', { choice: { profileIds: [], spanIds: [], traceIds: ['x'] } }],
      ['"profileIdSelector":["x"]', { choice: { profileIds: ['x'], spanIds: [], traceIds: [] } }],
      ['"stack_trace_selector":{"call_site":[{"name":"main"}]}', { callSite: ['main'] }],
      ['"stackTraceSelector":{"goPgo":{"keepLocations":5}}', { leaves: { locations: 5, aggregatesCallees: false } }],
      ['"spanSelector":[],"stackTraceSelector":{"3":{}},"unknown":[1]', { callSite: [], leaves: undefined }],
    ];
    for (const [field, expected] of asked) {
      let seen: StacktraceQuery | undefined;
      const spying = querierMethods({
        ...constantQueries,
        flamegraph: (call, query) => {
          seen = query;
          return constantQueries.flamegraph(call, query);
        },
      });
      const method = spying.find(({ path }) => path.endsWith('/SelectMergeStacktraces'));
      await method?.answer(Buffer.from(`{${SELECT},${field}}`), 'json', callWith().call);
      assert.deepEqual({ ...seen, ...expected }, seen, field);
    }
    await assert.rejects(ask('SelectMergeStacktraces', `{${SELECT},"async":{"type":"ASYNC_QUERY_TYPE_FORCE"}}`), {
      code: 'unimplemented',
    });
  });

  test('SelectMergeSpanProfile', async () => {
    const spans = '"spanSelector":["0123456789abcdef"]';
    const graph = await askInBoth(
      'SelectMergeSpanProfile',
      querier.SelectMergeSpanProfileResponseSchema,
      querier.SelectMergeSpanProfileRequestSchema,
      `{${SELECT},${spans},"format":"PROFILE_FORMAT_DOT"}`,
    );
    assert.deepEqual(Object.keys(graph as object), ['flamegraph']);
    const tree = await askInBoth(
      'SelectMergeSpanProfile',
      querier.SelectMergeSpanProfileResponseSchema,
      querier.SelectMergeSpanProfileRequestSchema,
      `{${SELECT},${spans},"format":"PROFILE_FORMAT_TREE"}`,
    );
    assert.deepEqual(tree, { tree: 'AAEC' });
    await assert.rejects(ask('SelectMergeSpanProfile', `{${SELECT}}`), { code: 'invalid_argument' });
  });

  test('SelectHeatmap', async () => {
    const answer = await askInBoth(
      'SelectHeatmap',
      querier.SelectHeatmapResponseSchema,
      querier.SelectHeatmapRequestSchema,
      `{${SELECT},"step":15,"queryType":"HEATMAP_QUERY_TYPE_SPAN","exemplarType":"EXEMPLAR_TYPE_SPAN","limit":"3"}`,
    );
    assert.deepEqual(answer, {
      series: [
        {
          labels: [{ name: 'asked', value: '15 spans true 3' }],
          slots: [{ timestamp: '15000', yMin: [0.5, 1], counts: [0, 2], exemplars: [EXEMPLAR_JSON] }],
        },
      ],
    });
    await assert.rejects(ask('SelectHeatmap', `{${SELECT},"step":15,"end":1}`), { code: 'invalid_argument' });
  });

  test('AnalyzeQuery', async () => {
    const answer = await askInBoth(
      'AnalyzeQuery',
      querier.AnalyzeQueryResponseSchema,
      querier.AnalyzeQueryRequestSchema,
      '{"start":1000,"end":"4000","query":"x{}"}',
    );
    const scope = { componentType: 'object storage', componentCount: '1', blockCount: '3', seriesCount: '3' };
    assert.deepEqual(answer, {
      queryScopes: [{ ...scope, profileBytes: '3000' }],
      queryImpact: { totalBytesInTimeRange: '3000', totalQueriedSeries: '3' },
    });
  });

  test('SelectSeries', async () => {
    const answer = await askInBoth(
      'SelectSeries',
      querier.SelectSeriesResponseSchema,
      querier.SelectSeriesRequestSchema,
      `{${SELECT},"step":15,"groupBy":["a"],"aggregation":"TIME_SERIES_AGGREGATION_TYPE_AVERAGE","limit":"3"}`,
    );
    assert.deepEqual(answer, {
      series: [
        {
          labels: [
            { name: 'step', value: '15' },
            { name: 'aggregation', value: 'average' },
            { name: 'limit', value: '3' },
            { name: 'a' },
          ],
          points: [
            { value: 1.5, timestamp: '1795206890050' },
            { timestamp: '1' },
            { value: 'NaN' },
            { value: 1e21, timestamp: '2' },
          ],
        },
        { points: [{ value: '-Infinity', timestamp: '5', exemplars: [EXEMPLAR_JSON] }] },
        {},
      ],
    });
    await assert.rejects(ask('SelectSeries', `{${SELECT},"exemplarType":"EXEMPLAR_TYPE_SPAN"}`), {
      code: 'unimplemented',
    });
  });

  test('Diff', async () => {
    const asked = `{"left":{${SELECT}},"right":{${SELECT}}}`;
    const answer = await askInBoth('Diff', querier.DiffResponseSchema, querier.DiffRequestSchema, asked);
    assert.deepEqual(answer, {
      flamegraph: {
        names: ['total'],
        levels: [{ values: ['0', '1', '0', '0', '2', '0', '0'] }],
        total: '3',
        leftTicks: '1',
        rightTicks: '2',
      },
    });
    await assert.rejects(ask('Diff', `{"left":{${SELECT}}}`), { code: 'invalid_argument' });
  });

  test('GetProfileStats', async () => {
    const answer = await askInBoth(
      'GetProfileStats',
      types.GetProfileStatsResponseSchema,
      types.GetProfileStatsRequestSchema,
      '{}',
    );
    assert.deepEqual(answer, { dataIngested: true, oldestProfileTime: '1', newestProfileTime: '2' });
  });

  test('broken requests are invalid arguments', async () => {
    for (const request of ['{', '[]', '"x"', '{"start":"x"}', '{"matchers":1}', '{"start":9223372036854775808}']) {
      await assert.rejects(ask('LabelNames', request), { code: 'invalid_argument' }, request);
    }
    const method = methods.get('LabelNames') as UnaryMethod;
    await assert.rejects(method.answer(Buffer.from([0x0a, 0x05, 0x41]), 'proto', callWith().call), {
      code: 'invalid_argument',
    });
  });
});

test('version and health', async () => {
  let isServing = true;
  const [version, health] = serverMethods(() => isServing) as [UnaryMethod, UnaryMethod];
  const text = async (method: UnaryMethod) =>
    Buffer.from(await method.answer(Buffer.from('{}'), 'json', callWith().call)).toString();
  assert.equal(await text(version), '{"QuerierAPI":"1"}');
  assert.equal(await text(health), '{"status":"SERVING"}');
  isServing = false;
  assert.equal(await text(health), '{"status":"NOT_SERVING"}');
});
