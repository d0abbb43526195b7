/** INV-6: with multi-tenancy on, no RPC shows another tenant's data, names, sizes or volume. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { plainQuestions, QUERIER, questions } from './every-question.ts';
import { ask, call, type ServerProcess, startServer } from './server-process.ts';
import { aroundNow, push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const ALICE = { 'x-scope-orgid': 'alice' };
const BOB = { 'x-scope-orgid': 'bob' };
let server: ServerProcess;
let aliceCommit: string;

before(async () => {
  server = await startServer({ flags: ['--multitenancy.enabled'] });
  const bytes = smallPprof({
    stacks: [{ frames: ['main', 'secret_function'], value: 987_654_321n }],
    timeMs: Date.now() - 1000,
  });
  aliceCommit = await push(server.url, 'secret-service', bytes, {
    labels: { secret_label: 'secret_value' },
    headers: ALICE,
  });
  await push(server.url, 'shared', bytes, { headers: ALICE });
});
after(() => server.terminate());

test('alice sees her data in every RPC, bob nothing of it, not even its size', async () => {
  assert.equal(await totalOf(server.url, 'secret-service', aliceCommit, ALICE), 987_654_321n);
  for (const [method, question] of Object.entries(questions())) {
    const hers = JSON.stringify(await ask(server.url, `${QUERIER}/${method}`, question, ALICE));
    const bobs = JSON.stringify(await ask(server.url, `${QUERIER}/${method}`, question, BOB));
    assert.ok(hers.length > 20, `${method} shows alice her data: ${hers}`);
    assert.doesNotMatch(bobs, /secret|shared|987654321|1975308642/, method);
  }
});

test('plain HTTP keeps tenants apart as RPCs do', async () => {
  for (const path of plainQuestions()) {
    const read = async (headers: Record<string, string>) => fetch(`${server.url}${path}`, { headers });
    assert.match(await (await read(ALICE)).text(), /secret/, path);
    const bobs = await read(BOB);
    assert.equal(bobs.status, 200, path);
    assert.doesNotMatch(await bobs.text(), /secret|987654321|1975308642/, path);
    assert.equal((await read({})).status, 401, path);
  }
});

test('several tenants are read together, told apart by a label, and never written together', async () => {
  const both = { 'x-scope-orgid': 'bob|alice' };
  const bytes = smallPprof({ stacks: [{ frames: ['main', 'of_carol'], value: 5n }], timeMs: Date.now() - 1000 });
  const carol = { 'x-scope-orgid': 'carol' };
  await totalOf(server.url, 'third', await push(server.url, 'third', bytes, { headers: carol }), carol);
  const range = aroundNow();
  const three = { 'x-scope-orgid': 'carol|alice|bob' };
  const values = await ask<{ names: string[] }>(
    server.url,
    `${QUERIER}/LabelValues`,
    { ...range, name: '__tenant_id__' },
    three,
  );
  assert.ok(values.names.includes('alice') && values.names.includes('carol'));
  const graph = await ask<{ flamegraph: { names: string[] } }>(
    server.url,
    `${QUERIER}/SelectMergeStacktraces`,
    { ...range, profileTypeID: SMALL_TYPE, labelSelector: '{__tenant_id__="carol"}' },
    three,
  );
  assert.ok(graph.flamegraph.names.includes('of_carol') && !graph.flamegraph.names.includes('secret_function'));
  const series = await ask<{ series: { labels: { value: string }[] }[] }>(
    server.url,
    `${QUERIER}/SelectSeries`,
    { ...range, profileTypeID: SMALL_TYPE, labelSelector: '{}', step: 3600, groupBy: ['__tenant_id__'] },
    three,
  );
  assert.deepEqual(
    [...new Set(series.series.map(({ labels }) => labels[0]?.value))].filter((name) => name !== 'bob').sort(),
    ['alice', 'carol'],
  );
  const stats = await call(server.url, `${QUERIER}/GetProfileStats`, {}, both);
  assert.deepEqual([stats.status, stats.body.code], [400, 'invalid_argument']);
  const pushed = await call(server.url, 'push.v1.PusherService/Push', { series: [] }, both);
  assert.deepEqual([pushed.status, pushed.body.code], [400, 'invalid_argument']);
  const seventeen = { 'x-scope-orgid': Array.from({ length: 17 }, (_, i) => `t${i}`).join('|') };
  const refused = await call(server.url, `${QUERIER}/Series`, range, seventeen);
  assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_argument']);
});

test('formats of the flame graph keep tenants apart too', async () => {
  for (const format of ['TREE', 'DOT', 'PPROF']) {
    const question = {
      ...aroundNow(),
      profileTypeID: SMALL_TYPE,
      labelSelector: '{}',
      format: `PROFILE_FORMAT_${format}`,
    };
    const bobs = JSON.stringify(await ask(server.url, `${QUERIER}/SelectMergeStacktraces`, question, BOB));
    assert.doesNotMatch(bobs, /secret/, format);
    assert.doesNotMatch(Buffer.from(bobs, 'base64').toString('latin1'), /secret/, format);
  }
});

test('a service of the same name in two tenants stays two', async () => {
  const bytes = smallPprof({ stacks: [{ frames: ['main'], value: 1n }], timeMs: Date.now() - 1000 });
  const commit = await push(server.url, 'shared', bytes, { headers: BOB });
  assert.equal(await totalOf(server.url, 'shared', commit, BOB), 1n);
  assert.equal(await totalOf(server.url, 'shared', commit, ALICE), 987_654_321n);
});

test('settings are of one tenant', async () => {
  const setting = { name: 'pluginSettings', value: '{"secret":true}', modifiedAt: '0' };
  await ask(server.url, 'settings.v1.SettingsService/Set', { setting }, ALICE);
  const of = async (tenant: Record<string, string>) =>
    JSON.stringify(await ask(server.url, 'settings.v1.SettingsService/Get', {}, tenant));
  assert.match(await of(ALICE), /secret/);
  assert.equal(await of(BOB), '{}');
  assert.equal((await call(server.url, 'settings.v1.SettingsService/Get', {})).status, 401);
});

test('no tenant or a bad one is refused', async () => {
  for (const [method, question] of Object.entries(questions())) {
    assert.equal((await call(server.url, `${QUERIER}/${method}`, question)).status, 401, method);
    assert.equal(
      (await call(server.url, `${QUERIER}/${method}`, question, { 'x-scope-orgid': '../alice' })).status,
      400,
      method,
    );
  }
  const refused = await call(server.url, 'push.v1.PusherService/Push', { series: [] });
  assert.deepEqual([refused.status, refused.body.code], [401, 'unauthenticated']);
  const ingest = await fetch(`${server.url}/ingest?name=a&format=pprof`, { method: 'POST', body: 'x' });
  assert.equal(ingest.status, 401);
});

test('the server profiles itself as a tenant of its own, which others do not see', async () => {
  const { names = [] } = await ask<{ names?: string[] }>(
    server.url,
    `${QUERIER}/LabelValues`,
    { ...aroundNow(), name: 'service_name' },
    BOB,
  );
  assert.ok(!names.includes('flamelake'));
});
