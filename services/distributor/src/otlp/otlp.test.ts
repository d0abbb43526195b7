import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { otlpJsonToProto, type ProfileRecord } from '@flamelake/formats';
import { labelValue } from '@flamelake/model';
import {
  createTestDistributor,
  startTestServer,
  TEST_NOW_MS,
  type TestOptions,
  totalsOf,
} from '../distributor-server.test-support.ts';

const NOW_NANOS = BigInt(TEST_NOW_MS) * 1_000_000n;
/** Tables of two functions, each a stack of its own. */
const DICTIONARY = {
  stringTable: [
    '',
    'cpu',
    'nanoseconds',
    'samples',
    'count',
    'main',
    'work',
    'service.name',
    'thread',
    'off_cpu',
    'a-b',
  ],
  functionTable: [{}, { nameStrindex: 5 }, { nameStrindex: 6 }],
  locationTable: [{}, { lines: [{ functionIndex: 1 }] }, { lines: [{ functionIndex: 2 }] }],
  stackTable: [{}, { locationIndices: [1] }, { locationIndices: [2, 1] }],
  attributeTable: [
    {},
    { keyStrindex: 7, value: { stringValue: 'own' } },
    { keyStrindex: 8, value: { intValue: '7' } },
    { keyStrindex: 8, value: { doubleValue: 0.5 } },
  ],
};

interface TestProfile {
  readonly type?: readonly [type: number, unit: number];
  readonly samples?: readonly object[];
  readonly time?: bigint;
  readonly period?: number;
}

const profile = ({ type = [1, 2], samples, time = NOW_NANOS, period = 0 }: TestProfile = {}) => ({
  sampleType: { typeStrindex: type[0], unitStrindex: type[1] },
  samples: samples ?? [{ stackIndex: 1, values: ['5'] }],
  timeUnixNano: String(time),
  ...(period === 0 ? {} : { period: String(period), periodType: { typeStrindex: 1, unitStrindex: 2 } }),
});

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const resource = (service: string, ...profiles: readonly object[]) => ({
  resource: { attributes: [attribute('service.name', service)] },
  scopeProfiles: [{ profiles }],
});
const body = (...resourceProfiles: readonly object[]) =>
  otlpJsonToProto(Buffer.from(JSON.stringify({ resourceProfiles, dictionary: DICTIONARY })));

/** Sends a request and gives back its receipt and what the log then holds. */
async function exported(request: Uint8Array, options: TestOptions = {}) {
  const { distributor, profiles } = createTestDistributor(options);
  const receipt = await distributor.otlp('anonymous', { body: request, form: 'proto' });
  return { receipt, records: await profiles() };
}

const namesOf = (records: readonly ProfileRecord[]) => records.map(({ service }) => service).sort();

test('labels are those of the resource and scope, first come; types are named as the contract has it', async () => {
  const request = body({
    resource: {
      attributes: [
        attribute('service.name', 'shop'),
        attribute('k8s.pod.name', 'p'),
        { key: 'pid', value: { intValue: 42 } },
        { key: 'is', value: { boolValue: true } },
      ],
    },
    scopeProfiles: [
      {
        scope: { name: 's', attributes: [attribute('k8s.pod.name', 'q'), attribute('zone', 'z')] },
        profiles: [
          profile({ type: [3, 4], period: 10_000_000, samples: [{ stackIndex: 1, timestampsUnixNano: ['1', '2'] }] }),
          profile({ type: [9, 2] }),
          profile({ type: [3, 4], period: 7, time: 0n }),
        ],
      },
    ],
  });
  const { records, receipt } = await exported(request);
  assert.deepEqual([receipt.rejectedProfiles, receipt.message], [0, '']);
  assert.deepEqual(
    totalsOf(records),
    new Map([
      ['process_cpu:cpu:nanoseconds:cpu:nanoseconds', 20_000_000n + 35n],
      ['off_cpu:off_cpu:nanoseconds::', 5n],
    ]),
  );
  assert.deepEqual(Object.fromEntries(records[0].groups[0].labels.map(({ name, value }) => [name, value])), {
    __otel__: 'true',
    'k8s.pod.name': 'p',
    pid: '42',
    'service.name': 'shop',
    service_name: 'shop',
    zone: 'z',
  });
  assert.equal(records[0].durationNanos, 10_000_000_000n);
  // A profile of 1970 or without a time is of now.
  assert.equal(records[2].timeNanos, NOW_NANOS);
});

test('samples may name their own service, and have labels', async () => {
  const samples = [
    { stackIndex: 1, attributeIndices: [1], values: ['1'] },
    { stackIndex: 1, attributeIndices: [2], values: ['2'] },
    { stackIndex: 2, attributeIndices: [1, 2, 3], values: ['4'] },
  ];
  const { records } = await exported(body(resource('shop', profile({ samples }))));
  assert.deepEqual(namesOf(records), ['own', 'shop']);
  const own = records.find(({ service }) => service === 'own');
  assert.deepEqual(
    own?.groups.map((group) => [labelValue(group.labels, 'thread'), ...group.values]),
    [
      ['', 1n],
      ['7', 4n],
    ],
  );
  const { records: unnamed } = await exported(
    body({
      resource: { attributes: [attribute('process.executable.name', 'app')] },
      scopeProfiles: [{ profiles: [profile()] }],
    }),
  );
  assert.deepEqual(namesOf(unnamed), ['unknown_service:app']);
});

