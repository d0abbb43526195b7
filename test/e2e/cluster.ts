/** The roles as processes of their own, on a real Kafka, S3 and Redis, all on loopback. */
import { installKafka, type KafkaServer, startKafka } from '../real/components/kafka.ts';
import { installRedis, startRedis } from '../real/components/redis.ts';
import type { RunningServer } from '../real/components/server.ts';
import {
  installVersitygw,
  S3_ACCESS_KEY,
  S3_BUCKET,
  S3_SECRET_KEY,
  startVersitygw,
} from '../real/components/versitygw.ts';
import { type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';

/** Of the profile log, unless a test says otherwise. */
export const PARTITIONS = 4;
/** Each of the roles that scale is there twice. */
const COPIES = 2;
/** Names by which compactors share the partitions; nobody connects to them. */
const COMPACTORS = ['compactor-a:4040', 'compactor-b:4040'];

export interface Cluster {
  readonly distributors: readonly ServerProcess[];
  readonly writers: ServerProcess[];
  readonly queriers: readonly ServerProcess[];
  readonly frontends: readonly ServerProcess[];
  readonly compactors: readonly ServerProcess[];
  /** Where the log and the bucket are. */
  readonly flags: readonly string[];
  /** Where the queriers are, for one more query-frontend. */
  readonly frontendFlags: readonly string[];
  /** One more process of a role. */
  start(target: string, flags?: readonly string[]): Promise<ServerProcess>;
  stop(): Promise<void>;
}

/** Why a cluster cannot be started here, or undefined when its parts are installed. */
export async function whyNoCluster(): Promise<string | undefined> {
  return (await installKafka()).skip ?? (await installVersitygw()).skip ?? (await installRedis());
}

/** What roles stand on, and how to start one on it. */
export interface Ground {
  readonly kafka: KafkaServer;
  readonly s3: RunningServer;
  /** Where the log and the bucket are. */
  readonly flags: readonly string[];
  /** The flags of those who share results. */
  readonly sharedResults: readonly string[];
  /** A process of a role, ended with the ground. */
  start(target: string, flags?: readonly string[]): Promise<ServerProcess>;
  /** Ends all processes, then what they stand on. */
  stop(): Promise<void>;
}

/** Starts Kafka, S3 and Redis, and no role yet. */
export async function startGround(): Promise<Ground> {
  const [kafkaFolder, s3Folder] = [await installKafka(), await installVersitygw()];
  if (kafkaFolder.skip !== undefined) throw new Error(kafkaFolder.skip);
  if (s3Folder.skip !== undefined) throw new Error(s3Folder.skip);
  const [kafka, s3, redis] = await Promise.all([
    startKafka(kafkaFolder.path, 1),
    startVersitygw(s3Folder.path),
    startRedis(),
  ]);
  const places = placeFlags(kafka, s3);
  const started: ServerProcess[] = [];
  return {
    kafka,
    s3,
    flags: places,
    sharedResults: ['--redis.mode=single', `--redis.addresses=127.0.0.1:${redis.port}`],
    async start(target, flags = []) {
      const process = await startRole(target, [...places, ...flags]);
      started.push(process);
      return process;
    },
    async stop() {
      await Promise.all(started.map((process) => process.kill()));
      await Promise.all([kafka.stop(), s3.stop(), redis.stop()]);
    },
  };
}

/** Starts everything; resolves when every process is ready. */
export async function startCluster(): Promise<Cluster> {
  const ground = await startGround();
  const { start } = ground;
  const peers = [`--compactor.peers=${COMPACTORS.join(',')}`];
  // The first distributor makes the topic, for all.
  const distributors = [await start('distributor'), await start('distributor')];
  const copies = (target: string, flags: readonly string[] = []) =>
    Promise.all(Array.from({ length: COPIES }, () => start(target, flags)));
  const [writers, queriers, compactors] = await Promise.all([
    copies('segment-writer'),
    copies('querier', ground.sharedResults),
    Promise.all(COMPACTORS.map((own) => start('compactor', [...peers, `--compactor.address=${own}`]))),
  ]);
  const asked = [queriersFlag(queriers)];
  const frontends = await Promise.all([start('query-frontend', asked), start('query-frontend', asked)]);
  return {
    distributors,
    writers,
    queriers,
    frontends,
    compactors,
    flags: ground.flags,
    frontendFlags: asked,
    start,
    stop: ground.stop,
  };
}

/** Tells a query-frontend where these queriers take tasks. */
export function queriersFlag(queriers: readonly ServerProcess[]): string {
  return `--query-frontend.queriers=${queriers.map((querier) => `127.0.0.1:${taskPort(querier)}`).join(',')}`;
}

function placeFlags(kafka: KafkaServer, s3: RunningServer): readonly string[] {
  return [
    `--kafka.brokers=${kafka.addresses.join(',')}`,
    `--kafka.partitions=${PARTITIONS}`,
    '--kafka.replication-factor=1',
    '--kafka.min-insync-replicas=1',
    ...bucketFlags(s3.port),
  ];
}

export function bucketFlags(port: number): readonly string[] {
  return [
    '--store.backend=s3',
    `--store.s3.endpoint=http://127.0.0.1:${port}`,
    `--store.s3.bucket=${S3_BUCKET}`,
    `--store.s3.access-key=${S3_ACCESS_KEY}`,
    `--store.s3.secret-key=${S3_SECRET_KEY}`,
  ];
}

export function startRole(target: string, flags: readonly string[]): Promise<ServerProcess> {
  return startServer({
    directory: temporaryDirectory(),
    flags: [
      `--target=${target}`,
      '--self-profiling.enabled=false',
      '--querier.host=127.0.0.1',
      '--querier.port=0',
      '--compactor.fold-interval=2s',
      ...flags,
    ],
  });
}

/** The port that a querier says it takes tasks on. */
export function taskPort(querier: ServerProcess): number {
  return Number(querier.log.find((line) => line.message === 'taking tasks')?.port);
}
