/** The built-in canary measures freshness, tells of failures by step, and is seen by nobody else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ask, type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { aroundNow } from './small-profile.ts';

const started: ServerProcess[] = [];
after(() => Promise.all(started.map((server) => server.kill())));

async function start(flags: readonly string[], directory = temporaryDirectory()): Promise<ServerProcess> {
  const server = await startServer({ directory, flags: ['--self-profiling.enabled=false', ...flags] });
  started.push(server);
  return server;
}

/** Value of a metric; 0 where it has none yet. */
async function value(server: ServerProcess, metric: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.ok(text.includes(`# HELP flamelake_${metric.split(/_count|\{/)[0]} `), metric);
  const line = text.split('\n').find((one) => one.startsWith(`flamelake_${metric} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('the embedded server measures its freshness, in a tenant that no user sees', async () => {
  const server = await start(['--canary.interval=1s']);
  await until(async () => (await value(server, 'canary_freshness_seconds_count')) >= 3);
  for (const step of ['push', 'query', 'late', 'total'])
    assert.equal(await value(server, `canary_failures_total{step="${step}"}`), 0, step);
  const { names } = await ask<{ names?: string[] }>(server.url, 'querier.v1.QuerierService/LabelValues', {
    ...aroundNow(),
    name: 'service_name',
  });
  assert.deepEqual(names ?? [], []);
  assert.equal(await server.terminate(), 0);
});

test('a query-frontend that may not push says so by step', async () => {
  const directory = temporaryDirectory();
  const querier = await start(['--target=querier', '--querier.host=127.0.0.1', '--querier.port=0'], directory);
  const port = Number(querier.log.find((line) => line.message === 'taking tasks')?.port);
  // A querier takes no profiles.
  const flags = ['--canary.interval=1s', `--canary.push-url=${querier.url}`];
  const asked = [`--query-frontend.queriers=127.0.0.1:${port}`, '--target=query-frontend'];
  const frontend = await start([...asked, ...flags], directory);
  await until(async () => (await value(frontend, 'canary_failures_total{step="push"}')) >= 2);
  assert.equal(await value(frontend, 'canary_freshness_seconds_count'), 0);
});
