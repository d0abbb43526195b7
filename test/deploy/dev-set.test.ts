/**
 * The chart's dev set as processes: what its containers run, with their words, files and variables, is a Kafka, an S3 and a Redis that pods of
 * the release find right. Addresses and folders of pods are places of this machine; images are not run here.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { whyNoCluster } from '../e2e/cluster.ts';
import { temporaryDirectory } from '../e2e/server-process.ts';
import { installHelm } from '../real/components/helm.ts';
import { pathOf } from '../real/components/install.ts';
import { installKafka, java } from '../real/components/kafka.ts';
import { type RunningServer, startServer } from '../real/components/server.ts';
import { installVersitygw } from '../real/components/versitygw.ts';
import { renderChart } from './render-chart.ts';

interface Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: { readonly initContainers?: readonly Container[]; readonly containers: readonly Container[] };
    };
  };
}

const NAME = 'release-flamelake';
const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const skip = (await whyNoCluster()) ?? (await installHelm()).skip ?? false;
const servers: Record<string, RunningServer> = {};
let manifests: readonly Manifest[] = [];

before(async () => {
  if (skip !== false) return;
  manifests = parseAllDocuments(await renderChart('dev'))
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
  const [kafka, s3] = [pathOf(await installKafka()), pathOf(await installVersitygw())];
  [servers.kafka, servers.s3, servers.redis] = await Promise.all([startKafka(kafka), startS3(s3), startRedis()]);
});
after(() => Promise.all(Object.values(servers).map((server) => server.stop())));

function manifest(kind: string, name: string): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name.startsWith(NAME + name));
  assert.ok(found, `${kind} ${name}`);
  return found;
}

function podOf(component: string, kind = 'Deployment') {
  const pod = manifest(kind, `-${component}`).spec?.template?.spec;
  assert.ok(pod);
  return { first: pod.initContainers?.[0], server: pod.containers[0] };
}

/** What Kafka's scripts start, which come with its image and not with its jars. */
const CLASSES: Readonly<Record<string, string>> = {
  '/opt/kafka/bin/kafka-storage.sh': 'kafka.tools.StorageTool',
  '/opt/kafka/bin/kafka-server-start.sh': 'kafka.Kafka',
};

function startKafka(folder: string): Promise<RunningServer> {
  const { first, server } = podOf('dev-kafka');
  return startServer({
    name: 'dev-kafka',
    command(port, directory) {
      const file = `${directory}/server.properties`;
      const written = manifest('ConfigMap', '-dev-kafka').data?.['server.properties'] ?? '';
      writeFileSync(
        file,
        written
          .replace(`${NAME}-dev-kafka.profiles.svc:9092`, `127.0.0.1:${port}`)
          .replace('://:9092', `://127.0.0.1:${port}`)
          .replaceAll(':9093', `:${port + 1}`)
          .replace('=/data/', `=${directory}/data/`),
      );
      // A server that says that it has started.
      const logging = `${directory}/log4j2.properties`;
      writeFileSync(logging, readFileSync(`${folder}/log4j2.properties`, 'utf8').replace('WARN', 'INFO'));
      const words = ({ command = [] }: Container) => [
        CLASSES[command[0]],
        ...command.slice(1).map((word) => (word === '/etc/dev/server.properties' ? file : word)),
      ];
      execFileSync('java', java(folder, 128, words(first as Container)), { stdio: 'ignore' });
      return { program: 'java', words: java(folder, 512, words(server), logging) };
    },
    isReady: async (_, output) => output.includes('Kafka Server started'),
  });
}

function startS3(folder: string): Promise<RunningServer> {
  const { first, server } = podOf('dev-s3');
  return startServer({
    name: 'dev-s3',
    command(port, directory) {
      const data = `${directory}/data`;
      mkdirSync(data);
      const [program, ...words] = (first?.command ?? []).map((word) => word.replace(/^\/data/, data));
      execFileSync(program, words);
      const placed = (server.args ?? []).map((word) => word.replace(/^\/data$/, data).replace(/^:9000$/, `:${port}`));
      return { program: `${folder}/versitygw`, words: placed, environment: variables(server) };
    },
    async isReady(port) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect').finally(() => socket.destroy());
      return true;
    },
  });
}

function startRedis(): Promise<RunningServer> {
  const [program, ...words] = podOf('dev-redis').server.command ?? [];
  return startServer({
    name: 'dev-redis',
    command: (port, directory) => ({ program, words: [...words, '--port', String(port), '--dir', directory] }),
    isReady: async (_, output) => output.includes('Ready to accept connections'),
  });
}

function variables({ env = [] }: Container): Record<string, string> {
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {};
      return [name, value ?? manifests.find(({ metadata }) => metadata.name === secret)?.stringData?.[key] ?? ''];
    }),
  );
}

/** Runs a container of Flamelake to its end. */
async function run(container: Container): Promise<string> {
  const file = `${temporaryDirectory()}/flamelake.yaml`;
  let config = manifests.find(({ data }) => data?.['flamelake.yaml'] !== undefined)?.data?.['flamelake.yaml'] ?? '';
  for (const [part, port] of Object.entries({ kafka: 9092, s3: 9000, redis: 6379 })) {
    config = config.replace(`${NAME}-dev-${part}.profiles.svc:${port}`, `127.0.0.1:${servers[part].port}`);
  }
  writeFileSync(file, config);
  const words = (container.args ?? []).map((word) => word.replace('/etc/flamelake/config/flamelake.yaml', file));
  const env = { ...process.env, ...variables(container) };
  return (await promisify(execFile)(process.execPath, [MAIN, ...words], { env })).stdout;
}

test('pods of the release find Kafka, bucket and Redis of the dev set as they must be', { skip }, async () => {
  const made = await run(podOf('create', 'Job').server);
  assert.match(made, /s3 takes, gives back and deletes objects; .*topic flamelake-profiles, 16 partitions, was made/s);
  const components = ['compactor', 'distributor', 'querier', 'query-frontend', 'segment-writer'];
  const found = await Promise.all(components.map((component) => run(podOf(component).first as Container)));
  for (const [i, component] of components.entries()) assert.match(found[i], new RegExp(`${component} would start`));
  assert.match(found[components.indexOf('querier')], /cache: Redis at 127/);
});
