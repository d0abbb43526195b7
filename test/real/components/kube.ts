/**
 * Kubernetes for tests: a real API server with its store, controllers and scheduler, and nodes that only say that they run pods. What is
 * admitted, who may do what, where pods go and in which order they are replaced is real; no container runs.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { KUBERNETES } from './helm.ts';
import { type Installed, install, installDebian } from './install.ts';
import { createKubeClient, type KubeClient } from './kube-client.ts';
import { FAKE_NODES, KWOK_STAGES } from './kube-nodes.ts';
import { type RunningServer, startServer } from './server.ts';

const KWOK = 'v0.8.0';
const WAIT_MS = 60_000;
const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const runFile = promisify(execFile);

/** Builds it: minutes, and 10 with one core. */
export async function installKube(): Promise<Installed> {
  const missing = await installDebian(['etcd'], ['etcd-server']);
  if (missing !== undefined) return { skip: missing };
  return install(`kube-${KUBERNETES}`, async (folder) => {
    const source = `${folder}/source`;
    mkdirSync(source);
    writeFileSync(`${source}/go.mod`, await goModule());
    const options = { cwd: source, env: { ...process.env, GOFLAGS: '-mod=mod -p=2' }, maxBuffer: 2 ** 26 };
    const flags = `-s -w -X k8s.io/component-base/version.gitVersion=v${KUBERNETES}`;
    for (const program of PROGRAMS) {
      const words = ['build', '-ldflags', flags, '-o', `${folder}/${program}`, `k8s.io/kubernetes/cmd/${program}`];
      await runFile('go', words, options);
    }
    const env = { ...process.env, GOBIN: folder, GOFLAGS: '-p=2' };
    await runFile('go', ['install', `sigs.k8s.io/kwok/cmd/kwok@${KWOK}`], { env, maxBuffer: 2 ** 26 });
  });
}

