import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { labelsKey } from '@flamelake/model';
import { createLogger } from '@flamelake/runtime';
import { startTestServer, TEST_NOW_MS, type TestServer, totalsOf } from '../distributor-server.test-support.ts';
import { testPprof } from '../pprof-builder.test-support.ts';

const seconds = Math.floor(TEST_NOW_MS / 1_000);
const profile = testPprof({ timeMs: TEST_NOW_MS, types: ['samples/count', 'cpu/nanoseconds'] });

async function post(
  server: TestServer,
  query: string,
  body: Uint8Array | FormData,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${server.url}/ingest?${query}`, { method: 'POST', body, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const raw = 'format=pprof&spyName=gospy&name=';

test('a raw pprof is stored under the application with its labels', async () => {
  await using server = await startTestServer();
  const name = encodeURIComponent('shop{env=lab,__session_id__=ff,__private__=x,otel.scope.name=a/b,empty=}');
  const { status, text, headers } = await post(server, raw + name, profile);
  assert.deepEqual([status, text, headers.get('content-length')], [200, '', '0']);
  assert.match(headers.get('x-flamelake-commit') ?? '', /^\[\[\d,0\]\]$/);
  const [record] = await server.profiles();
  const labels = { env: 'lab', 'otel.scope.name': 'a/b', pyroscope_spy: 'gospy', service_name: 'shop' };
  assert.equal(
    labelsKey(record?.groups[0]?.labels ?? []),
    labelsKey(Object.entries(labels).map(([label, value]) => ({ name: label, value }))),
  );
  assert.deepEqual(
    [...totalsOf(record === undefined ? [] : [record]).keys()],
    ['process_cpu:samples:count:cpu:nanoseconds', 'process_cpu:cpu:nanoseconds:cpu:nanoseconds'],
  );
});

test('a service_name in the name is the service; the alias path and gzip on the wire are served', async () => {
  await using server = await startTestServer();
  const url = `${server.url}/pyroscope/ingest?${raw}app%7Bservice_name=other%7D`;
  const headers = { 'content-encoding': 'gzip' };
  const response = await fetch(url, { method: 'POST', body: gzipSync(gzipSync(profile)), headers });
  assert.equal(response.status, 200);
  const [record] = await server.profiles();
  assert.equal(record?.service, 'other');
  assert(!JSON.stringify(record?.groups[0]?.labels).includes('"app"'));
});

test('a form with a configuration names the profile by it', async () => {
  await using server = await startTestServer();
  const form = new FormData();
  const types = ['contentions/count', 'delay/nanoseconds'];
  form.append('profile', new Blob([gzipSync(testPprof({ timeMs: TEST_NOW_MS, types }))]), 'profile.pprof');
  form.append('sample_type_config', new Blob(['{"contentions":{"display-name":"block_count"}}']), 'c.json');
  assert.equal((await post(server, 'name=shop', form)).status, 200);
  const [record] = await server.profiles();
  assert.deepEqual(
    record?.types.map(({ name }) => name),
    ['block', 'block'],
  );
});

test('a profile without a time of its own takes from, else now', async () => {
  await using server = await startTestServer();
  for (const query of [`&from=${seconds - 60}`, '', '&from=nonsense']) {
    assert.equal((await post(server, `${raw}shop${query}`, testPprof())).status, 200);
  }
  const times = (await server.profiles()).map(({ timeNanos }) => Number(timeNanos / 1_000_000n) - TEST_NOW_MS);
  assert.deepEqual(times, [-60_000, 0, 0]);
  assert.equal((await post(server, `${raw}shop&from=${seconds - 7_200}`, testPprof())).status, 422);
});

test('hyphens in the sample types of old .NET clients become underscores', async () => {
  await using server = await startTestServer();
  assert.equal(
    (await post(server, 'format=pprof&spyName=dotnetspy&name=a', testPprof({ types: ['alloc-size/bytes'] }))).status,
    200,
  );
  const [record] = await server.profiles();
  assert.equal(record?.types[0]?.sampleType, 'alloc_size');
});

test('an empty profile in a form is no error and stores nothing', async () => {
  await using server = await startTestServer();
  const form = new FormData();
  form.append('profile', new Blob([]), 'profile.pprof');
  assert.equal((await post(server, 'name=shop', form)).status, 200);
  assert.deepEqual(await server.profiles(), []);
});

const statuses: Readonly<
  Record<string, readonly [query: string, headers: Record<string, string>, status: number, code: string]>
> = {
  'no name': ['format=pprof', {}, 400, 'invalid_argument'],
  'a bad name': ['format=pprof&name=a%7Bb', {}, 400, 'invalid_argument'],
  'a body that is not of its format': ['format=speedscope&name=a', {}, 400, 'invalid_argument'],
  'pprof without format or form': ['name=a', {}, 400, 'invalid_argument'],
  'an unknown content encoding': [`${raw}a`, { 'content-encoding': 'br' }, 415, 'invalid_argument'],
  'a gzip content encoding that lies': [`${raw}a`, { 'content-encoding': 'gzip' }, 422, 'invalid_argument'],
  'a bad label': [`${raw}a%7Bb=${'x'.repeat(3_000)}%7D`, {}, 422, 'invalid_argument'],
};
for (const [what, [query, headers, status, code]] of Object.entries(statuses)) {
  test(`${what} is answered ${status} with a reason in JSON`, async () => {
    await using server = await startTestServer();
    const answer = await post(server, query, profile, headers);
    const body = JSON.parse(answer.text) as { code: string; message: string };
    assert.deepEqual([answer.status, body.code], [status, code], answer.text);
    assert.equal(answer.headers.get('content-type'), 'application/json');
  });
}

test('another method is answered 405', async () => {
  await using server = await startTestServer();
  const response = await fetch(`${server.url}/ingest?name=a`);
  assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST']);
  assert.match(await response.text(), /POST/);
});

test('with multi-tenancy a tenant is needed, and its profiles are its own', async () => {
  await using server = await startTestServer({ multitenancy: true });
  assert.equal((await post(server, `${raw}a`, profile)).status, 401);
  assert.equal((await post(server, `${raw}a`, profile, { 'x-scope-orgid': 'team/a' })).status, 400);
  assert.equal((await post(server, `${raw}a`, profile, { 'x-scope-orgid': 'team-a' })).status, 200);
  assert.deepEqual(
    (await server.profiles()).map(({ tenant }) => tenant),
    ['team-a'],
  );
});

test('limits of bodies hold while they are read, the answer is 413 and the server serves on', async () => {
  const bodyLimits = { wireBytesMax: 100_000, inflatedBytesMax: 200_000 };
  await using server = await startTestServer({ bodyLimits });
  const stated = await post(server, `${raw}a`, new Uint8Array(100_001));
  const chunked = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.write(`POST /ingest?${raw}a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 3; i++) socket.write(`${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`);
    socket.write('0\r\n\r\n');
  });
  const inflated = await post(server, `${raw}a`, gzipSync(new Uint8Array(200_001)), { 'content-encoding': 'gzip' });
  assert.equal(stated.status, 413);
  assert.match(chunked, /^HTTP\/1\.1 413 /);
  assert.equal(inflated.status, 413);
  for (const text of [stated.text, inflated.text]) assert.match(text, /limitBytes=\d+.*key=limits\.body-size-max/);
  assert.equal((await post(server, `${raw}a`, profile)).status, 200);
  assert.equal(server.distributor.budget.inUse, 0);
});

