/**
 * The roles apart, on a real Kafka, S3 and Redis: what a distributor and a segment-writer cost together, what a profile takes in
 * Kafka, how often the bucket is asked, and what a query costs that was asked before. Counted is CPU time of our processes alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGround, whyNoCluster } from '../e2e/cluster.ts';
import { ask, type ServerProcess } from '../e2e/server-process.ts';
import { printBar } from './bars.ts';
import { cpuSeconds } from './process-usage.ts';
import { makePushes } from './pushes.ts';
import { sendPushes } from './send-pushes.ts';
import { metricSum } from './server-metrics.ts';
import { readSet } from './sets.ts';

const CONCURRENCY = 64;
const WARM_PUSHES = 600;
const ROUND_PUSHES = 1_000;
const ROUNDS = 3;
/** How long requests to the bucket are counted, and pushes a second meanwhile. */
const COUNT_SECONDS = 30;
const PUSHES_PER_SECOND = 50;
/** Idle, some look only once a minute; the compactor folds twice. */
const IDLE_SECONDS = 60;
const QUIET_SECONDS = 40;
const WAIT_MS_MAX = 120_000;
/** As many services as pushes have. */
const SERVICES = 10;
const WARM_QUERIES = 5;

const why = await whyNoCluster();
if (why !== undefined) throw new Error(why);
const ground = await startGround();
const distributor = await ground.start('distributor');
const [writer, compactor, querier] = await Promise.all([
  ground.start('segment-writer'),
  ground.start('compactor', ['--compactor.fold-interval=30s']),
  ground.start('querier', ground.sharedResults),
]);
const port = String(querier.log.find(({ message }) => message === 'taking tasks')?.port);
const frontend = await ground.start('query-frontend', [`--query-frontend.queriers=127.0.0.1:${port}`]);
const all = [distributor, writer, compactor, querier, frontend];
try {
  await measure();
} finally {
  await Promise.all(all.map((process) => process.kill()));
  await ground.stop();
}

async function measure(): Promise<void> {
  const files = readSet('mixed');
  const pushes = makePushes(files, WARM_PUSHES + ROUNDS * ROUND_PUSHES, Date.now());
  await sendPushes(distributor.url, pushes.slice(0, WARM_PUSHES), CONCURRENCY);
  await written(WARM_PUSHES);
  const [kafkaBytes, segmentBytes] = [await producedBytes(), await writtenBytes()];
  const rounds: { distributor: number; writer: number }[] = [];
  for (let sent = WARM_PUSHES; sent < pushes.length; sent += ROUND_PUSHES) {
    const before = { distributor: cpuSeconds(distributor.pid), writer: cpuSeconds(writer.pid) };
    await sendPushes(distributor.url, pushes.slice(sent, sent + ROUND_PUSHES), CONCURRENCY);
    await written(sent + ROUND_PUSHES);
    rounds.push({
      distributor: cpuSeconds(distributor.pid) - before.distributor,
      writer: cpuSeconds(writer.pid) - before.writer,
    });
  }
  for (const round of rounds) {
    console.log(
      `per 1,000 profiles: distributor ${round.distributor.toFixed(2)} CPU-s, segment-writer ${round.writer.toFixed(2)}`,
    );
  }
  const counted = pushes.slice(WARM_PUSHES);
  const gzipBytes = counted.reduce((sum, push) => sum + push.gzipBytes, 0);
  const perProfile = ((await producedBytes()) - kafkaBytes) / counted.length;
  const both = Math.min(...rounds.map((round) => round.distributor + round.writer));
  printBar({ bar: 'distributor and segment-writer, mixed: per 1,000 profiles', value: both, unit: 'CPU-s', atMost: 4 });
  printBar({ bar: 'bytes in Kafka a profile, mixed', value: perProfile / 1e3, unit: 'KB' });
  printBar({
    bar: 'bytes in Kafka, mixed: ÷ gzipped pprof',
    value: (perProfile * counted.length) / gzipBytes,
    unit: '×',
  });
  const segments = ((await writtenBytes()) - segmentBytes) / gzipBytes;
  printBar({ bar: 'segments of four partitions, mixed: ÷ gzipped pprof', value: segments, unit: '×' });
  await measureCache();

  const loaded = makePushes(files, COUNT_SECONDS * PUSHES_PER_SECOND, Date.now());
  await countRequests(`at ${PUSHES_PER_SECOND} profiles/s`, async () => {
    for (let second = 0; second < COUNT_SECONDS; second++) {
      const endMs = performance.now() + 1_000;
      const some = loaded.slice(second * PUSHES_PER_SECOND, (second + 1) * PUSHES_PER_SECOND);
      await sendPushes(distributor.url, some, 4);
      await sleep(Math.max(0, endMs - performance.now()));
    }
  });
  await written(pushes.length + loaded.length);
  await folded();
  await countRequests('idle', () => sleep(IDLE_SECONDS * 1_000));
}

