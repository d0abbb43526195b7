/** Queriers 1 → 4 → 1 and segment-writers 1 → 3 → 1 under load: clients see no error and no wrong answer, and queriers share the work evenly. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { createSeededRandom } from '@flamelake/testkit';
import { startAsking } from '../kill/asking.ts';
import { shownOutcomes } from '../kill/http.ts';
import { createLedger, type Entry, type Ledger } from '../kill/ledger.ts';
import { startPushing } from '../kill/pushing.ts';
import { startGround, taskPort, whyNoCluster } from './cluster.ts';
import { type ServerProcess, temporaryDirectory } from './server-process.ts';

const skip = (await whyNoCluster()) ?? false;
const SERVICES = Array.from({ length: 32 }, (_, i) => `scale-${i}`);
const QUERIERS = 4;
const WRITERS = 3;
/**
 * Segments that are there before questions are asked about each profile in them, one after another, so that nobody stands in for one that
 * is still cold. A querier's share of 1,200 keys has a standard deviation of 5 % of itself: 25 % are five of them.
 */
const SEGMENTS = 1_200;
const UNEVEN_MAX = 0.25;
/** Reads go to the store each time, and every short time is a segment of its own. */
const QUERIER_FLAGS = ['--query.cache-size-max=0'];
const WRITER_FLAGS = ['--segment-writer.flush-interval=100ms'];
/**
 * A profile that is too old is refused. A question behind a push may be told to come back when the push's partition changes hands just then
 * and the machine is slow.
 */
const NO_ERROR = /^(200|400 profile is older than.*|503 the push is not readable yet.*)$/;
/** A slow machine is no error; what is lost ends sooner. */
const CLIENT_TIMEOUT_MS = 120_000;
const PARTITIONS_FLAG = '--kafka.partitions=16';