test('fifty attributes are honest; what is over the limit names limit, value, tenant and key', async () => {
  const attributes = Array.from({ length: 100 }, (_, i) => attribute(`a${i}`, 'v'));
  const request = body({ resource: { attributes }, scopeProfiles: [{ profiles: [profile()] }] });
  assert.equal((await exported(request)).records.length, 1);
  await assert.rejects(exported(request, { limits: { resourceLabelsMax: 50 } }), {
    code: 'invalid_argument',
    details: {
      reason: 'max_label_names_per_series',
      tenant: 'anonymous',
      limit: 50,
      value: 102,
      key: 'limits.resource-labels-max',
    },
  });
});

test('a bad profile of a batch loses nothing beside it, and is said and counted', async () => {
  const { distributor, profiles, metrics } = createTestDistributor();
  const old = profile({ time: NOW_NANOS - 7_200_000_000_000n });
  const request = body(
    resource('a', profile(), old),
    resource('b', profile({ samples: [{ stackIndex: 99, values: ['1'] }] })),
    resource('c', profile()),
  );
  const receipt = await distributor.otlp('anonymous', { body: request, form: 'proto' });
  assert.equal(receipt.rejectedProfiles, 2);
  assert.match(receipt.message, /older than the ingestion window.*; 1 more/);
  assert.ok(receipt.commitToken !== undefined);
  assert.deepEqual(namesOf(await profiles()), ['a', 'c']);
  const text = await metrics.text();
  assert.match(text, /discarded_samples_total\{reason="not_in_ingestion_window",tenant="anonymous"\} 1/);
  assert.match(text, /discarded_bytes_total\{reason="malformed_profile",tenant="anonymous"\}/);
});

test('a sender none of whose resources is sound is refused, though what is sound is stored', async () => {
  const { distributor, profiles } = createTestDistributor();
  const broken = profile({ samples: [{ stackIndex: 99, values: ['1'] }] });
  const request = { body: body(resource('a', profile(), broken)), form: 'proto' } as const;
  await assert.rejects(distributor.otlp('t', request), { code: 'invalid_argument' });
  assert.deepEqual(namesOf(await profiles()), ['a']);
});

test('a resend is recognised by its identity; equal profiles of other tables, tenants and resources are not', async () => {
  const identities = async (request: Uint8Array) =>
    (await exported(request)).records.map(({ identity }) => Buffer.from(identity).toString('hex'));
  const first = await identities(body(resource('a', profile()), resource('b', profile())));
  assert.deepEqual(await identities(body(resource('a', profile()), resource('b', profile()))), first);
  assert.equal(new Set(first).size, 2);
  // Without a clock nothing can be recognised.
  const timeless = body(resource('a', profile({ time: 0n })));
  assert.notDeepEqual(await identities(timeless), await identities(timeless).then(([id]) => [id, id]));
});

test('over HTTP the answer has the encoding of the request, errors the status of the contract', async () => {
  await using server = await startTestServer();
  const url = `${server.url}/v1development/profiles`;
  const send = (content: Uint8Array | string, type: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(url, { method: 'POST', body: Buffer.from(content), headers: { 'content-type': type, ...headers } });
  const proto = 'application/x-protobuf';
  const sound = body(resource('a', profile()));
  const plain = await send(sound, proto);
  assert.deepEqual([plain.status, plain.headers.get('content-type'), await plain.text()], [200, proto, '']);
  assert.ok(plain.headers.get('x-flamelake-commit') !== null);
  const packed = await send(gzipSync(sound), 'application/protobuf', { 'content-encoding': 'gzip' });
  assert.equal(packed.status, 200);
  const json = JSON.stringify({
    resourceProfiles: [resource('a', profile()), resource('b', profile({ type: [10, 2] }))],
    dictionary: DICTIONARY,
  });
  const partial = await send(json, 'application/json; charset=utf-8');
  assert.equal(partial.status, 200);
  const { partialSuccess } = (await partial.json()) as {
    partialSuccess: { rejectedProfiles: string; errorMessage: string };
  };
  assert.equal(partialSuccess.rejectedProfiles, '1');
  assert.match(partialSuccess.errorMessage, /hyphen/);
  assert.equal((await send('{}', 'application/json')).status, 200);
  assert.equal((await send('', proto)).status, 200);
  assert.equal((await send(sound, 'text/plain')).status, 415);
  assert.equal((await send(sound, proto, { 'content-encoding': 'br' })).status, 415);
  assert.equal((await send(sound.subarray(0, 40), proto)).status, 400);
  const refused = await send('{"resourceProfiles":3}', 'application/json');
  assert.equal(refused.status, 400);
  assert.deepEqual(((await refused.json()) as { code: number }).code, 3);
  assert.equal((await fetch(url)).status, 405);
});

test('large requests are prepared on a thread, to the same records', async () => {
  const samples = Array.from({ length: 20_000 }, (_, i) => ({
    stackIndex: 1 + (i % 2),
    values: [String(i + 1), '300'],
  }));
  const wide = body(
    resource('a', profile({ samples: [...samples, ...samples] })),
    resource('b', profile({ type: [10, 2] })),
  );
  assert.ok(wide.length > 262_144);
  const here = await exported(wide);
  const { distributor, profiles } = createTestDistributor({ threadCount: 1 });
  const receipt = await distributor.otlp('anonymous', { body: wide, form: 'proto' });
  assert.equal(receipt.rejectedProfiles, 1);
  assert.deepEqual(await profiles(), here.records);
  await distributor.close();
});