test('a tenant has limits of bodies of its own, on every way in; refusals name limit, value, tenant and key', async () => {
  const bodyLimitsOf = (tenant: string) => {
    const wireBytesMax = tenant === 'small' ? 1_000 : 100_000;
    return { wireBytesMax, inflatedBytesMax: wireBytesMax * 4 };
  };
  await using server = await startTestServer({ multitenancy: true, bodyLimitsOf });
  const ways: readonly (readonly [path: string, type: string])[] = [
    ['/ingest?name=a', 'application/octet-stream'],
    ['/v1development/profiles', 'application/x-protobuf'],
    ['/push.v1.PusherService/Push', 'application/proto'],
  ];
  const names = [/limitBytes=1000\b/, /bytes=1001\b/, /tenant=small\b/, /key=limits\.body-size-max/];
  for (const [path, type] of ways) {
    const send = async (tenant: string) => {
      const headers = { 'content-type': type, 'x-scope-orgid': tenant };
      const answer = await fetch(server.url + path, { method: 'POST', headers, body: new Uint8Array(1_001) });
      return { status: answer.status, text: await answer.text() };
    };
    const { status, text } = await send('small');
    assert.ok(status === 413 || text.includes('resource_exhausted'), `${path} ${status} ${text}`);
    for (const name of names) assert.match(text, name, path);
    assert.doesNotMatch((await send('other')).text, /body-size-max/, path);
  }
});