/** Kubernetes names its parts by folders of its own tree, which only its main module may: they are named by their releases here. */
async function goModule(): Promise<string> {
  const module = `k8s.io/kubernetes@v${KUBERNETES}`;
  const { stdout } = await runFile('go', ['mod', 'download', '-json', module], { maxBuffer: 2 ** 26 });
  const file = readFileSync((JSON.parse(stdout) as { GoMod: string }).GoMod, 'utf8');
  const parts = [...file.matchAll(/^\s*(?:replace )?(k8s\.io\/\S+) => \.\/staging\//gm)].map(([, part]) => part);
  const release = KUBERNETES.replace(/^1\./, 'v0.');
  const replaced = parts.map((part) => `replace ${part} => ${part} ${release}\n`).join('');
  return `module kube\n\ngo 1.26\n\nrequire k8s.io/kubernetes v${KUBERNETES}\n\n${replaced}`;
}

export interface Kube {
  /** As one who may do everything. */
  readonly client: KubeClient;
  /** For programs. */
  readonly kubeconfig: string;
  /** Writes a kubeconfig for whoever has this token. @returns its path */
  kubeconfigOf(token: string): string;
  clientOf(token: string): KubeClient;
  stop(): Promise<void>;
}

/** Starts it, with three nodes in three zones that are ready. */
export async function startKube(folder: string): Promise<Kube> {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-kube-`);
  const running: RunningServer[] = [];
  const start = async (...words: Parameters<typeof startServer>) => {
    const server = await startServer(...words);
    running.unshift(server);
    return server;
  };
  const stop = async () => {
    // Controllers first: they would complain of what is gone.
    for (const server of running) await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const { token, files } = writeFiles(directory);
    const etcd = await start(etcdServer());
    const api = await start(apiServer(folder, etcd.port, token, files));
    const url = `https://127.0.0.1:${api.port}`;
    const ca = `${files.certificates}/apiserver.crt`;
    const kubeconfigOf = (of: string) => {
      const file = `${directory}/kubeconfig-${randomUUID()}`;
      writeFileSync(file, JSON.stringify(kubeconfig(url, ca, of)));
      return file;
    };
    const admin = kubeconfigOf(token);
    const clientOf = (of: string) => createKubeClient({ url, ca: readFileSync(ca), token: of });
    const client = clientOf(token);
    const byKubeconfig = ['--kubeconfig', admin];
    await Promise.all([
      start(background('kube-controller-manager', folder, [...byKubeconfig, ...CONTROLLERS, files.accountKey])),
      start(background('kube-scheduler', folder, [...byKubeconfig, '--leader-elect=false', '--secure-port=0'])),
      start(background('kwok', folder, [...byKubeconfig, '--manage-all-nodes=true', `--config=${files.stages}`])),
    ]);
    for (const node of FAKE_NODES) await client.create('/api/v1/nodes', node);
    await isUsable(client);
    return { client, kubeconfig: admin, kubeconfigOf, clientOf, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const CONTROLLERS = [
  '--leader-elect=false',
  '--secure-port=0',
  // Nodes give no sign of life, and pods of one that is taken for dead would not get ready again.
  '--node-monitor-grace-period=12h',
  '--service-account-private-key-file',
];

function writeFiles(directory: string) {
  const token = randomUUID();
  const files = {
    accountKey: `${directory}/accounts.pem`,
    tokens: `${directory}/tokens.csv`,
    stages: `${directory}/stages.yaml`,
    certificates: `${directory}/certificates`,
  };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  writeFileSync(files.accountKey, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(files.tokens, `${token},admin,1,"system:masters"\n`);
  writeFileSync(files.stages, KWOK_STAGES);
  return { token, files };
}

function etcdServer(): Parameters<typeof startServer>[0] {
  return {
    name: 'etcd',
    command(port, directory) {
      const [clients, peers] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`];
      const own = ['--listen-client-urls', clients, '--advertise-client-urls', clients, '--listen-peer-urls', peers];
      const cluster = ['--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`];
      return { program: 'etcd', words: ['--data-dir', directory, '--unsafe-no-fsync', ...own, ...cluster] };
    },
    isReady: async (port) => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
  };
}

function apiServer(
  folder: string,
  etcdPort: number,
  token: string,
  files: ReturnType<typeof writeFiles>['files'],
): Parameters<typeof startServer>[0] {
  const keys = ['--service-account-key-file', '--service-account-signing-key-file'];
  return {
    name: 'kube-apiserver',
    command: (port) => ({
      program: `${folder}/kube-apiserver`,
      words: [
        `--etcd-servers=http://127.0.0.1:${etcdPort}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${files.certificates}`,
        `--token-auth-file=${files.tokens}`,
        '--authorization-mode=RBAC',
        '--service-cluster-ip-range=10.96.0.0/16',
        '--service-account-issuer=https://kubernetes.default.svc',
        ...keys.map((key) => `${key}=${files.accountKey}`),
      ],
    }),
    isReady: async (port) => {
      // Only this one knows the token.
      const ca = readFileSync(`${files.certificates}/apiserver.crt`);
      return (
        (await createKubeClient({ url: `https://127.0.0.1:${port}`, ca, token }).call('GET', '/readyz')).status === 200
      );
    },
  };
}

/** One that nobody connects to. */
function background(name: string, folder: string, words: readonly string[]): Parameters<typeof startServer>[0] {
  return { name, command: () => ({ program: `${folder}/${name}`, words }), isReady: async () => true };
}

function kubeconfig(server: string, ca: string, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': ca } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
}

async function isUsable(client: KubeClient): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS; performance.now() < deadline; await sleep(100)) {
    const { items } = await client.get<{ items: readonly { status?: { conditions?: readonly Condition[] } }[] }>(
      '/api/v1/nodes',
    );
    const ready = items.filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
    const account = await client.call('GET', '/api/v1/namespaces/default/serviceaccounts/default');
    if (ready.length === FAKE_NODES.length && account.status === 200) return;
  }
  throw new Error('Kubernetes does not get ready');
}

interface Condition {
  readonly type: string;
  readonly status: string;
}
