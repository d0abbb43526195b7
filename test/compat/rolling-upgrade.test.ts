/**
 * The previous release's own code beside this one's, on one Kafka, one bucket and one Redis: through a rolling upgrade and back,
 * each reads what the other wrote – records, segments, manifests, tasks, results, tokens – and every total is exact.
 *
 * A change that fails here needs a way for both releases to live side by side: read first, write one release later.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ServerProcess, startServer } from '../e2e/server-process.ts';
import { push, smallPprof, totalOf } from '../e2e/small-profile.ts';
import { installKafka, startKafka } from '../real/components/kafka.ts';
import { installRedis, startRedis } from '../real/components/redis.ts';
import * as s3 from '../real/components/versitygw.ts';
import { installPrevious, PREVIOUS } from './previous-release.ts';

const PARTITIONS = 2;
/** Enough that each partition has some. */
const SERVICES = Array.from({ length: 8 }, (_, i) => `service-${i}`);
const WAIT_MS = 60_000;

const [kafkaFolder, s3Folder, previous] = [await installKafka(), await s3.installVersitygw(), await installPrevious()];
const noRedis = await installRedis();
const skip = kafkaFolder.skip ?? s3Folder.skip ?? previous.skip ?? noRedis ?? false;

type Release = 'old' | 'new';
const servers: { stop(): Promise<unknown> }[] = [];
const running: ServerProcess[] = [];
let shared: readonly string[];
let [oldFrontend, newFrontend, oldDistributor, newDistributor]: ServerProcess[] = [];

before(async () => {
  if (kafkaFolder.skip !== undefined || s3Folder.skip !== undefined || skip !== false) return;
  const [kafka, store, redis] = await Promise.all([
    startKafka(kafkaFolder.path, 1),
    s3.startVersitygw(s3Folder.path),
    startRedis(),
  ]);
  servers.push(kafka, store, redis);
  shared = [
    '--self-profiling.enabled=false',
    `--kafka.brokers=${kafka.addresses.join(',')}`,
    `--kafka.partitions=${PARTITIONS}`,
    '--kafka.replication-factor=1',
    '--kafka.min-insync-replicas=1',
    '--store.backend=s3',
    `--store.s3.endpoint=http://127.0.0.1:${store.port}`,
    `--store.s3.bucket=${s3.S3_BUCKET}`,
    `--store.s3.access-key=${s3.S3_ACCESS_KEY}`,
    `--store.s3.secret-key=${s3.S3_SECRET_KEY}`,
    '--redis.mode=single',
    `--redis.addresses=127.0.0.1:${redis.port}`,
    '--compactor.fold-interval=1s',
    '--querier.host=127.0.0.1',
    '--querier.port=0',
  ];
});
after(async () => {
  await Promise.all(running.map((process) => process.kill()));
  await Promise.all(servers.map((server) => server.stop()));
});

async function start(release: Release, target: string, flags: readonly string[] = []): Promise<ServerProcess> {
  const home = release === 'old' && previous.skip === undefined ? { home: previous.path } : {};
  const process = await startServer({ ...home, flags: [`--target=${target}`, ...shared, ...flags] });
  running.push(process);
  return process;
}

/** The roles that write, in the order in which they start. */
async function startWriters(release: Release): Promise<ServerProcess[]> {
  const distributor = await start(release, 'distributor');
  return [distributor, ...(await Promise.all([start(release, 'segment-writer'), start(release, 'compactor')]))];
}

const timeMs = Date.now();
let value = 0n;
const expected = new Map<string, bigint>();
const commits = new Map<string, string>();
const pushed: { service: string; bytes: Uint8Array; distributor: string }[] = [];

/** One more profile of each service. */
async function pushAll({ url }: ServerProcess): Promise<void> {
  for (const service of SERVICES) {
    value++;
    const bytes = smallPprof({ stacks: [{ frames: ['main', service], value }], timeMs: timeMs + Number(value) });
    commits.set(service, await push(url, service, bytes));
    expected.set(service, (expected.get(service) ?? 0n) + value);
    pushed.push({ service, bytes, distributor: url });
  }
}

async function expectTotals(): Promise<void> {
  for (const { url } of [oldFrontend, newFrontend]) {
    const totals = new Map<string, bigint>();
    for (const service of SERVICES) totals.set(service, await totalWhenVisible(url, service));
    assert.deepEqual(totals, expected);
  }
}

/** A query waits 5 s for a commit; partitions that change hands may take longer. */
async function totalWhenVisible(url: string, service: string): Promise<bigint> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await totalOf(url, service, commits.get(service) ?? '');
    } catch (error) {
      if (!String(error).includes('unavailable') || performance.now() > deadline) throw error;
    }
  }
}

/** Waits until a compactor has folded once more than it had. */
async function foldsAgain({ url }: ServerProcess): Promise<void> {
  const jobs = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const lines = text.matchAll(/compactor_jobs_total\{[^}]*outcome="committed"[^}]*\} (\d+)/g);
    return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const had = await jobs();
  for (const deadline = performance.now() + WAIT_MS; (await jobs()) === had; ) {
    assert.ok(performance.now() < deadline, 'nothing is folded');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

let [oldWriters, newWriters]: ServerProcess[][] = [];

test(`the previous release, ${PREVIOUS}, begins; both share the work`, { skip }, async () => {
  oldWriters = await startWriters('old');
  newWriters = await startWriters('new');
  [oldDistributor] = oldWriters;
  [newDistributor] = newWriters;
  const [oldQuerier, newQuerier] = await Promise.all([start('old', 'querier'), start('new', 'querier')]);
  const asks = (querier: ServerProcess) => [
    `--query-frontend.queriers=127.0.0.1:${String(querier.log.find(({ message }) => message === 'taking tasks')?.port)}`,
  ];
  // Each asks the other release's querier.
  [oldFrontend, newFrontend] = await Promise.all([
    start('old', 'query-frontend', asks(newQuerier)),
    start('new', 'query-frontend', asks(oldQuerier)),
  ]);
  await pushAll(oldDistributor);
  await pushAll(newDistributor);
  await expectTotals();
});

test('a resend to the other release counts once', { skip }, async () => {
  for (const { service, bytes, distributor } of pushed.slice()) {
    const other = distributor === oldDistributor.url ? newDistributor : oldDistributor;
    commits.set(service, await push(other.url, service, bytes));
  }
  await expectTotals();
});

test('the upgrade ends: this release alone goes on where the previous one stopped', { skip }, async () => {
  await Promise.all(oldWriters.map((process) => process.terminate()));
  const folding = foldsAgain(newWriters[2]);
  await pushAll(newDistributor);
  await folding;
  await expectTotals();
});

test('the rollback: the previous release alone goes on where this one stopped', { skip }, async () => {
  await Promise.all(newWriters.map((process) => process.terminate()));
  const writers = await startWriters('old');
  const folding = foldsAgain(writers[2]);
  await pushAll(writers[0]);
  const [{ service, bytes }] = pushed;
  commits.set(service, await push(writers[0].url, service, bytes));
  await folding;
  await expectTotals();
});
