/**
 * The procedures of docs/operations as they stand there, on a real Kafka, S3 and Redis, with the roles as processes, under pushes:
 * moving buckets, restoring one, adding partitions, changing placement. Each ends with every push counted once.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '@flamelake/model';
import { createS3Store } from '@flamelake/object-store/s3';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { Admin } from '@platformatic/kafka';
import { S3_ACCESS_KEY, S3_BUCKET, S3_SECRET_KEY } from '../real/components/versitygw.ts';
import { type Ground, PARTITIONS, queriersFlag, startGround, whyNoCluster } from './cluster.ts';
import { assertAgrees, runVerify } from './run-verify.ts';
import { type ServerProcess, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const HOUR_MS = 3_600_000;
/** Between pushes: what they meet is looked for, not how many are taken. */
const PACE_MS = 50;
const SERVICES = Array.from({ length: 8 }, (_, i) => `service-${i}`);
const WRITERS = ['segment-writer', 'compactor'];
const OTHERS = ['querier', 'query-frontend', 'distributor'];
const skip = (await whyNoCluster()) ?? false;
let ground: Ground;
/** One process of each role; the newest of its kind. */
const running = new Map<string, ServerProcess>();
/** What all roles are told besides where Kafka and the S3 server are. */
const settings: Record<string, string> = { 'store.s3.bucket': S3_BUCKET, 'server.drain-delay': '500ms' };

before(async () => {
  if (skip !== false) return;
  ground = await startGround();
  await roll('distributor', ...WRITERS, 'querier', 'query-frontend');
});
after(() => ground?.stop());

const urlOf = (target: string) => running.get(target)?.url ?? assert.fail(`no ${target} runs`);

/** Starts a process of each role, ready before the one that was there ends, as Deployments do. */
async function roll(...targets: readonly string[]): Promise<void> {
  const leaving: (ServerProcess | undefined)[] = [];
  for (const target of targets) {
    const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    if (target === 'querier') flags.push(...ground.sharedResults);
    const querier = running.get('querier');
    if (target === 'query-frontend' && querier !== undefined) flags.push(queriersFlag([querier]));
    const old = running.get(target);
    running.set(target, await ground.start(target, flags));
    // The query-frontend that knows it is replaced after it.
    if (target !== 'querier' || !targets.includes('query-frontend')) await old?.terminate();
    else leaving.push(old);
  }
  for (const old of leaving) await old?.terminate();
}

async function end(...targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    assert.equal(await running.get(target)?.terminate(), 0, target);
    running.delete(target);
  }
}

/** What was pushed of each service, by whoever pushed it, with the token of its last push. */
const pushed = new Map<string, { total: bigint; commit: string; bytes: Uint8Array }>();
let count = 0;

async function pushOne(): Promise<void> {
  const service = SERVICES[count++ % SERVICES.length];
  const value = BigInt(count);
  const bytes = smallPprof({ stacks: [{ frames: ['main', service], value }], timeMs: Date.now() });
  const commit = await push(urlOf('distributor'), service, bytes);
  pushed.set(service, { total: (pushed.get(service)?.total ?? 0n) + value, commit, bytes });
}

/** Pushes one after another while something is done; every push must be taken. */
async function underPushes(run: () => Promise<void>): Promise<void> {
  let isEnding = false;
  const pushing = (async () => {
    for (; !isEnding; await sleep(PACE_MS)) await pushOne();
  })();
  try {
    await run();
  } finally {
    isEnding = true;
    await pushing;
  }
  for (const _ of SERVICES) await pushOne();
}

/** Everything pushed is counted once. */
async function totalsAreRight(): Promise<void> {
  for (const [service, { total, commit }] of pushed) {
    assert.equal(await totalOnceVisible(service, commit), total, service);
  }
}

/** The same, and log, bucket and server agree. */
async function isWhole(): Promise<void> {
  await totalsAreRight();
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  assertAgrees(await runVerify([...ground.flags, ...flags, `--url=${urlOf('query-frontend')}`]));
}

async function totalOnceVisible(service: string, commit: string): Promise<bigint> {
  for (const deadline = performance.now() + 60_000; ; ) {
    try {
      return await totalOf(urlOf('query-frontend'), service, commit);
    } catch (error) {
      if (!String(error).includes('unavailable') || performance.now() > deadline) throw error;
    }
  }
}

function bucketOf(bucket: string) {
  const credentials = async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY });
  const endpoint = `http://127.0.0.1:${ground.s3.port}`;
  const options = { clock: systemClock, random: systemRandom, endpoint, region: 'us-east-1', credentials };
  return createS3Store({ ...options, bucket, prefix: '' });
}

async function allKeys(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const more = await store.list('', keys.length === 0 ? {} : { startAfter: keys.at(-1) ?? '' });
    if (more.length === 0) return keys;
    keys.push(...more.map(({ key }) => key));
  }
}

/** What `aws s3 sync --delete` and `rclone sync` do: objects have the names and bytes of the other bucket's, and no others are there. */
async function copyBucket(from: string, to: string): Promise<void> {
  const [source, target] = [bucketOf(from), bucketOf(to)];
  await target.makeBucket();
  const there = new Set(await allKeys(target));
  for (const key of await allKeys(source)) {
    const found = await source.get(key);
    // One that was swept since it was listed.
    if (found === undefined) continue;
    // Objects never change: what is there is right.
    if (!there.delete(key)) await target.putIfAbsent(key, found.bytes);
  }
  await target.delete([...there]);
  await Promise.all([source.close(), target.close()]);
}

