import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodePprof, inflate } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import type { PushSeries } from '@flamelake/rpc';
import { createLogger, createMetrics, systemClock, systemRandom } from '@flamelake/runtime';
import { createNetworkPolicy } from './network-policy.ts';
import { createScraper, type Scraper, type ScraperOptions } from './scraper.ts';
import { targetsJson, targetsPage } from './targets-page.ts';

const CORPUS = process.env.FLAMELAKE_CORPUS ?? join(import.meta.dirname, '../../../test/corpus');
const snapshot = (name: string) => readFileSync(`${CORPUS}/pull/go-shop/${name}.pb.gz`);
const folder = mkdtempSync(join(tmpdir(), 'flamelake-scraper-'));
const file = join(folder, 'scrape.yaml');
const closing: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true });
});

/** A server on 127.0.0.1. @returns `host:port` */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function configure(jobs: readonly object[]): void {
  const named = jobs.map((job, number) => ({
    'job-name': `job ${number}`,
    'scrape-interval': '100ms',
    'scrape-timeout': '5s',
    ...job,
  }));
  writeFileSync(`${file}.new`, JSON.stringify({ 'scrape-configs': named }));
  renameSync(`${file}.new`, file);
}

/** Resolves when a push, or a look at the targets every few ms, satisfies. */
async function start(
  jobs: readonly object[],
  push: (series: PushSeries) => Promise<void> | void,
  more: Partial<ScraperOptions> = {},
): Promise<Scraper & { until(look: (scraper: Scraper) => boolean): Promise<void> }> {
  configure(jobs);
  const scraper = await createScraper({
    file,
    push: async (series) => {
      for (const one of series) await push(one);
    },
    clock: systemClock,
    random: systemRandom,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    policy: createNetworkPolicy('', ''),
    reloadIntervalMs: 20,
    endpointsMax: 100,
    concurrencyMax: 10,
    profileBytesMax: 1_000_000,
    inFlightBytesMax: 10_000_000,
    snapshotBytesMax: 1_000_000,
    ...more,
  });
  closing.push(() => scraper.close());
  const until = async (look: (scraper: Scraper) => boolean) => {
    const deadline = performance.now() + 30_000;
    while (!look(scraper)) {
      assert.ok(performance.now() < deadline, targetsJson(scraper));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { ...scraper, until };
}

const targets = (...addresses: string[]) => ({ 'static-configs': [{ targets: addresses }] });
const errors = (scraper: Scraper) => scraper.endpoints().map((one) => one.health().lastError);
const allocated = ({ samples }: PushSeries): bigint => {
  const { sampleTypes, values, sampleCount } = decodePprof(inflate(samples[0].rawProfile, { bytesMax: 2 ** 24 }));
  const column = sampleTypes.findIndex(({ type }) => type === 'alloc_space');
  let sum = 0n;
  for (let s = 0; s < sampleCount; s++) sum += values[s * sampleTypes.length + column];
  return sum;
};
/** Of the two heap snapshots of the corpus; the difference is that of its truth. */
const [FIRST, CHANGE] = [3_934_567_410n, 6_605_589_003n];

test('what was not stored is sent again as the same bytes, and the change goes on behind it', async () => {
  let asked = 0;
  // Second snapshot from the second scrape on: one change, then none. The process starts again at the sixth.
  const address = await serve((_, response) => {
    asked++;
    response.end(snapshot(asked === 1 || asked >= 6 ? 'heap_1' : 'heap_2'));
  });
  const tries: Uint8Array[] = [];
  const stored: bigint[] = [];
  const scraper = await start([{ ...targets(address), 'enabled-profiles': ['mem'] }], (series) => {
    const bytes = series.samples[0].rawProfile;
    tries.push(bytes);
    if (tries.length === 2 || tries.length === 3) throw new FlamelakeError('unavailable', 'log is away');
    stored.push(allocated(series));
  });
  await scraper.until(() => stored.includes(FIRST));
  await scraper.close();
  assert.deepEqual(stored.slice(0, 2), [0n, CHANGE]);
  assert.deepEqual(
    stored.slice(2, stored.indexOf(FIRST)).filter((sum) => sum !== 0n),
    [],
  );
  assert.deepEqual(tries[1], tries[2]);
  assert.deepEqual(tries[1], tries[3]);
});

test('answers of godeltaprof and profiles that are not cumulative are stored as they came', async () => {
  const address = await serve((request, response) => {
    response.end(snapshot((request.url ?? '').includes('delta_heap') ? 'delta_heap_2' : 'goroutine'));
  });
  const came = new Map<string, Uint8Array>();
  const job = { ...targets(address), 'enabled-profiles': ['mem', 'goroutines'], 'use-delta-profiles': true };
  const scraper = await start([job], ({ labels, samples }) => {
    came.set(labels.find(({ name }) => name === '__name__')?.value ?? '', samples[0].rawProfile);
  });
  await scraper.until(() => came.size === 2);
  await scraper.close();
  assert.deepEqual([...came.keys()].sort(), ['godeltaprof_memory', 'goroutines']);
  assert.deepEqual(Buffer.from(came.get('godeltaprof_memory') ?? []), snapshot('delta_heap_2'));
});

test('each target says what is wrong with it', async () => {
  const address = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/late') return;
    if (pathname === '/cut') {
      response.writeHead(200, { 'content-length': 100 }).write('abc');
      response.destroy();
      return;
    }
    if (pathname === '/missing') response.statusCode = 404;
    if (pathname === '/around') response.writeHead(302, { location: '/around' });
    if (pathname === '/away') response.writeHead(302, { location: 'http://[::1]:1/' });
    response.end({ '/large': Buffer.alloc(2_000), '/text': 'no profile', '/empty': '' }[pathname] ?? 'not here');
  });
  const paths = ['late', 'cut', 'missing', 'around', 'away', 'large', 'text', 'empty'];
  const jobs = paths.map((path) => ({
    ...targets(address),
    'job-name': path,
    'scrape-timeout': path === 'late' ? '200ms' : '20s',
    'body-size-limit': 1_000,
    'enabled-profiles': ['mem'],
    profiles: { mem: { path: `/${path}` } },
  }));
  const policy = createNetworkPolicy('127.0.0.0/8', '');
  const named = { ...targets('localhost:1'), 'enabled-profiles': ['mem'], 'job-name': 'named' };
  const local = createNetworkPolicy('', '127.0.0.0/8,::1');
  const denied = await start([named], () => assert.fail('nothing may come'), { policy: local });
  await denied.until((one) => errors(one).length === 1 && errors(one)[0] !== '');
  assert.match(errors(denied)[0], /in no network that may be scraped.*host=localhost/);
  await denied.close();
  const scraper = await start(jobs, () => assert.fail('nothing is a profile'), { policy });
  await scraper.until((one) => errors(one).length === jobs.length && errors(one).every((error) => error !== ''));
  const error = (name: string) =>
    scraper
      .endpoints()
      .find(({ endpoint }) => endpoint.job.name === name)
      ?.health().lastError ?? '';
  assert.match(error('late'), /did not answer in time.*timeoutMs=200/);
  assert.match(error('cut'), /cannot be reached/);
  assert.match(error('missing'), /another status than 200.*status=404.*not here/);
  assert.match(error('around'), /redirects too often/);
  assert.match(error('away'), /in no network that may be scraped.*::1/);
  assert.match(error('large'), /larger than the limit.*limitBytes=1000/);
  assert.match(error('text'), /./);
  assert.match(error('empty'), /answered with nothing/);
  assert.match(targetsPage(scraper, Date.now()), /8 profiles are scraped here, 8 of them without success/);
  await scraper.close();
});

