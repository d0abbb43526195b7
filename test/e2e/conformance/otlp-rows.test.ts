/**
 * The rows of the OTLP contract that say what must be, over HTTP in JSON. Layouts of older schemas, gRPC and its limits, partial success and
 * resends: libs/formats/src/otlp, services/distributor/src/otlp.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { conformanceWorld } from './world.ts';

const PATH = '/v1development/profiles';
const TIME_MS = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const STRINGS = ['', 'samples', 'count', 'cpu', 'nanoseconds', 'off_cpu', 'otlp_test', 'main', 'work', '/bin/app'];
const text = (string: string) => STRINGS.indexOf(string);
const typeOf = (type: string, unit: string) => ({ typeStrindex: text(type), unitStrindex: text(unit) });
const string = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** Stack 1 is main;work, stack 2 ends in code without a name. */
const DICTIONARY = {
  stringTable: [...STRINGS, 'service.name', 'thread.name'],
  mappingTable: [{}, { filenameStrindex: text('/bin/app') }],
  functionTable: [{}, { nameStrindex: text('main') }, { nameStrindex: text('work') }],
  locationTable: [
    {},
    { lines: [{ functionIndex: 1, line: '1' }] },
    { lines: [{ functionIndex: 2, line: '2' }] },
    { mappingIndex: 1, address: '4096' },
  ],
  stackTable: [{}, { locationIndices: [2, 1] }, { locationIndices: [3, 1] }],
  linkTable: [{}, { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }],
  attributeTable: [
    {},
    { keyStrindex: STRINGS.length, value: { stringValue: 'sampled' } },
    { keyStrindex: STRINGS.length + 1, value: { stringValue: 'worker' } },
  ],
};

interface Profile {
  readonly samples?: readonly object[];
  readonly [field: string]: unknown;
}
/** On-CPU unless it says otherwise: count × period is nanoseconds. */
const profileOf = (more: Profile = {}): Profile => ({
  sampleType: typeOf('samples', 'count'),
  periodType: typeOf('cpu', 'nanoseconds'),
  period: '10',
  timeUnixNano: `${TIME_MS}000000`,
  durationNano: '5000000000',
  samples: [{ stackIndex: 1, values: ['3'] }],
  ...more,
});
const requestOf = (profile: Profile, attributes: readonly object[], more: object = {}, scope: object = {}) => ({
  dictionary: DICTIONARY,
  resourceProfiles: [{ resource: { attributes }, scopeProfiles: [{ scope, profiles: [profile] }] }],
  ...more,
});

interface Stored {
  readonly says: string;
  readonly profile?: Profile;
  /** Besides the service's name. */
  readonly attributes?: readonly object[];
  readonly scope?: object;
  readonly dictionary?: object;
  readonly type?: string;
  readonly total?: number;
  readonly labels?: Readonly<Record<string, string | undefined>>;
  readonly frames?: readonly string[];
}

const ROWS: readonly Stored[] = [
  { says: 'count × period is CPU time', labels: { __otel__: 'true', __delta__: undefined } },
  {
    says: 'timestamps without values are one event each',
    profile: { samples: [{ stackIndex: 1, timestampsUnixNano: [`${TIME_MS}000000`, `${TIME_MS + 1}000000`] }] },
    total: 20,
  },
  {
    says: 'a value for each timestamp adds up',
    profile: {
      samples: [
        { stackIndex: 1, values: ['3', '4'], timestampsUnixNano: [`${TIME_MS}000000`, `${TIME_MS + 1}000000`] },
      ],
    },
    total: 70,
  },
  {
    says: 'time off CPU has no period',
    profile: { sampleType: typeOf('off_cpu', 'nanoseconds'), periodType: undefined, period: '0' },
    type: 'off_cpu:off_cpu:nanoseconds::',
    total: 3,
  },
  {
    says: 'other types are named by their period',
    profile: { sampleType: typeOf('otlp_test', 'count'), periodType: typeOf('otlp_test', 'samples') },
    type: 'otlp_test:otlp_test:count:otlp_test:samples',
    total: 3,
  },
  {
    says: 'without a period type the sample type names it',
    profile: { sampleType: typeOf('otlp_test', 'count'), periodType: undefined, period: '0' },
    type: 'otlp_test:otlp_test:count::',
    total: 3,
  },
  {
    says: 'texts, whole numbers and lists of one are labels, the rest is not; keys stay as they are',
    attributes: [
      string('k8s.pod.name', 'pod'),
      { key: 'process.pid', value: { intValue: '7' } },
      { key: 'one', value: { arrayValue: { values: [{ stringValue: 'x' }] } } },
      { key: 'two', value: { arrayValue: { values: [{ stringValue: 'x' }, { stringValue: 'y' }] } } },
      { key: 'flag', value: { boolValue: true } },
      { key: 'ratio', value: { doubleValue: 0.5 } },
      { key: 'map', value: { kvlistValue: { values: [string('a', 'b')] } } },
    ],
    labels: {
      'k8s.pod.name': 'pod',
      'process.pid': '7',
      one: 'x',
      two: undefined,
      flag: undefined,
      ratio: undefined,
      map: undefined,
    },
  },
  {
    says: 'what the resource says comes before the scope; the scope’s name is no label',
    attributes: [string('zone', 'resource')],
    scope: { name: 'scope', version: '1', attributes: [string('zone', 'scope'), string('team', 'b')] },
    labels: { zone: 'resource', team: 'b', name: undefined, version: undefined },
  },
  {
    says: 'attributes of samples are labels, those of the profile are not',
    profile: { attributeIndices: [1], samples: [{ stackIndex: 1, values: ['3'], attributeIndices: [2] }] },
    labels: { 'thread.name': 'worker' },
  },
  {
    says: 'attributes may be numbers of texts in the string table',
    attributes: [{ keyStrindex: text('off_cpu'), value: { stringValueStrindex: text('main') } }],
    labels: { off_cpu: 'main' },
  },
  { says: 'no time is now, no duration is no error', profile: { timeUnixNano: '0', durationNano: '0' } },
  {
    says: 'code without a name is shown by its address',
    profile: { samples: [{ stackIndex: 2, values: ['3'] }] },
    frames: ['app!0x1000', 'main', 'total'],
  },
  {
    says: 'location 0 is used where it has lines',
    dictionary: {
      ...DICTIONARY,
      locationTable: [{ lines: [{ functionIndex: 2, line: '2' }] }, ...DICTIONARY.locationTable.slice(1)],
      stackTable: [{}, { locationIndices: [0, 1] }],
    },
    frames: ['main', 'total', 'work'],
  },
];

