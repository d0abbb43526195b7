/** Apache Kafka for tests: one broker or several of KRaft, from the jars of Maven Central, on loopback. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Installed, install } from './install.ts';

export const KAFKA_USER = 'tester';
export const KAFKA_PASSWORD = 'test-secret';

const VERSION = '4.4.0';
const CLUSTER_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const READY_TIMEOUT_MS = 90_000;
const PORTS_TRIED = 20;
const runFile = promisify(execFile);

export interface KafkaBroker {
  readonly address: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGSTOP; resolves when every thread stands still. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
  /** Starts it again where it was, after `kill`. */
  restart(): Promise<void>;
}

export interface KafkaServer {
  readonly brokers: readonly KafkaBroker[];
  readonly addresses: readonly string[];
  /** The first broker's listener with TLS and logins (user `KAFKA_USER`); its certificate is signed by `ca`. */
  readonly secureAddress: string;
  readonly ca: string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function installKafka(): Promise<Installed> {
  for (const program of ['java', 'openssl']) {
    try {
      await runFile(program, [program === 'java' ? '-version' : 'version']);
    } catch {
      return { skip: `${program} is not on this machine` };
    }
  }
  return install(`kafka-${VERSION}`, async (folder) => {
    writeFileSync(`${folder}/pom.xml`, pom());
    writeFileSync(`${folder}/log4j2.properties`, LOGGING);
    const words = ['-B', '-q', '-f', `${folder}/pom.xml`, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
    await runFile('mvn', [...words, `-DoutputDirectory=${folder}/libs`], { maxBuffer: 2 ** 26 });
  });
}

/** Starts a cluster and waits until every broker is up. Ports that are taken are left for others. */
export async function startKafka(folder: string, brokerCount: 1 | 3): Promise<KafkaServer> {
  let reason = '';
  for (let tries = 0; tries < PORTS_TRIED; tries++) {
    // Below the range that systems give to outgoing connections.
    const port = randomInt(20_000, 32_000 - 3 * brokerCount);
    const ports = Array.from({ length: 3 * brokerCount }, (_, i) => port + i);
    if (!(await Promise.all(ports.map(isFree))).every(Boolean)) continue;
    const cluster = await start(folder, brokerCount, port);
    if (typeof cluster !== 'string') return cluster;
    reason = cluster;
  }
  throw new Error(`kafka does not start: ${reason}`);
}

/** Broker i has the ports 3i (clients), 3i + 1 (controller) and 3i + 2 (clients with TLS and logins). */
async function start(folder: string, brokerCount: number, port: number): Promise<KafkaServer | string> {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-kafka-`);
  const ca = await makeCertificate(directory);
  const children: ChildProcess[] = [];
  const begin = (i: number) => {
    const file = openSync(output(i), 'a');
    const words = java(folder, 512, ['kafka.Kafka', `${directory}/broker-${i}.properties`]);
    const child = spawn('java', words, { stdio: ['ignore', file, file] });
    closeSync(file);
    running.add(child);
    child.once('exit', () => running.delete(child));
    children[i] = child;
  };
  const stop = async () => {
    await Promise.all(children.map((child) => end(child)));
    rmSync(directory, { recursive: true, force: true });
  };
  const output = (i: number) => `${directory}/broker-${i}.log`;
  for (let i = 0; i < brokerCount; i++) {
    writeFileSync(`${directory}/broker-${i}.properties`, properties({ directory, brokerCount, port, index: i }));
  }
  await Promise.all(Array.from({ length: brokerCount }, (_, i) => format(folder, directory, i)));
  for (let i = 0; i < brokerCount; i++) begin(i);
  for (const [i, child] of children.entries()) {
    if (await isUp(child, port + 3 * i)) continue;
    const reason = readFileSync(output(i), 'utf8').slice(-2_000);
    await stop();
    return reason;
  }
  const brokers = children.map((_, i) => ({
    address: `127.0.0.1:${port + 3 * i}`,
    kill: () => end(children[i]),
    freeze: () => freeze(children[i]),
    thaw: () => void children[i].kill('SIGCONT'),
    async restart() {
      begin(i);
      if (await isUp(children[i], port + 3 * i)) return;
      throw new Error(`broker ${i} does not start again: ${readFileSync(output(i), 'utf8').slice(-2_000)}`);
    },
  }));
  const addresses = brokers.map(({ address }) => address);
  return { brokers, addresses, secureAddress: `127.0.0.1:${port + 2}`, ca, stop };
}

async function freeze(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP');
  const folder = `/proc/${child.pid}/task`;
  // The signal reaches the threads one after another; state is the first letter behind the name in brackets.
  const isStopped = (thread: string): boolean => {
    try {
      return /\) [Tt] /.test(readFileSync(`${folder}/${thread}/stat`, 'utf8'));
    } catch {
      return true; // it has ended
    }
  };
  while (!readdirSync(folder).every(isStopped)) await sleep(5);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function format(folder: string, directory: string, index: number): Promise<void> {
  const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${KAFKA_USER},password=${KAFKA_PASSWORD}]`,
  ]);
  const words = [
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    `${directory}/broker-${index}.properties`,
  ];
  await runFile('java', java(folder, 128, [...words, ...users]));
}