const keysOf = async (bucket: string): Promise<string[]> => {
  const store = bucketOf(bucket);
  try {
    return await allKeys(store);
  } finally {
    await store.close();
  }
};

test('move buckets', { skip }, async () => {
  let left: readonly string[] = [];
  await underPushes(async () => {
    await copyBucket(S3_BUCKET, 'moved');
    await end(...WRITERS);
    await copyBucket(S3_BUCKET, 'moved');
    left = await keysOf(S3_BUCKET);
    settings['store.s3.bucket'] = 'moved';
    await roll(...WRITERS, ...OTHERS);
  });
  await isWhole();
  assert.deepEqual(await keysOf(S3_BUCKET), left, 'nobody writes to the old bucket');
});

test('back up and restore', { skip }, async () => {
  // A version of the bucket at one moment: nobody writes while it is copied.
  await end(...WRITERS);
  await copyBucket('moved', 'backup');
  await underPushes(() => roll(...WRITERS));
  await totalsAreRight();
  await end(...WRITERS, ...OTHERS);
  const bucket = bucketOf('moved');
  await bucket.delete(await allKeys(bucket));
  await bucket.close();

  await copyBucket('backup', 'moved');
  await roll('distributor', ...WRITERS, 'querier', 'query-frontend');
  await isWhole();
  // What is resent is known, from before the backup and from after it.
  for (const [service, { bytes, total }] of pushed) {
    const commit = await push(urlOf('distributor'), service, bytes);
    assert.equal(await totalOnceVisible(service, commit), total, service);
  }
});

const HOUR_BEGUN = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
/** The placement file: entries from an hour on, counted from the one that has begun. */
function writePlacement(file: string, entries: readonly (readonly [hours: number, rest: object])[]): void {
  const written = entries.map(([hours, rest], number) =>
    number === 0 ? rest : { 'valid-from': new Date(HOUR_BEGUN + hours * HOUR_MS).toISOString(), ...rest },
  );
  writeFileSync(file, JSON.stringify(written));
}

/** Resolves when the distributor says so of its placement. */
async function placementIs(entries: number, isSound: boolean): Promise<void> {
  const wanted = [
    new RegExp(`^flamelake_placement_entries ${entries}$`, 'm'),
    new RegExp(`^flamelake_placement_last_reload_successful ${isSound ? 1 : 0}$`, 'm'),
  ];
  for (const deadline = performance.now() + 60_000; ; await sleep(50)) {
    const text = await (await fetch(`${urlOf('distributor')}/metrics`)).text();
    if (wanted.every((line) => line.test(text))) return;
    assert.ok(
      performance.now() < deadline,
      /^flamelake_placement.*$/gm.exec(text)?.join() ?? 'no metrics of placement',
    );
  }
}

const usedPartitions = async (): Promise<number[]> => {
  const keys = await keysOf(settings['store.s3.bucket']);
  return [...new Set(keys.flatMap((key) => /\/partitions\/(\d+)\//.exec(key)?.[1] ?? []))].map(Number);
};
const MORE = PARTITIONS * 2;
const old = [0, { partitions: PARTITIONS }] as const;

test('add partitions', { skip }, async () => {
  const file = `${temporaryDirectory()}/placement.yaml`;
  await underPushes(async () => {
    writePlacement(file, [old]);
    settings['distributor.placement-file'] = file;
    settings['runtime-config.reload-interval'] = '100ms';
    await roll('distributor');
    await addPartitions(MORE);
    // Processes that run go on; one that starts says what it finds.
    const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    await assert.rejects(ground.start('distributor', flags), /another number of partitions/);
    settings['kafka.partitions'] = String(MORE);
    await roll('distributor', 'segment-writer');
    writePlacement(file, [old, [2, { partitions: MORE }]]);
    await placementIs(2, true);
  });
  await totalsAreRight();
  assert.ok((await usedPartitions()).every((partition) => partition < PARTITIONS));

  // The stated hour comes: here it is the hour that comes to the clock.
  const later = `${temporaryDirectory()}/placement.yaml`;
  writePlacement(later, [old, [0, { partitions: MORE }]]);
  settings['distributor.placement-file'] = later;
  await roll('distributor');
  for (const _ of SERVICES) await pushOne();
  await isWhole();
  assert.ok((await usedPartitions()).some((partition) => partition >= PARTITIONS));
});

test('change placement', { skip }, async () => {
  const file = settings['distributor.placement-file'];
  const begun = [0, { partitions: MORE }] as const;
  const shards = [{ tenant: 'anonymous', service: SERVICES[0], partitions: PARTITIONS }];
  await underPushes(async () => {
    writePlacement(file, [old, [0, { partitions: MORE, shards }]]);
    await placementIs(2, false);
    writePlacement(file, [old, begun, [2, { partitions: MORE, shards }]]);
    await placementIs(3, true);
  });
  await isWhole();
});

/** What `kafka-topics.sh --alter --partitions` asks of the brokers. */
async function addPartitions(all: number): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...ground.kafka.addresses] });
  try {
    // This client wants to be told where they are: all with the one broker there is.
    const assignments = Array.from({ length: all - PARTITIONS }, () => ({ brokerIds: [1] }));
    await admin.createPartitions({ topics: [{ name: 'flamelake-profiles', count: all, assignments }] });
  } finally {
    await admin.close();
  }
}
