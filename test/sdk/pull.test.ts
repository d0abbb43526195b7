/** Real Go programs, scraped: found by configuration, by file and over HTTP; functions and labels come back. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { ask, type ServerProcess, startServer, temporaryDirectory } from '../e2e/server-process.ts';
import { aroundNow } from '../e2e/small-profile.ts';
import { install, runFile, SDK_CACHE, SDK_SOURCES, skipUnlessOnPath } from './install.ts';

const skip = skipUnlessOnPath('go');
const PATIENCE_MS = 60_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const ALLOCATED = 'memory:alloc_space:bytes:space:bytes';
const MUTEX = 'mutex:delay:nanoseconds:contentions:count';

const directory = temporaryDirectory();
const [config, file] = [join(directory, 'scrape.yaml'), join(directory, 'targets.json')];
let program: ChildProcess;
let address: string;
let discovery: Server;
let server: ServerProcess;

interface Target {
  readonly scrapePool: string;
  readonly profile: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
}

const write = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
};
const scrapeConfig = (jobs: readonly object[]): void => write(config, JSON.stringify({ 'scrape-configs': jobs }));
const job = (name: string, more: object): object => ({
  'job-name': name,
  'scrape-interval': '1s',
  'scrape-timeout': '10s',
  'enabled-profiles': ['cpu', 'mem', 'mutex'],
  ...more,
});

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const targets = async (): Promise<readonly Target[]> => {
  const answer = await fetch(`${server.url}/api/v1/targets`);
  return ((await answer.json()) as { data: { activeTargets: Target[] } }).data.activeTargets;
};

/** Functions of a service's profiles. */
async function names(service: string, profileTypeID: string, labels = ''): Promise<readonly string[]> {
  const labelSelector = `{service_name="${service}"${labels}}`;
  const query = { ...aroundNow(), profileTypeID, labelSelector, maxNodes: 10_000 };
  const method = 'querier.v1.QuerierService/SelectMergeStacktraces';
  const { flamegraph } = await ask<{ flamegraph?: { names?: string[] } }>(server.url, method, query);
  return flamegraph?.names ?? [];
}

const comes = (service: string, type: string, name: string, labels?: string) =>
  until(`${name} of ${service}`, async () => ((await names(service, type, labels)).includes(name) ? true : undefined));

before(async () => {
  if (skip !== false) return;
  const binary = join(SDK_CACHE, 'pull-app');
  await install(() => runFile('go', ['build', '-o', binary, '.'], { cwd: join(SDK_SOURCES, 'pull') }));
  program = spawn(binary, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: program.stdout as NodeJS.ReadableStream });
  [address] = (await once(lines, 'line')) as [string];
  discovery = createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer secret';
    response.statusCode = isKnown ? 200 : 401;
    response.end(JSON.stringify([{ targets: [address], labels: { service_name: 'pulled-http', zone: 'c' } }]));
  });
  discovery.listen(0, '127.0.0.1');
  await once(discovery, 'listening');
  write(file, JSON.stringify([{ targets: [address], labels: { service_name: 'pulled-file', zone: 'b' } }]));
  const { port } = discovery.address() as AddressInfo;
  scrapeConfig([
    job('static', {
      'static-configs': [{ targets: [address], labels: { application: 'pulled-static', zone: 'a' } }],
    }),
    job('file', { 'enabled-profiles': ['mem'], 'file-sd-configs': [{ files: ['targets*.json'] }] }),
    job('http', {
      'enabled-profiles': ['mem'],
      'http-sd-configs': [
        { url: `http://127.0.0.1:${port}/targets`, 'bearer-token': 'secret', 'refresh-interval': '1s' },
      ],
    }),
    job('locked', {
      'enabled-profiles': ['mem'],
      'http-sd-configs': [{ url: `http://127.0.0.1:${port}/targets`, 'refresh-interval': '1s' }],
    }),
    job('down', { 'enabled-profiles': ['mem'], 'static-configs': [{ targets: ['127.0.0.1:1', '169.254.169.254'] }] }),
  ]);
  server = await startServer({
    flags: ['--self-profiling.enabled=false', `--scraper.config-file=${config}`, '--scraper.reload-interval=200ms'],
  });
});
after(async () => {
  await server?.terminate();
  program?.kill();
  discovery?.close();
});