test('a profile over its limit is 413, overload and rate are 429 with Retry-After', async () => {
  await using small = await startTestServer({ limits: { profileBytesMax: 30 } });
  const tooLarge = await post(small, `${raw}a`, profile);
  assert.equal(tooLarge.status, 413);
  assert.match(tooLarge.text, /limitBytes=30.*key=limits\.profile-size-max/);
  await using full = await startTestServer({ inFlightBytesMax: 10 });
  const overload = await post(full, `${raw}a`, profile);
  assert.deepEqual([overload.status, overload.headers.get('retry-after')], [429, '1']);
});

test('a gzip body whose trailer lies about its size is read all the same, or refused', async () => {
  await using server = await startTestServer();
  const samples = Array.from({ length: 3_000 }, (_, i) => ({ stack: [`${i}`.padEnd(100, 'x')], values: [1] }));
  const large = gzipSync(testPprof({ timeMs: TEST_NOW_MS, samples }));
  const twoMembers = Buffer.concat([large, gzipSync('')]);
  const gzip = { 'content-encoding': 'gzip' };
  assert.equal((await post(server, `${raw}a`, twoMembers, gzip)).status, 200);
  assert.equal((await server.profiles())[0]?.stacks.count, 3_001);
  assert.equal((await post(server, `${raw}a`, large.subarray(0, large.length - 9), gzip)).status, 422);
});

test('a client that goes away while sending leaves nothing behind', async () => {
  await using server = await startTestServer();
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(`POST /ingest?${raw}a HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc`, () => socket.destroy());
    socket.on('close', () => resolve());
  });
  assert.equal((await post(server, `${raw}a`, profile)).status, 200);
  assert.deepEqual((await server.profiles()).length, 1);
});

test('a refused request is one line of log, without a stack, on either way in', async () => {
  const lines: string[] = [];
  await using server = await startTestServer({ logger: createLogger({ write: (line) => lines.push(line) }) });
  await post(server, `${raw}a`, Buffer.from('no profile'));
  const series = { labels: [{ name: 'service_name', value: 'a' }], samples: [{ rawProfile: 'AAAA' }] };
  await fetch(`${server.url}/push.v1.PusherService/Push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ series: [series] }),
  });
  const records = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ level, message, error }) => [level, message, error.code, error.stack]),
    [
      ['info', 'ingest failed', 'invalid_argument', undefined],
      ['info', 'call failed', 'invalid_argument', undefined],
    ],
  );
});

test('a refusal says what was sent and what could be', async () => {
  await using server = await startTestServer();
  const { text } = await post(server, 'name=a', profile);
  assert.match(text, /readAs=groups, sentAs=no format/);
  assert.match(
    (await post(server, 'name=a&format=colapsed', Buffer.from('a;b'))).text,
    /line=1.*sentAs=format=colapsed/,
  );
  assert.match((await post(server, 'name=a.b', Buffer.from('a;b 1'))).text, /as in shop\.cpu.*found=b.*alloc_space/);
  assert.match((await post(server, `${raw}a`, Buffer.from(''))).text, /body is empty/);
});
