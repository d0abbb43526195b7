/** Everything there is to kill: three Kafka brokers, S3 and Redis behind proxies of ours, two of each role under a supervisor. */
import { renameSync, writeFileSync } from 'node:fs';
import type { SeededRandom } from '@flamelake/testkit';
import { bucketFlags, startRole, taskPort } from '../e2e/cluster.ts';
import { temporaryDirectory } from '../e2e/server-process.ts';
import { installKafka, type KafkaServer, startKafka } from '../real/components/kafka.ts';
import { startRedis } from '../real/components/redis.ts';
import { installVersitygw, startVersitygw } from '../real/components/versitygw.ts';
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
  /** Where the log and the bucket are. */
  readonly flags: readonly string[];
  /** Of the processes of a role that run, or are frozen. */
  urls(role: RoleName): readonly string[];
  stop(): Promise<void>;
}

/** Short enough that a frozen segment-writer loses its partitions within the test. */
const SESSION_TIMEOUT = '6s';
const PARTITIONS = 4;

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
    ...bucketFlags(s3Proxy.port),
  ];
  const own: Readonly<Record<RoleName, readonly string[]>> = {
    distributor: [],
    'segment-writer': [],
    'query-frontend': [`--query-frontend.queriers=file:${listFile}`, '--query-frontend.lookup-interval=500ms'],
    querier: ['--redis.mode=single', `--redis.addresses=127.0.0.1:${redisProxy.port}`],
    compactor: ['--compactor.keep=90s'],
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
  return {
    kafka,
    s3,
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