/** Words of `java` for a class of Kafka's. */
export function java(
  folder: string,
  heapMiB: number,
  words: readonly string[],
  logFile = `${folder}/log4j2.properties`,
): string[] {
  const logging = `-Dlog4j2.configurationFile=${logFile}`;
  // The first compiler alone: it halves what a start costs.
  const machine = [`-Xmx${heapMiB}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  return [...machine, logging, '-cp', `${folder}/libs/*`, ...words];
}

/** A certificate for 127.0.0.1 that signs itself. */
async function makeCertificate(directory: string): Promise<string> {
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=flamelake-test'];
  const files = [
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    `${directory}/key.pem`,
    '-out',
    `${directory}/ca.pem`,
  ];
  await runFile('openssl', [...words, ...files]);
  const ca = readFileSync(`${directory}/ca.pem`, 'utf8');
  writeFileSync(`${directory}/keystore.pem`, readFileSync(`${directory}/key.pem`, 'utf8') + ca);
  return ca;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A broker binds its port late in its start. */
async function isUp(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const answers = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answers && child.exitCode === null) return true;
    await sleep(100);
  }
  return false;
}

interface BrokerPlace {
  readonly directory: string;
  readonly brokerCount: number;
  readonly port: number;
  readonly index: number;
}

function properties({ directory, brokerCount, port, index }: BrokerPlace): string {
  const copies = Math.min(3, brokerCount);
  const data = `${directory}/data-${index}`;
  mkdirSync(data);
  const own = port + 3 * index;
  const clients = `PLAINTEXT://127.0.0.1:${own},SASL_SSL://127.0.0.1:${own + 2}`;
  const voters = Array.from({ length: brokerCount }, (_, i) => `${i + 1}@127.0.0.1:${port + 3 * i + 1}`);
  const login = 'org.apache.kafka.common.security';
  return `
process.roles=broker,controller
node.id=${index + 1}
controller.quorum.voters=${voters.join(',')}
listeners=${clients},CONTROLLER://127.0.0.1:${own + 1}
advertised.listeners=${clients}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required user_${KAFKA_USER}="${KAFKA_PASSWORD}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=${login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=${directory}/keystore.pem
log.dirs=${data}
offsets.topic.num.partitions=1
offsets.topic.replication.factor=${copies}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=${copies}
transaction.state.log.min.isr=${Math.min(2, copies)}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=${copies}
share.coordinator.state.topic.min.isr=${Math.min(2, copies)}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=2
`;
}

// The pom of Kafka names tools-api, which Central does not have and the broker does not need.
function pom(): string {
  const dependency = (group: string, artifact: string, version: string, more = '') =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${more}</dependency>`;
  const without =
    '<exclusions><exclusion><groupId>org.apache.kafka</groupId><artifactId>kafka-tools-api</artifactId></exclusion></exclusions>';
  return `<project><modelVersion>4.0.0</modelVersion>
<groupId>flamelake</groupId><artifactId>kafka-classpath</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', VERSION, without)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.25.5')}
</dependencies></project>
`;
}

const LOGGING = `rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1} - %m%n
`;
