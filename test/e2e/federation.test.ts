/** Tenants are read together only where each of them allows it: by every RPC, over plain HTTP, and by agents; a change of the file holds soon. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { QuerierService } from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { plainQuestions, QUERIER, questions } from './every-question.ts';
import { ask, call, type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { aroundNow, push, SMALL_TYPE, smallPprof } from './small-profile.ts';

const of = (tenants: string) => ({ 'x-scope-orgid': tenants });
const file = join(temporaryDirectory(), 'overrides.yaml');
let server: ServerProcess;
let commit = '';

before(async () => {
  // Carol says nothing of who may read along, alice nobody, bob and dora each other.
  writeFileSync(
    file,
    'overrides: { alice: { query.federation: false }, bob: { query.federation: [dora] }, dora: { query.federation: [bob] } }',
  );
  const flags = ['--multitenancy.enabled', '--self-profiling.enabled=false'];
  server = await startServer({
    flags: [...flags, `--runtime-config.file=${file}`, '--runtime-config.reload-interval=1s'],
  });
  for (const tenant of ['alice', 'bob', 'carol', 'dora', 'erin']) {
    const stacks = [{ frames: ['main', `of_${tenant}`], value: 10n }];
    const profile = smallPprof({ stacks, timeMs: Date.now() - 1_000 });
    commit = await push(server.url, `service-${tenant}`, profile, {
      labels: { secret_label: tenant },
      headers: of(tenant),
    });
  }
});
after(() => server.terminate());

const refusal = (tenant: string, other: string): RegExp =>
  new RegExp(`may not be read together with that of another.*tenant=${tenant}, with=${other}, key=query.federation`);

test('every RPC is asked, and refuses a tenant that does not allow it, with whoever it is read', async () => {
  assert.deepEqual(Object.keys(questions()).sort(), QuerierService.methods.map(({ name }) => name).sort());
  for (const [tenants, said] of [
    ['alice|carol', refusal('alice', 'carol')],
    ['carol|alice', refusal('alice', 'carol')],
    ['bob|carol|dora', refusal('bob', 'carol')],
    ['dora|erin', refusal('dora', 'erin')],
  ] as const) {
    for (const [method, question] of Object.entries(questions())) {
      const { status, body } = await call(server.url, `${QUERIER}/${method}`, question, of(tenants));
      assert.deepEqual([status, body.code], [403, 'permission_denied'], `${method} of ${tenants}`);
      assert.match(String(body.message), said, method);
      assert.doesNotMatch(JSON.stringify(body), /service-|of_/, method);
    }
  }
});

test('plain HTTP and agents are refused, too', async () => {
  const paths = [...plainQuestions(), '/api/v1/status/data', '/api/v1/pgo/service-alice/default.pgo'];
  for (const path of paths) {
    const answer = await fetch(server.url + path, { headers: of('alice|carol') });
    assert.equal(answer.status, 403, path);
    assert.match(await answer.text(), refusal('alice', 'carol'), path);
  }
  const agent = async (tenants: string) => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { ...of(tenants), 'x-flamelake-commit': commit } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }));
    const { content } = await client.callTool({ name: 'list_services', arguments: {} });
    await client.close();
    return JSON.stringify(content);
  };
  assert.match(await agent('alice|carol'), refusal('alice', 'carol'));
  assert.match(await agent('bob|dora'), /service-bob.*service-dora/);
});

test('who allows it is read together, everybody alone', async () => {
  const total = async (tenants: string): Promise<number> => {
    const asked = { ...aroundNow(), profileTypeID: SMALL_TYPE, labelSelector: '{}' };
    const headers = { ...of(tenants), 'x-flamelake-commit': commit };
    const { flamegraph } = await ask<{ flamegraph: { total?: string } }>(
      server.url,
      `${QUERIER}/SelectMergeStacktraces`,
      asked,
      headers,
    );
    return Number(flamegraph.total);
  };
  for (const tenant of ['alice', 'bob', 'carol']) assert.equal(await total(tenant), 10, tenant);
  assert.equal(await total('alice|alice'), 10);
  assert.equal(await total('bob|dora'), 20);
  assert.equal(await total('carol|erin'), 20);
});

test('a tenant is shown its own option, and a change of the file holds without a restart', async () => {
  const shown = async (tenant: string) => (await fetch(`${server.url}/runtime_config`, { headers: of(tenant) })).text();
  assert.match(await shown('alice'), /^query\.federation: false$/m);
  writeFileSync(file, 'overrides: {}');
  const asked = { ...aroundNow(), name: 'service_name' };
  const status = async () => (await call(server.url, `${QUERIER}/LabelValues`, asked, of('alice|carol'))).status;
  while ((await status()) === 403) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await status(), 200);
});
