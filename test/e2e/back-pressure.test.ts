/** Kafka or the bucket stands still: pushes and queries are refused for now, soon, and memory stays within its bounds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Ground, queriersFlag, startGround, whyNoCluster } from './cluster.ts';
import { metric, until } from './observe.ts';
import { call, type ServerProcess } from './server-process.ts';
import { aroundNow, push, pushMessage, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const MIB = 1_048_576;
const APPEND_TIMEOUT_MS = 2_000;
const KAFKA_QUEUE_BYTES_MAX = 2 * MIB;
const IN_FLIGHT_BYTES_MAX = 64 * MIB;
/** Two appends, and what a loaded machine needs to answer dozens of requests at once. */
const ANSWER_MS_MAX = 2 * APPEND_TIMEOUT_MS + 40_000;
/** A fresh process has about 150 MiB; with in-flight bytes, request bodies and what the collector has not taken yet. */
const RSS_BYTES_MAX = 768 * MIB;
const QUERY_TIMEOUT_MS = 2_000;
const PUSHERS = 48;
const PUSHES_EACH = 6;

const skip = (await whyNoCluster()) ?? false;
let ground: Ground;

before(async () => {
  if (skip === false) ground = await startGround();
});
after(() => ground?.stop());

const start = (target: string, flags: readonly string[] = []) => ground.start(target, flags);

/** About 130 KB that compress badly. */
function wideProfile(seed: number): Uint8Array {
  const stacks = Array.from({ length: 1_000 }, (_, i) => {
    const name = Buffer.from(new Float64Array([Math.sin(seed * 1_000 + i), Math.cos(i * seed)]).buffer).toString('hex');
    return { frames: ['main', `f_${name}`], value: 1n };
  });
  return smallPprof({ stacks, timeMs: Date.now() });
}

