/** Redis for tests: one server, a master with a replica and three sentinels, or a cluster of three. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installDebian } from './install.ts';
import { type RunningServer, startServer } from './server.ts';

const runFile = promisify(execFile);
const WAIT_MS = 30_000;

/** Makes sure that Redis is there. @returns why it is not */
export function installRedis(): Promise<string | undefined> {
  return installDebian(['redis-server', 'redis-sentinel', 'redis-cli'], ['redis-server', 'redis-sentinel']);
}

const BASE = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no', '--loglevel', 'notice'];
const ROOM = ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'];

const CLUSTER_NODE = [
  '--cluster-enabled',
  'yes',
  '--cluster-config-file',
  'nodes.conf',
  '--cluster-node-timeout',
  '2000',
];
const CLUSTER = [...BASE, ...ROOM, ...CLUSTER_NODE];

/** Starts one server. @param words - further settings */
export function startRedis(words: readonly string[] = ROOM, name = 'redis-server'): Promise<RunningServer> {
  return startServer({
    name,
    command: (port, directory) => ({
      program: name,
      words: ['--port', String(port), '--dir', directory, ...BASE, ...words],
    }),
    isReady: async (_, output) => output.includes('Ready to accept connections'),
  });
}

/** Starts a server on the port another one had. */
export async function restartRedis(port: number): Promise<RunningServer> {
  return startServer({
    name: 'redis-server',
    command: (_, directory) => ({
      program: 'redis-server',
      words: ['--port', String(port), '--dir', directory, ...BASE, ...ROOM],
    }),
    isReady: async (_, output) => output.includes('Ready to accept connections'),
  });
}

/** Starts a server that speaks TLS alone, as `redis.test`, to one user who may do what a cache needs and no more. */
export async function startSecureRedis(user: { readonly name: string; readonly password: string }) {
  let certificate = '';
  const server = await startServer({
    name: 'redis-server',
    command(port, directory) {
      const [key, cert] = [`${directory}/key.pem`, `${directory}/cert.pem`];
      const subject = ['-subj', '/CN=redis.test', '-addext', 'subjectAltName=DNS:redis.test'];
      const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
      execFileSync('openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });
      certificate = readFileSync(cert, 'utf8');
      const tls = ['--port', '0', '--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key];
      const may = ['on', `>${user.password}`, '~flamelake/*', '+getrange', '+set', '+info', '+@connection'];
      const acl = ['--user', user.name, ...may];
      const others = ['--tls-auth-clients', 'no', '--user', 'default', 'off'];
      return { program: 'redis-server', words: [...BASE, ...ROOM, '--dir', directory, ...tls, ...others, ...acl] };
    },
    isReady: async (_, output) => output.includes('Ready to accept connections'),
  });
  return { ...server, ca: certificate };
}

/** Three masters that share the slots. */
export async function startRedisCluster(): Promise<readonly RunningServer[]> {
  const nodes: RunningServer[] = [];
  for (let i = 0; i < 3; i++) {
    nodes.push(
      await startServer({
        name: 'redis-server',
        command: (port, directory) => ({
          program: 'redis-server',
          // The usual port of the bus, ten thousand above, may be one that the system gives away.
          words: ['--port', String(port), '--cluster-port', String(port - 10_000), '--dir', directory, ...CLUSTER],
        }),
        isReady: async (_, output) => output.includes('Ready to accept connections'),
      }),
    );
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await runFile('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  for (const { port } of nodes)
    await until(async () => (await ask(port, 'cluster', 'info')).includes('cluster_state:ok'));
  return nodes;
}

export interface SentinelSet {
  readonly master: RunningServer;
  readonly replica: RunningServer;
  readonly sentinels: readonly RunningServer[];
}

/** A master called `m`, its replica, and three sentinels that replace it within some seconds. */
export async function startRedisSentinels(): Promise<SentinelSet> {
  const master = await startRedis();
  const replica = await startRedis([
    ...ROOM,
    '--replicaof',
    '127.0.0.1',
    String(master.port),
    '--repl-diskless-load',
    'swapdb',
  ]);
  await until(async () => (await ask(replica.port, 'info', 'replication')).includes('master_link_status:up'));
  const sentinels: RunningServer[] = [];
  for (let i = 0; i < 3; i++) {
    sentinels.push(
      await startServer({
        name: 'redis-sentinel',
        command(port, directory) {
          const lines = [
            `port ${port}`,
            'bind 127.0.0.1',
            `dir ${directory}`,
            `sentinel monitor m 127.0.0.1 ${master.port} 2`,
            'sentinel down-after-milliseconds m 1000',
            'sentinel failover-timeout m 3000',
          ];
          writeFileSync(`${directory}/conf`, `${lines.join('\n')}\n`);
          return { program: 'redis-server', words: [`${directory}/conf`, '--sentinel'] };
        },
        isReady: async (_, output) => output.includes('+monitor master m'),
      }),
    );
  }
  for (const { port } of sentinels) {
    await until(async () => (await ask(port, 'sentinel', 'ckquorum', 'm')).startsWith('OK 3'));
  }
  return { master, replica, sentinels };
}

async function ask(port: number, ...words: string[]): Promise<string> {
  return (await runFile('redis-cli', ['-p', String(port), ...words])).stdout;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() > deadline) throw new Error('redis is not as it should be');
    await sleep(50);
  }
}