test('credentials are shown to their own origin only', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end(snapshot('goroutine'));
  });
  const address = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(307, { location: `http://${other}/` }).end();
  });
  let pushes = 0;
  writeFileSync(join(folder, 'password'), 'secret\n');
  const auth = { username: 'me', 'password-file': join(folder, 'password') };
  const job = { ...targets(address), 'enabled-profiles': ['goroutines'], 'basic-auth': auth };
  const scraper = await start([job], () => void pushes++);
  await scraper.until(() => pushes > 0);
  await scraper.close();
  assert.deepEqual(seen.slice(0, 2), [`Basic ${Buffer.from('me:secret').toString('base64')}`, undefined]);
});

test('scrapers share targets, a limit holds, and a reload leaves what stays running', async () => {
  const job = {
    ...targets(...Array.from({ length: 40 }, (_, i) => `127.0.0.1:${i + 1}`)),
    'enabled-profiles': ['mem'],
  };
  const one = await start([job], () => {});
  const two = await start([job], () => {});
  await one.until((scraper) => scraper.endpoints().length === 40);
  await two.until((scraper) => scraper.endpoints().length === 40);
  one.share(['a:1', 'b:1'], 'a:1');
  two.share(['a:1', 'b:1'], 'b:1');
  const urls = [one, two].map((scraper) => scraper.endpoints().map(({ endpoint }) => endpoint.url));
  assert.ok(
    urls.every((own) => own.length > 5),
    'each has some',
  );
  assert.equal(new Set(urls.flat()).size, 40);
  assert.equal(urls.flat().length, 40);
  one.share(['a:1', 'b:1'], undefined);
  assert.equal(one.endpoints().length, 40, 'who does not know itself takes all');
  const kept = one.endpoints().find(({ endpoint }) => endpoint.address === '127.0.0.1:40');
  assert.ok(kept !== undefined);
  configure([{ ...job, ...targets('127.0.0.1:40', '127.0.0.1:41') }]);
  await one.until((scraper) => scraper.endpoints().length === 2);
  assert.ok(one.endpoints().includes(kept));
  await one.close();
  await two.close();
  const limited = await start([job], () => {}, { endpointsMax: 7 });
  await limited.until((scraper) => scraper.endpoints().length > 0);
  assert.equal(limited.endpoints().length, 7);
  await limited.close();
});