test('a Go program is scraped as the configuration says', { skip }, async () => {
  await comes('pulled-static', CPU, 'main.burnPulledCPU', `,zone="a",job="static",instance="${address}"`);
  await comes('pulled-static', ALLOCATED, 'main.allocatePulledMemory');
  await comes('pulled-static', MUTEX, 'main.contendPulledMutex');
});

test('targets are found by file and over HTTP', { skip }, async () => {
  await comes('pulled-file', ALLOCATED, 'main.allocatePulledMemory', ',zone="b"');
  await comes('pulled-http', ALLOCATED, 'main.allocatePulledMemory', ',zone="c"');
  write(file, JSON.stringify([{ targets: [address], labels: { service_name: 'pulled-anew' } }]));
  await comes('pulled-anew', ALLOCATED, 'main.allocatePulledMemory');
  write(file, 'no list');
  const discoveryFailures = async () => {
    const answer = (await (await fetch(`${server.url}/api/v1/targets`)).json()) as {
      data: { discoveryFailures: { job: string; error: string }[] };
    };
    return answer.data.discoveryFailures;
  };
  const failures = await until('the broken file shows', async () => {
    const found = await discoveryFailures();
    return found.some((one) => one.job === 'file') ? found : undefined;
  });
  assert.match(failures.find((one) => one.job === 'file')?.error ?? '', /expected=a list/);
  assert.match(failures.find((one) => one.job === 'locked')?.error ?? '', /status=401/);
  assert.ok((await targets()).some(({ labels }) => labels.service_name === 'pulled-anew'));
});

test('what is down says why', { skip }, async () => {
  const down = await until('both are down', async () => {
    const found = (await targets()).filter(({ scrapePool }) => scrapePool === 'down');
    return found.length === 2 && found.every(({ health }) => health === 'down') ? found : undefined;
  });
  const reason = (instance: string) => down.find(({ labels }) => labels.instance === instance)?.lastError ?? '';
  assert.match(reason('127.0.0.1:1'), /cannot be reached.*ECONNREFUSED/);
  assert.match(reason('169.254.169.254:80'), /in no network that may be scraped/);
  const page = await (await fetch(`${server.url}/targets`)).text();
  assert.match(page, /ECONNREFUSED/);
});

test('a broken configuration changes nothing, and a metric says so', { skip }, async () => {
  const sound = /^flamelake_scraper_config_last_reload_successful (\d)/m;
  const metric = async () => sound.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];
  assert.equal(await metric(), '1');
  const count = (await targets()).length;
  scrapeConfig([job('static', { 'enabled-profiles': ['gpu'] })]);
  await until('the metric falls', async () => ((await metric()) === '0' ? true : undefined));
  assert.equal((await targets()).length, count);
  scrapeConfig([job('next', { 'static-configs': [{ targets: [address] }], 'enabled-profiles': ['goroutines'] })]);
  await comes('next', 'goroutines:goroutine:count:goroutine:count', 'net/http.(*Server).Serve');
  assert.deepEqual(
    (await targets()).map(({ scrapePool, profile }) => [scrapePool, profile]),
    [['next', 'goroutines']],
  );
  assert.equal(await metric(), '1');
});

test('a scraper of its own pushes to the distributors', { skip }, async () => {
  const own = join(directory, 'own.yaml');
  write(own, JSON.stringify({ 'scrape-configs': [job('apart', { 'static-configs': [{ targets: [address] }] })] }));
  const scraper = await startServer({
    flags: ['--target=scraper', `--scraper.config-file=${own}`, `--scraper.push-url=${server.url}`],
  });
  await comes('apart', CPU, 'main.burnPulledCPU');
  await comes('apart', ALLOCATED, 'main.allocatePulledMemory');
  assert.equal(await scraper.terminate(), 0);
});