function rssBytes({ pid }: ServerProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

const one = (value: bigint) => smallPprof({ stacks: [{ frames: ['main'], value }], timeMs: Date.now() });

test('a broker that stands still: pushes get 429 or 503 with Retry-After in bounded time and memory', {
  skip,
}, async (context) => {
  const distributor = await start('distributor', [
    `--kafka.append-timeout=${APPEND_TIMEOUT_MS}ms`,
    '--kafka.request-timeout=1s',
    `--kafka.queue-size-max=${KAFKA_QUEUE_BYTES_MAX}`,
    `--distributor.in-flight-size-max=${IN_FLIGHT_BYTES_MAX}`,
  ]);
  await push(distributor.url, 'before', one(1n));
  const [broker] = ground.kafka.brokers;
  await broker?.freeze();

  const answers: { readonly status: number; readonly retryAfter: string | null; readonly tookMs: number }[] = [];
  const pushing = { isOver: false };
  const peaks = { queue: 0, inFlight: 0, rss: 0 };
  const watching = (async () => {
    while (!pushing.isOver) {
      peaks.queue = Math.max(peaks.queue, await metric(distributor, 'kafka_queue_bytes'));
      peaks.inFlight = Math.max(peaks.inFlight, await metric(distributor, 'distributor_in_flight_bytes'));
      peaks.rss = Math.max(peaks.rss, rssBytes(distributor));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const pusher = async (_: unknown, number: number) => {
    for (let i = 0; i < PUSHES_EACH; i++) {
      const profile = wideProfile(number * PUSHES_EACH + i + 1);
      const startMs = performance.now();
      const isIngest = i % 2 === 1;
      const response = isIngest
        ? await fetch(`${distributor.url}/ingest?name=frozen&format=pprof`, {
            method: 'POST',
            body: Buffer.from(profile),
          })
        : await fetch(`${distributor.url}/push.v1.PusherService/Push`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(pushMessage('frozen', profile)),
          });
      await response.arrayBuffer();
      const { status, headers } = response;
      answers.push({ status, retryAfter: headers.get('retry-after'), tookMs: performance.now() - startMs });
    }
  };
  await Promise.all(Array.from({ length: PUSHERS }, pusher));
  assert.equal((await fetch(`${distributor.url}/ready`)).status, 503);
  pushing.isOver = true;
  await watching;

  assert.deepEqual(
    [...new Set(answers.map(({ status }) => status))].filter((status) => status !== 429 && status !== 503),
    [],
  );
  assert.ok(answers.every(({ retryAfter }) => Number(retryAfter) >= 1));
  const longestMs = Math.max(...answers.map(({ tookMs }) => tookMs));
  const mib = (bytes: number) => (bytes / MIB).toFixed(1);
  context.diagnostic(
    `longest answer ${Math.round(longestMs)} ms; at most: queue ${mib(peaks.queue)}, in flight ${mib(peaks.inFlight)}, RSS ${mib(peaks.rss)} MiB`,
  );
  assert.ok(longestMs <= ANSWER_MS_MAX, `${longestMs}`);
  assert.ok(peaks.queue > 0 && peaks.queue <= KAFKA_QUEUE_BYTES_MAX, `${peaks.queue}`);
  assert.ok(peaks.inFlight <= IN_FLIGHT_BYTES_MAX, `${peaks.inFlight}`);
  assert.ok(peaks.rss <= RSS_BYTES_MAX, `${peaks.rss / MIB} MiB`);

  broker?.thaw();
  await until(
    async () =>
      (await call(distributor.url, 'push.v1.PusherService/Push', pushMessage('after', one(2n)))).status === 200,
  );
  await until(async () => (await metric(distributor, 'kafka_queue_bytes')) === 0);
  await until(async () => (await fetch(`${distributor.url}/ready`)).status === 200);
});

test('a bucket that stands still: pushes are taken, queries are told to come again; then all of it is there', {
  skip,
}, async () => {
  const hasty = ['--store.request-timeout=5s', '--store.attempts-max=2'];
  const distributor = await start('distributor');
  const [writer, querier] = await Promise.all([start('segment-writer', hasty), start('querier', hasty)]);
  const frontend = await start('query-frontend', [queriersFlag([querier]), ...hasty]);
  const commit = await push(distributor.url, 'kept', one(1n));
  assert.equal(await totalOf(frontend.url, 'kept', commit), 1n);

  process.kill(ground.s3.pid, 'SIGSTOP');
  try {
    await push(distributor.url, 'kept', one(2n), { labels: { pod: 'b' } });
    for (let i = 1; i <= 100; i++) await push(distributor.url, `wide-${i % 4}`, wideProfile(i));
    const startMs = performance.now();
    const refused = await call(frontend.url, 'querier.v1.QuerierService/SelectMergeStacktraces', {
      ...aroundNow(),
      profileTypeID: SMALL_TYPE,
      labelSelector: '{service_name="kept"}',
    });
    assert.equal(refused.status, 503, JSON.stringify(refused.body));
    assert.equal(refused.body.code, 'unavailable');
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.ok(performance.now() - startMs < 60_000);
    for (const server of [frontend, querier]) assert.equal((await fetch(`${server.url}/ready`)).status, 503);
    assert.ok(rssBytes(writer) <= RSS_BYTES_MAX, `${rssBytes(writer) / MIB} MiB`);
  } finally {
    process.kill(ground.s3.pid, 'SIGCONT');
  }
  const last = await push(distributor.url, 'kept', one(4n), { labels: { pod: 'c' } });
  let total = 0n;
  await until(async () => {
    total = await totalOf(frontend.url, 'kept', last).catch(() => 0n);
    return total !== 0n;
  });
  assert.equal(total, 7n);
});

test('a bucket that stands still: a query takes no longer than query.timeout, and queriers are done with it', {
  skip,
}, async () => {
  const distributor = await start('distributor');
  const [querier] = await Promise.all([start('querier'), start('segment-writer')]);
  const frontend = await start('query-frontend', [queriersFlag([querier]), `--query.timeout=${QUERY_TIMEOUT_MS}ms`]);
  const commit = await push(distributor.url, 'slow', one(1n));
  assert.equal(await totalOf(frontend.url, 'slow', commit), 1n);
  const refused = async () => {
    const startMs = performance.now();
    const { status, body } = await call(frontend.url, 'querier.v1.QuerierService/SelectMergeStacktraces', {
      ...aroundNow(),
      profileTypeID: SMALL_TYPE,
      labelSelector: '{service_name="slow"}',
    });
    return { status, body, tookMs: performance.now() - startMs };
  };
  process.kill(ground.s3.pid, 'SIGSTOP');
  try {
    // The store would be given up after 15 s, and asked four times. The last snapshot and its results serve for a moment.
    let answer = await refused();
    while (answer.status === 200) answer = await refused();
    const { status, body, tookMs } = answer;
    assert.equal(status, 504, JSON.stringify(body));
    assert.equal(body.code, 'deadline_exceeded');
    assert.match(String(body.message), new RegExp(`raise query\\.timeout .*limitMs=${QUERY_TIMEOUT_MS}`));
    assert.ok(tookMs < 10_000, `${tookMs}`);
    await until(async () => (await metric(frontend, 'query_running_tasks')) === 0);
    await until(async () => (await metric(querier, 'querier_admitted_bytes')) === 0);
  } finally {
    process.kill(ground.s3.pid, 'SIGCONT');
  }
});
