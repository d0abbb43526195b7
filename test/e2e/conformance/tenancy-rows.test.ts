/** The rows of the contract about tenants and transport where multi-tenancy is on: who must name a tenant, which names are sound, what compresses. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { conformanceWorld, lastHour, pprofOf, QUERIER } from './world.ts';

const TYPE = 'owned:units:count:units:count';
const world = conformanceWorld(async () => {}, ['--multitenancy.enabled=true']);
const of = (tenant: string) => ({ 'x-scope-orgid': tenant });

test('what says nothing of data needs no tenant', async () => {
  for (const path of [
    '/ready',
    '/metrics',
    '/healthz',
    '/api/v1/status/buildinfo',
    '/api/v1/status/config',
    '/',
    '/explore',
  ]) {
    assert.equal((await fetch(world.url + path)).status, 200, path);
  }
  for (const method of ['version.v1.Version/Version', 'grpc.health.v1.Health/Check']) {
    assert.equal((await world.call(method, {})).status, 200, method);
  }
});

test('all else does, and a credential is none', async () => {
  const basic = { authorization: 'Basic eDp5' };
  for (const [method, message] of [
    [`${QUERIER}/ProfileTypes`, lastHour()],
    [`${QUERIER}/GetProfileStats`, {}],
    ['push.v1.PusherService/Push', { series: [] }],
    ['settings.v1.SettingsService/Get', {}],
    ['adhocprofiles.v1.AdHocProfileService/List', {}],
    ['opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export', {}],
  ] as const) {
    const { status, body } = await world.call(method, message, basic);
    assert.deepEqual([status, body.code], [401, 'unauthenticated'], method);
  }
  const json = { 'content-type': 'application/json' };
  for (const [path, init] of [
    ['/ingest?name=a', { method: 'POST', body: 'a 1\n' }],
    ['/pyroscope/ingest?name=a', { method: 'POST', body: 'a 1\n' }],
    ['/v1development/profiles', { method: 'POST', body: '{}', headers: json }],
    [`/pyroscope/render?query=${TYPE}`, {}],
    ['/pyroscope/label-values?label=a', {}],
    ['/api/v1/tenant_limits', {}],
    ['/runtime_config', {}],
  ] as const) {
    const answer = await fetch(world.url + path, init);
    assert.equal(answer.status, 401, path);
    assert.match(await answer.text(), /unauthenticated|no tenant/, path);
  }
});

test('which names of tenants are sound', async () => {
  const codeOf = async (tenant: string) => (await world.call(`${QUERIER}/ProfileTypes`, lastHour(), of(tenant))).status;
  for (const sound of ["aZ09!-_.*'()", 'a'.repeat(150), '...', 'a|b', 'b|a|b'])
    assert.equal(await codeOf(sound), 200, sound);
  for (const unsound of ['.', '..', 'a/b', 'a b', 'a'.repeat(151), 'a|', '|', 'a|..', '<a>', 'a:b', 'a,b']) {
    assert.equal(await codeOf(unsound), 400, unsound);
  }
});

test('a write is of one tenant, named once or twice; a read is of each, sorted', async () => {
  const rawProfile = Buffer.from(pprofOf('units', 'count', [{ frames: ['f'], value: 3 }])).toString('base64');
  const series = (service: string) => [
    {
      labels: Object.entries({ __name__: 'owned', service_name: service }).map(([name, value]) => ({ name, value })),
      samples: [{ rawProfile }],
    },
  ];
  const push = async (tenant: string, service: string) => {
    const { status, headers } = await world.call('push.v1.PusherService/Push', { series: series(service) }, of(tenant));
    if (status === 200) world.commit = { 'x-flamelake-commit': headers.get('x-flamelake-commit') ?? '' };
    return status;
  };
  assert.deepEqual(
    [await push('red', 'r'), await push('blue|blue', 'b'), await push('red|blue', 'x')],
    [200, 200, 400],
  );
  const asked = { ...lastHour(), name: 'service_name', matchers: [] };
  const services = async (tenant: string) => (await world.query('LabelValues', asked, of(tenant))).names;
  assert.deepEqual([await services('red'), await services('blue')], [['r'], ['b']]);
  assert.deepEqual(await services('red|blue'), ['b', 'r']);
  const { names } = await world.query('LabelValues', { ...asked, name: '__tenant_id__' }, of('red|blue|red'));
  assert.deepEqual(names, ['blue', 'red']);
});

test('a body in gzip with gzip in it is stored; an answer is in gzip for who takes it', async () => {
  const samples = [{ frames: ['f'.repeat(3_000)], value: 3 }];
  const rawProfile = gzipSync(pprofOf('units', 'count', samples)).toString('base64');
  const labels = [
    { name: '__name__', value: 'owned' },
    { name: 'service_name', value: 'z' },
  ];
  const push = await fetch(`${world.url}/push.v1.PusherService/Push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', ...of('zip') },
    body: gzipSync(JSON.stringify({ series: [{ labels, samples: [{ rawProfile }] }] })),
  });
  assert.deepEqual([push.status, await push.text()], [200, '{}']);
  const empty = await fetch(`${world.url}/push.v1.PusherService/Push`, {
    method: 'POST',
    headers: { 'content-type': 'application/proto', ...of('zip') },
    body: '',
  });
  assert.equal(empty.status, 400);
  const asked = { profileTypeID: TYPE, labelSelector: '{}', ...lastHour() };
  const ask = (encoding: string) =>
    raw(`${QUERIER}/SelectMergeStacktraces`, JSON.stringify(asked), {
      'accept-encoding': encoding,
      'x-flamelake-commit': push.headers.get('x-flamelake-commit') ?? '',
      ...of('zip'),
    });
  const plain = await ask('identity');
  const zipped = await ask('gzip');
  assert.deepEqual([plain.encoding, zipped.encoding], ['', 'gzip']);
  assert.equal(gunzipSync(zipped.body).toString(), plain.body.toString());
  assert.match(plain.body.toString(), /"total":"3"/);
});

/** As it comes from the wire: `fetch` takes the compression off. */
function raw(
  method: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ encoding: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      agent: false,
    } as const;
    const asked = request(`${world.url}/${method}`, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ encoding: answer.headers['content-encoding'] ?? '', body: Buffer.concat(chunks) }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