/** Waits until what was pushed is folded and merged: nothing has been put for longer than folds are apart. */
async function folded(): Promise<void> {
  const puts = () => sumOf(all, 'object_store_operation_seconds_count', /operation="put/);
  let [last, lastMs] = [await puts(), performance.now()];
  await until('everything is folded', async () => {
    const now = await puts();
    if (now !== last) [last, lastMs] = [now, performance.now()];
    return performance.now() - lastMs > QUIET_SECONDS * 1_000;
  });
}

/** Requests to the bucket a minute while something goes on, of all roles. */
async function countRequests(when: string, during: () => Promise<unknown>): Promise<void> {
  const counts = async () => ({
    PUT: await sumOf(all, 'object_store_operation_seconds_count', /operation="put/),
    GET: await sumOf(all, 'object_store_operation_seconds_count', /operation="get"/),
    LIST: await sumOf(all, 'object_store_operation_seconds_count', /operation="list/),
  });
  const [before, startMs] = [await counts(), performance.now()];
  await during();
  const [after, minutes] = [await counts(), (performance.now() - startMs) / 60_000];
  for (const verb of ['PUT', 'GET', 'LIST'] as const) {
    printBar({ bar: `${verb} a minute, all roles, ${when}`, value: (after[verb] - before[verb]) / minutes, unit: '' });
  }
}

/** The first query of a service, and the same again: a folded block's part of it comes from Redis. */
async function measureCache(): Promise<void> {
  const folds = () => sumOf([compactor], 'compactor_jobs_total', /outcome="committed"/);
  const had = await folds();
  await until('a fold', async () => (await folds()) > had);
  const [cold, hit]: number[][] = [[], []];
  for (let service = 0; service < SERVICES; service++) {
    cold.push(await timeQuery(service));
    const again: number[] = [];
    for (let i = 0; i < WARM_QUERIES; i++) again.push(await timeQuery(service));
    hit.push(Math.min(...again));
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  printBar({ bar: 'flame graph of a service, not asked before', value: sum(cold) / SERVICES, unit: 'ms' });
  printBar({ bar: 'flame graph of a service, asked before', value: sum(hit) / SERVICES, unit: 'ms' });
  printBar({ bar: 'asked before: faster by', value: sum(cold) / sum(hit), unit: '×', atLeast: 1 });
}

async function timeQuery(service: number): Promise<number> {
  const nowMs = Date.now();
  const startMs = performance.now();
  const answer = await ask<{ flamegraph?: { total?: string } }>(
    frontend.url,
    'querier.v1.QuerierService/SelectMergeStacktraces',
    {
      start: nowMs - 3_600_000,
      end: nowMs + 600_000,
      profileTypeID: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      labelSelector: `{service_name="bench-${service}"}`,
    },
  );
  if (answer.flamegraph?.total === undefined) throw new Error(`nothing is stored of bench-${service}`);
  return performance.now() - startMs;
}

function producedBytes(): Promise<number> {
  return sumOf([distributor], 'kafka_produced_bytes_total');
}

function writtenBytes(): Promise<number> {
  return sumOf([writer], 'segment_writer_segment_bytes_total');
}

/** Waits until the writer has put so many profiles into segments. */
function written(profiles: number): Promise<void> {
  return until(`${profiles} profiles in segments`, async () => {
    const count = await sumOf([writer], 'segment_writer_profiles_total');
    if (count > profiles) throw new Error(`segments hold ${count} profiles, sent were ${profiles}`);
    return count === profiles;
  });
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS_MAX; !(await isSo()); await sleep(50)) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS_MAX} ms`);
  }
}

async function sumOf(processes: readonly ServerProcess[], name: string, labels?: RegExp): Promise<number> {
  const sums = await Promise.all(processes.map(({ url }) => metricSum(url, name, labels)));
  return sums.reduce((total, sum) => total + sum, 0);
}