async function send(request: object, headers: Record<string, string> = {}) {
  const body = JSON.stringify(request);
  return fetch(world.url + PATH, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
}
const keepCommit = (answer: Response) => {
  const commit = answer.headers.get('x-flamelake-commit');
  if (commit !== null) world.commit = { 'x-flamelake-commit': commit };
};
const world = conformanceWorld(async () => {});

for (const [i, row] of ROWS.entries()) {
  test(row.says, async () => {
    const { attributes = [], scope = {}, dictionary = DICTIONARY } = row;
    const service = `otlp-${i}`;
    const all = [string('service.name', service), ...attributes];
    const answer = await send(requestOf(profileOf(row.profile), all, { dictionary }, scope));
    assert.deepEqual([answer.status, await answer.text()], [200, '{}']);
    keepCommit(answer);
    const labelSelector = `{service_name="${service}"}`;
    const range = { start: TIME_MS - 600_000, end: Date.now() + 60_000 };
    const utf8 = { accept: '*/*; allow-utf8-labelnames=true' };
    const { labelsSet } = await world.query('Series', { ...range, matchers: [labelSelector], labelNames: [] }, utf8);
    assert.equal(labelsSet.length, 1);
    const labels = Object.fromEntries(labelsSet[0].labels.map(({ name, value }) => [name, value]));
    assert.equal(labels.__profile_type__, row.type ?? CPU);
    for (const [name, value] of Object.entries(row.labels ?? {})) assert.equal(labels[name], value, name);
    const merge = { ...range, profileTypeID: row.type ?? CPU, labelSelector };
    const { flamegraph } = await world.query('SelectMergeStacktraces', merge);
    assert.equal(flamegraph.total, String(row.total ?? 30));
    assert.deepEqual(flamegraph.names.toSorted(), row.frames ?? ['main', 'total', 'work']);
  });
}

test('a sample may name a service of its own, else it is unknown, by its executable if that is known', async () => {
  const samples = [
    { stackIndex: 1, values: ['1'], attributeIndices: [1] },
    { stackIndex: 1, values: ['2'] },
  ];
  for (const attributes of [[], [string('process.executable.name', 'app')]]) {
    const answer = await send(requestOf(profileOf({ samples }), attributes));
    assert.equal(answer.status, 200);
    keepCommit(answer);
  }
  const asked = { start: TIME_MS - 600_000, end: Date.now() + 60_000, name: 'service_name' };
  const { names } = await world.query('LabelValues', asked);
  for (const name of ['sampled', 'unknown_service', 'unknown_service:app']) assert.ok(names.includes(name), name);
});

test('a mapping has its file and the build id of GNU', async () => {
  const attributeTable = [{}, { keyStrindex: STRINGS.length, value: { stringValue: 'abc123' } }];
  const dictionary = {
    ...DICTIONARY,
    stringTable: [...STRINGS, 'process.executable.build_id.gnu'],
    mappingTable: [{}, { filenameStrindex: text('/bin/app'), attributeIndices: [1] }],
    attributeTable,
  };
  const profile = profileOf({ samples: [{ stackIndex: 2, values: ['3'] }] });
  const answer = await send(requestOf(profile, [string('service.name', 'mapped')], { dictionary }));
  assert.equal(answer.status, 200);
  keepCommit(answer);
  const range = { start: TIME_MS - 600_000, end: Date.now() + 60_000 };
  const asked = { ...range, profileTypeID: CPU, labelSelector: '{service_name="mapped"}' };
  const { mapping, stringTable } = (await world.query('SelectMergeProfile', asked)) as unknown as {
    mapping: { filename?: string; buildId?: string }[];
    stringTable: string[];
  };
  const named = mapping.map(({ filename, buildId }) => [stringTable[Number(filename)], stringTable[Number(buildId)]]);
  assert.ok(
    named.some(([file, id]) => file === '/bin/app' && id === 'abc123'),
    JSON.stringify(named),
  );
});

test('links are spans, in hex or base64', async () => {
  const hex = DICTIONARY.linkTable[1] as { traceId: string; spanId: string };
  const base64 = (text: string) => Buffer.from(text, 'hex').toString('base64');
  const links = [hex, { traceId: base64(hex.traceId), spanId: base64(hex.spanId) }];
  for (const [i, link] of links.entries()) {
    const service = `linked-${i}`;
    const dictionary = { ...DICTIONARY, linkTable: [{}, link] };
    const profile = profileOf({ samples: [{ stackIndex: 1, values: ['3'], linkIndex: 1 }] });
    const answer = await send(requestOf(profile, [string('service.name', service)], { dictionary }));
    assert.equal(answer.status, 200);
    keepCommit(answer);
    const range = { start: TIME_MS - 600_000, end: Date.now() + 60_000 };
    const asked = { ...range, profileTypeID: CPU, labelSelector: `{service_name="${service}"}`, maxNodes: 10 };
    const { flamegraph } = await world.query('SelectMergeStacktraces', { ...asked, spanSelector: [hex.spanId] });
    assert.equal(flamegraph.total, '30');
  }
});

const sound = () => requestOf(profileOf(), [string('service.name', 'sound')]);
interface Answered {
  readonly says: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}
const json = (says: string, request: object, status: number): Answered => {
  return { says, body: JSON.stringify(request), status };
};
const ANSWERS: readonly Answered[] = [
  json('nothing at all', {}, 200),
  json('unknown fields', { ...sound(), brandNew: { a: 1 } }, 200),
  json('no tables, and nothing that needs them', { resourceProfiles: [] }, 200),
  json('tables of nothing, all numbers 0', { dictionary: {}, resourceProfiles: sound().resourceProfiles }, 400),
  json('a stack that is not there', requestOf(profileOf({ samples: [{ stackIndex: 9, values: ['1'] }] }), []), 400),
  json('a text that is not there', requestOf(profileOf({ sampleType: { typeStrindex: 99 } }), []), 400),
  json('a profile of yesterday', requestOf(profileOf({ timeUnixNano: `${TIME_MS - 86_400_000}000000` }), []), 400),
  { says: 'gzip', body: gzipSync(JSON.stringify(sound())), headers: { 'content-encoding': 'gzip' }, status: 200 },
  { says: 'gzip that is none', body: '{}', headers: { 'content-encoding': 'gzip' }, status: 400 },
  { says: 'no JSON', body: '{', status: 400 },
  { says: 'no protobuf', body: '{', headers: { 'content-type': 'application/x-protobuf' }, status: 400 },
  { says: 'empty protobuf', body: '', headers: { 'content-type': 'application/x-protobuf' }, status: 200 },
  { says: 'protobuf by its other name', body: '', headers: { 'content-type': 'application/protobuf' }, status: 200 },
  { says: 'another content type', body: '{}', headers: { 'content-type': 'text/plain' }, status: 415 },
];

for (const { says, body, headers, status } of ANSWERS) {
  test(`${says}: ${status}, in the encoding of the request`, async () => {
    const sent = { 'content-type': 'application/json', ...headers };
    const answer = await fetch(world.url + PATH, { method: 'POST', headers: sent, body: body as string });
    const bytes = await answer.bytes();
    assert.equal(answer.status, status, Buffer.from(bytes).toString());
    // Collectors send again what is 429 or 5xx: bad data never is.
    const form = sent['content-type'].endsWith('protobuf') ? 'application/x-protobuf' : 'application/json';
    if (status === 200) assert.equal(answer.headers.get('content-type'), form);
  });
}

test('the path of gRPC is served on the same port', async () => {
  const path = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export';
  const answer = await fetch(world.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(answer.status, 200, await answer.text());
});