test('a list that does not answer keeps its targets, over a reload too', async () => {
  let isAway = false;
  const lists = await serve((_, response) => {
    response.statusCode = isAway ? 503 : 200;
    response.end('[{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]');
  });
  const http = {
    'enabled-profiles': ['mem'],
    'http-sd-configs': [{ url: `http://${lists}/`, 'refresh-interval': '1s' }],
  };
  const scraper = await start([http], () => {});
  await scraper.until((one) => one.endpoints().length === 2);
  isAway = true;
  const more = { ...targets('127.0.0.1:3'), 'enabled-profiles': ['mem'] };
  configure([http, more]);
  await scraper.until((one) => one.endpoints().some(({ endpoint }) => endpoint.address === '127.0.0.1:3'));
  assert.equal(scraper.endpoints().length, 3);
  assert.match(scraper.discoveryFailures()[0]?.error ?? '', /status=503/);
  await scraper.close();
});

test('memory of snapshots has a limit, and is given back', async () => {
  const address = await serve((_, response) => void response.end(snapshot('heap_1')));
  const job = { ...targets(address), 'enabled-profiles': ['mem'] };
  const metrics = createMetrics();
  const scraper = await start([job], () => assert.fail('there is no room'), { snapshotBytesMax: 100, metrics });
  await scraper.until((one) => /snapshots of targets take too much memory/.test(errors(one)[0] ?? ''));
  await scraper.close();
  assert.match(await metrics.text(), /^flamelake_scraper_snapshot_bytes 0$/m);
});

test('what is no network is refused', () => {
  for (const network of ['10.0.0.0/33', 'example.com', '10.0.0.0/', '::1/129', '1.2.3.4/1/2']) {
    assert.throws(() => createNetworkPolicy(network, ''), { code: 'invalid_argument' }, network);
  }
  const policy = createNetworkPolicy('10.0.0.0/8, fc00::/7', '10.1.0.0/16');
  const may = (address: string) => policy.mayConnect(address);
  assert.deepEqual(['10.2.3.4', 'fd00::1', '::ffff:10.2.3.4'].map(may), [true, true, true]);
  assert.deepEqual(['10.1.3.4', '11.0.0.1', '::1', '::ffff:10.1.2.3'].map(may), [false, false, false, false]);
});