test('queriers and segment-writers come and go under load', { skip, timeout: 600_000 }, async (t) => {
  const ground = await startGround();
  const running: ServerProcess[] = [];
  const start = async (target: string, flags: readonly string[] = []) => {
    const process = await ground.start(target, [PARTITIONS_FLAG, ...flags]);
    running.push(process);
    return process;
  };
  const startMany = (count: number, target: string, flags: readonly string[]) =>
    Promise.all(Array.from({ length: count }, () => start(target, flags)));
  try {
    const listFile = `${temporaryDirectory()}/queriers`;
    const list = (queriers: readonly ServerProcess[]) => {
      writeFileSync(`${listFile}.new`, queriers.map((one) => `127.0.0.1:${taskPort(one)}\n`).join(''));
      renameSync(`${listFile}.new`, listFile);
    };
    const distributor = await start('distributor');
    const [[writer], [querier]] = await Promise.all([
      startMany(1, 'segment-writer', WRITER_FLAGS),
      startMany(1, 'querier', QUERIER_FLAGS),
    ]);
    list([querier]);
    const flags = [`--query-frontend.queriers=file:${listFile}`, '--query-frontend.lookup-interval=100ms'];
    const frontend = await start('query-frontend', flags);

    const violations: string[] = [];
    const onViolation = (words: string) => void violations.push(words);
    const random = createSeededRandom(20_261_121);
    const ledger = createLedger(SERVICES);
    const load = { ledger, onViolation, timeoutMs: CLIENT_TIMEOUT_MS };
    const urls = () => [frontend.url];
    const pushing = startPushing({
      ...load,
      random: random.fork('pushes'),
      ratePerSecond: 50,
      urls: () => [distributor.url],
    });
    const startLoad = (name: string) => startAsking({ ...load, random: random.fork(name), ratePerSecond: 5, urls });
    let asking = startLoad('questions');

    const [newQueriers, newWriters] = await Promise.all([
      startMany(QUERIERS - 1, 'querier', QUERIER_FLAGS),
      startMany(WRITERS - 1, 'segment-writer', WRITER_FLAGS),
    ]);
    const queriers = [querier, ...newQueriers];
    const writers = [writer, ...newWriters];
    list(queriers);
    await until(async () => (await valuesOf(frontend, 'query_queriers'))[0] === QUERIERS);
    await until(async () => (await partitionCounts(writers)).every((count) => count > 0));
    t.diagnostic(`partitions by writer: ${(await partitionCounts(writers)).join(' ')}`);
    // Questions about all there is would be counted too.
    await asking.stop();
    const entries = await readableEntries(ledger, writers, asking.ask, frontend.url);
    const before = await Promise.all(queriers.map(readBytes));
    for (const { service, timeMs } of entries) {
      await asking.ask(frontend.url, { service, startMs: timeMs, endMs: timeMs, withToken: false });
    }
    const after = await Promise.all(queriers.map(readBytes));
    const bytes = after.map((all, i) => all - before[i]);
    const even = bytes.reduce((sum, one) => sum + one, 0) / QUERIERS;
    const shares = bytes.map((one) => one / even);
    t.diagnostic(`${entries.length} questions, shares of even: ${shares.map((share) => share.toFixed(2)).join(' ')}`);

    const outcomes = [asking.outcomes];
    asking = startLoad('further questions');
    // They are gone before anybody is told.
    await Promise.all([...newQueriers, ...newWriters].map((process) => process.terminate()));
    list([querier]);
    await until(async () => (await valuesOf(frontend, 'query_queriers'))[0] === 1);
    await until(async () => (await partitionCounts([writer]))[0] === 16);
    await pushing.stop();
    await asking.stop();
    outcomes.push(asking.outcomes);
    for (const service of SERVICES) {
      const range = { startMs: Date.now() - 600_000, endMs: Date.now() + 600_000 };
      const counted = await asking.ask(frontend.url, { service, ...range, withToken: true });
      const sound = ledger.of(service).filter(({ acknowledgedMs }) => acknowledgedMs !== undefined).length;
      assert.equal(counted?.size, sound, service);
    }
    t.diagnostic(`pushes ${shownOutcomes(pushing.outcomes)}, questions ${outcomes.map(shownOutcomes).join(' and ')}`);
    assert.deepEqual(violations, []);
    for (const counts of [pushing.outcomes, ...outcomes]) {
      for (const outcome of counts.keys()) assert.match(outcome, NO_ERROR);
    }
    for (const share of shares) assert.ok(Math.abs(share - 1) <= UNEVEN_MAX, `${share}`);
  } finally {
    await Promise.all(running.map((process) => process.kill()));
    await ground.stop();
  }
});

/** The profiles of so many segments, acknowledged and readable. */
async function readableEntries(
  ledger: Ledger,
  writers: readonly ServerProcess[],
  ask: ReturnType<typeof startAsking>['ask'],
  url: string,
): Promise<readonly Entry[]> {
  const segments = async () => {
    const counts = await Promise.all(writers.map((one) => valuesOf(one, 'segment_writer_segments_total')));
    return counts.flat().reduce((sum, count) => sum + count, 0);
  };
  await until(async () => (await segments()) >= SEGMENTS);
  const entries = ledger.entries.filter(({ acknowledgedMs }) => acknowledgedMs !== undefined);
  const now = Date.now();
  const isReadable = async (service: string) =>
    (await ask(url, { service, startMs: now, endMs: now, withToken: true })) !== undefined;
  await Promise.all(SERVICES.map((service) => until(() => isReadable(service))));
  return entries;
}

const readBytes = async (querier: ServerProcess) => (await valuesOf(querier, 'querier_read_bytes_total'))[0] ?? 0;

function partitionCounts(writers: readonly ServerProcess[]): Promise<number[]> {
  return Promise.all(writers.map(async (one) => (await valuesOf(one, 'segment_writer_position')).length));
}

async function valuesOf(process: ServerProcess, metric: string): Promise<readonly number[]> {
  const text = await (await fetch(`${process.url}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^flamelake_${metric}(?:\\{.*\\})? (\\S+)$`, 'gm'))].map(([, value]) =>
    Number(value),
  );
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50));
}
