/** The real @pyroscope/nodejs behind its Express middleware, scraped. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { ask, type ServerProcess, startServer, temporaryDirectory } from '../e2e/server-process.ts';
import { aroundNow } from '../e2e/small-profile.ts';
import { install, skipUnlessOnPath } from './install.ts';
import { installNodeSdk, NODE_SDK } from './sdks.ts';

const skip = skipUnlessOnPath('npm');
const PATIENCE_MS = 60_000;
const WALL = 'process_cpu:wall:nanoseconds:wall:nanoseconds';
const HEAP = 'memory:space:bytes:space:bytes';
let program: ChildProcess;
let server: ServerProcess;
let address = '';

before(async () => {
  if (skip !== false) return;
  await install(installNodeSdk);
  program = spawn(process.execPath, ['express.cjs'], { cwd: NODE_SDK, stdio: ['ignore', 'pipe', 'inherit'] });
  [address] = (await once(createInterface({ input: program.stdout as NodeJS.ReadableStream }), 'line')) as [string];
  const config = join(temporaryDirectory(), 'scrape.yaml');
  const job = {
    'job-name': 'express',
    'scrape-interval': '2s',
    'scrape-timeout': '20s',
    'enabled-profiles': ['cpu', 'mem'],
    'static-configs': [{ targets: [address], labels: { service_name: 'sdk-node-express', env: 'test' } }],
  };
  writeFileSync(config, JSON.stringify({ 'scrape-configs': [job] }));
  server = await startServer({ flags: ['--self-profiling.enabled=false', `--scraper.config-file=${config}`] });
});
after(async () => {
  await server?.terminate();
  program?.kill();
});

/** Waits for profiles of a type that hold a function: the first ones may show only the program's start. */
async function comes(profileTypeID: string, isShown: (names: readonly string[]) => boolean): Promise<void> {
  const query = { ...aroundNow(), profileTypeID, labelSelector: '{service_name="sdk-node-express",env="test"}' };
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    const method = 'querier.v1.QuerierService/SelectMergeStacktraces';
    const answer = await ask<{ flamegraph?: { names?: string[]; total?: string } }>(server.url, method, query);
    const { names = [], total = '0' } = answer.flamegraph ?? {};
    if (total !== '0' && isShown(names)) return;
    const targets = await (await fetch(`${server.url}/api/v1/targets`)).text();
    assert.ok(performance.now() < deadline, `of ${profileTypeID} only ${total} in ${names.join()}: ${targets}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('time on the clock is scraped with the functions that take it', { skip }, async () => {
  await comes(WALL, (names) => names.includes('burnExpressCpu'));
});

test('the heap is scraped under its types', { skip }, async () => {
  await comes(HEAP, (names) => names.length > 1);
});
