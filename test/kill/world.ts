/** Everything there is to kill: three Kafka brokers, S3 and Redis behind proxies of ours, two of each role under a supervisor. */
import { renameSync, writeFileSync } from 'node:fs';
import { openStore, type StoreKeys } from '@flamelake/catalog';
import { createS3Store } from '@flamelake/object-store/s3';
import { systemClock } from '@flamelake/runtime';
import type { SeededRandom } from '@flamelake/testkit';
import { bucketFlags, startRole, taskPort } from '../e2e/cluster.ts';
import { temporaryDirectory } from '../e2e/server-process.ts';
import { installKafka, type KafkaServer, startKafka } from '../real/components/kafka.ts';
import { startRedis } from '../real/components/redis.ts';
import {
  installVersitygw,
  S3_ACCESS_KEY,
  S3_BUCKET,
  S3_SECRET_KEY,
  startVersitygw,
} from '../real/components/versitygw.ts';
import { type Part, startPart } from './part.ts';
import { type S3Proxy, startS3Proxy } from './s3-proxy.ts';
import { type Supervised, type SupervisedOptions, supervise } from './supervised.ts';
import { startTcpProxy } from './tcp-proxy.ts';

export const ROLES = ['distributor', 'segment-writer', 'query-frontend', 'querier', 'compactor'] as const;
export type RoleName = (typeof ROLES)[number];
export const COPIES = 2;

export interface World {
  readonly kafka: KafkaServer;
  readonly s3: Part;
  readonly s3Proxy: S3Proxy;
  readonly redis: Part;
  readonly roles: readonly Supervised[];
  /** Open the names of snapshots. */
  readonly keys: StoreKeys;
  /** Where the log and the bucket are. */
  readonly flags: readonly string[];
  /** Of the processes of a role that run, or are frozen. */
  urls(role: RoleName): readonly string[];
  stop(): Promise<void>;
}

/** What queries may hold in a querier, and in a query-frontend. */
const QUERY_MEMORY_MIB = 128;
/** What the code, caches and garbage may be beside it; other roles have no more than all of this. */
const OTHER_MEMORY_MIB = 384;
export const RSS_MIB_MAX = QUERY_MEMORY_MIB + OTHER_MEMORY_MIB;
/** Short enough that a frozen segment-writer loses its partitions within the test. */
const SESSION_TIMEOUT = '6s';
const PARTITIONS = 4;
/** Of the two tenants, the one whose profiles soon expire. */
export const BRIEF_TENANT = 'brief';
export const LASTING_TENANT = 'lasting';
const RETENTION_MS = 60_000;
/** Expiry goes by whole minutes, rounded up. */
const RETENTION_STEP_MS = 60_000;

/** Profiles of the tenant that are older have expired then; ms since 1970. */
export function expireBefore(tenant: string, atMs: number): number {
  if (tenant !== BRIEF_TENANT) return Number.NEGATIVE_INFINITY;
  return Math.ceil((atMs - RETENTION_MS) / RETENTION_STEP_MS) * RETENTION_STEP_MS;
}

/** Resolves when everything is ready. */
export async function startWorld(
  random: SeededRandom,
  { onEnd, onTrouble }: Pick<SupervisedOptions, 'onEnd' | 'onTrouble'>,
): Promise<World> {
  const [kafkaFolder, s3Folder] = [await installKafka(), await installVersitygw()];
  if (kafkaFolder.skip !== undefined) throw new Error(kafkaFolder.skip);
  if (s3Folder.skip !== undefined) throw new Error(s3Folder.skip);
  const directory = temporaryDirectory();
  const listFile = `${temporaryDirectory()}/queriers`;
  const tenantsFile = `${temporaryDirectory()}/tenants.yaml`;
  writeFileSync(tenantsFile, `overrides: { ${BRIEF_TENANT}: { limits.retention-period: ${RETENTION_MS}ms } }\n`);
  const [kafka, s3Proxy, redisProxy] = await Promise.all([
    startKafka(kafkaFolder.path, 3),
    startS3Proxy(random.fork('s3')),
    startTcpProxy(),
  ]);
  const [s3, redis] = await Promise.all([
    startPart(() => startVersitygw(s3Folder.path, { directory }), s3Proxy.aim),
    startPart(() => startRedis(), redisProxy.aim),
  ]);
  const flags = [
    `--kafka.brokers=${kafka.addresses.join(',')}`,
    `--kafka.partitions=${PARTITIONS}`,
    `--kafka.session-timeout=${SESSION_TIMEOUT}`,
    '--multitenancy.enabled=true',
    `--runtime-config.file=${tenantsFile}`,
    ...bucketFlags(s3Proxy.port),
  ];
  const own: Readonly<Record<RoleName, readonly string[]>> = {
    distributor: [],
    'segment-writer': [],
    'query-frontend': [
      `--query-frontend.queriers=file:${listFile}`,
      '--query-frontend.lookup-interval=500ms',
      `--query-frontend.memory-max=${QUERY_MEMORY_MIB}MiB`,
    ],
    querier: [
      '--redis.mode=single',
      `--redis.addresses=127.0.0.1:${redisProxy.port}`,
      `--querier.memory-max=${QUERY_MEMORY_MIB}MiB`,
    ],
    compactor: ['--compactor.keep=90s', '--compactor.rewrite-after=10s'],
  };
  const roles: Supervised[] = [];
  const ofRole = (name: RoleName) => roles.filter(({ role }) => role === name);
  const listQueriers = () => {
    const ports = ofRole('querier').flatMap(({ process }) => (process === undefined ? [] : [taskPort(process)]));
    writeFileSync(`${listFile}.new`, ports.map((port) => `127.0.0.1:${port}\n`).join(''));
    renameSync(`${listFile}.new`, listFile);
  };
  const startOne = async (role: RoleName) => {
    const onStart = role === 'querier' ? listQueriers : () => undefined;
    const start = () => startRole(role, [...flags, ...own[role]]);
    roles.push(await supervise({ role, start, onStart, onEnd, onTrouble }));
    onStart();
  };
  // The first distributor makes the topic, for all; query-frontends are ready when they know a querier.
  await startOne('distributor');
  const others = [...ROLES, ...ROLES].slice(1);
  await Promise.all(others.filter((role) => role !== 'query-frontend').map(startOne));
  await Promise.all(others.filter((role) => role === 'query-frontend').map(startOne));
  const { keys } = await openBucket(s3Proxy.port, random);
  return {
    kafka,
    s3,
    keys,
    s3Proxy,
    redis,
    roles,
    flags,
    urls: (name) => ofRole(name).flatMap(({ process }) => (process === undefined ? [] : [process.url])),
    async stop() {
      await Promise.all(roles.map((role) => role.stop()));
      await Promise.all([kafka.stop(), s3.stop(), redis.stop(), s3Proxy.close(), redisProxy.close()]);
    },
  };
}

async function openBucket(port: number, random: SeededRandom) {
  const store = createS3Store({
    clock: systemClock,
    random,
    endpoint: `http://127.0.0.1:${port}`,
    bucket: S3_BUCKET,
    region: 'us-east-1',
    credentials: async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY }),
  });
  try {
    return await openStore(store, random);
  } finally {
    await store.close();
  }
}
