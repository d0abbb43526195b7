/**
 * Discovery against a real API server, with the account, the rights and the configuration that the chart gives to scrapers: pods are found
 * as they come and go, and scraped; nothing but listing them is allowed.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { helm } from '../deploy/render-chart.ts';
import { ask, type ServerProcess, startServer, temporaryDirectory } from '../e2e/server-process.ts';
import { aroundNow, smallPprof } from '../e2e/small-profile.ts';
import { pathOf } from '../real/components/install.ts';
import { installKube, type Kube, startKube } from '../real/components/kube.ts';
import { POD_ADDRESS } from '../real/components/kube-nodes.ts';
import { makeNamespace, NAMESPACE, RELEASE, until } from './installed.ts';

const SHOP = '/api/v1/namespaces/shop/pods';
const ACCOUNT = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${RELEASE}-flamelake-scraper`;
const CONFIGS = [
  {
    'job-name': 'shop',
    'scrape-interval': '1s',
    'enabled-profiles': ['goroutines'],
    'kubernetes-sd-configs': [
      { role: 'pod', namespaces: { names: ['shop'] }, 'refresh-interval': '1s', 'profile-annotations': true },
    ],
    'relabel-configs': [
      { action: 'drop', 'source-labels': ['__meta_kubernetes_pod_label_tier'], regex: 'batch' },
      { action: 'replace', 'source-labels': ['__meta_kubernetes_pod_node_name'], 'target-label': 'machine' },
    ],
  },
];

let kube: Kube;
const started: ServerProcess[] = [];
/** The program in the pods: answers with one sample of one goroutine. */
const program = createServer((_, response) => {
  const profile = smallPprof({ stacks: [{ frames: ['main', 'serve'], value: 1n }], timeMs: Date.now() });
  response.end(profile);
});
before(async () => {
  program.listen(0, '127.0.0.1');
  await once(program, 'listening');
  kube = await startKube(pathOf(await installKube()));
  for (const name of [NAMESPACE, 'shop', 'other']) await makeNamespace(kube, name);
});
after(async () => {
  await Promise.all(started.map((server) => server.kill()));
  await kube?.stop();
  program.closeAllConnections();
  program.close();
});

/** Installs the chart with the namespaces in which pods may be listed. @returns a token of the scrapers' account */
async function install(verb: string, namespaces: readonly string[]): Promise<string> {
  const words = [
    '--values=ci/distributed-values.yaml',
    '--set=scraper.enabled=true',
    `--set-json=scraper.scrapeConfigs=${JSON.stringify(CONFIGS)}`,
    `--set-json=scraper.rbac.namespaces=${JSON.stringify(namespaces)}`,
  ];
  await helm(verb, RELEASE, '.', ...words, `--namespace=${NAMESPACE}`, `--kubeconfig=${kube.kubeconfig}`);
  const answer = await kube.client.call('POST', `${ACCOUNT}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  return (answer.body as { status: { token: string } }).status.token;
}

/** The configuration in the cluster, but that the API is asked from outside of it. */
async function configFile(token: string): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/${RELEASE}-flamelake-scrape`;
  const { data } = await kube.client.get<{ data: Readonly<Record<string, string>> }>(path);
  const config = parse(data['scrape.yaml'] ?? '') as { 'scrape-configs': Record<string, object[]>[] };
  for (const one of config['scrape-configs'].flatMap((job) => job['kubernetes-sd-configs'] ?? [])) {
    Object.assign(one, { 'kubeconfig-file': kube.kubeconfigOf(token) });
  }
  const file = `${temporaryDirectory()}/scrape.yaml`;
  writeFileSync(file, stringify(config));
  assert.match(readFileSync(file, 'utf8'), /kubeconfig-file/);
  return file;
}

async function makePod(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const { port } = program.address() as AddressInfo;
  const annotations = {
    [POD_ADDRESS]: '127.0.0.1',
    'profiles.grafana.com/goroutine.scrape': 'true',
    'profiles.grafana.com/goroutine.port': String(port),
  };
  const secure = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const container = { name: 'main', image: 'shop', securityContext: secure };
  const pod = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  await kube.client.create(SHOP, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations, labels },
    spec: { containers: [container], securityContext: pod, terminationGracePeriodSeconds: 0 },
  });
}

interface Targets {
  readonly activeTargets: readonly { readonly labels: Readonly<Record<string, string>>; readonly health: string }[];
  readonly discoveryFailures: readonly { readonly error: string }[];
}

async function targetsOf(scraper: ServerProcess): Promise<Targets> {
  return ((await (await fetch(`${scraper.url}/api/v1/targets`)).json()) as { data: Targets }).data;
}

test('pods are found and scraped as they come and go, with no more rights than to list them', async () => {
  const token = await install('install', ['shop']);
  const server = await startServer();
  started.push(server);
  const flags = ['--target=scraper', `--scraper.config-file=${await configFile(token)}`];
  const scraper = await startServer({ flags: [...flags, `--scraper.push-url=${server.url}`] });
  started.push(scraper);
  const found = async () => (await targetsOf(scraper)).activeTargets;
  const names = async () => (await found()).map(({ labels }) => labels.pod).sort();

  assert.deepEqual(await targetsOf(scraper), { activeTargets: [], discoveryFailures: [] });
  await makePod('checkout-1', { 'app.kubernetes.io/name': 'checkout' });
  await until('the pod is found', async () => String(await names()) === 'checkout-1');
  await makePod('checkout-2', { 'app.kubernetes.io/name': 'checkout' });
  await makePod('report-1', { 'app.kubernetes.io/name': 'report', tier: 'batch' });
  await until('both are scraped', async () => {
    const targets = await found();
    return targets.length === 2 && targets.every(({ health }) => health === 'up');
  });
  const [target] = await found();
  const { spec } = await kube.client.get<{ spec: { nodeName: string } }>(`${SHOP}/${target?.labels.pod}`);
  assert.equal(target?.labels.machine, spec.nodeName);
  const type = `${target?.labels.__name__}:units:count:units:count`;
  const question = { ...aroundNow(), profileTypeID: type, labelSelector: '{service_name="checkout"}' };
  await until('profiles of the pods are stored', async () => {
    const method = 'querier.v1.QuerierService/SelectMergeStacktraces';
    const { flamegraph } = await ask<{ flamegraph?: { total?: string } }>(server.url, method, question);
    return Number(flamegraph?.total ?? 0) > 0;
  });
  await kube.client.call('DELETE', `${SHOP}/checkout-1`);
  await until('the pod is gone', async () => String(await names()) === 'checkout-2');

  const own = kube.clientOf(token);
  const status = async (method: string, path: string, body?: object) => (await own.call(method, path, body)).status;
  assert.deepEqual([await status('GET', SHOP), await status('GET', `${SHOP}?limit=1`)], [200, 200]);
  const refused = [
    ['GET', `${SHOP}/checkout-2`],
    ['GET', `${SHOP}?watch=true`],
    ['DELETE', `${SHOP}/checkout-2`],
    ['POST', SHOP, {}],
    ['GET', `${SHOP}/checkout-2/log`],
    ['GET', '/api/v1/pods'],
    ['GET', '/api/v1/namespaces/other/pods'],
    ['GET', `/api/v1/namespaces/${NAMESPACE}/pods`],
    ['GET', `/api/v1/namespaces/${NAMESPACE}/secrets`],
    ['GET', '/api/v1/nodes'],
  ] as const;
  for (const [method, path, body] of refused) assert.equal(await status(method, path, body), 403, `${method} ${path}`);

  // Rights taken away: the API's words show, and what was known stays.
  await install('upgrade', ['other']);
  await until('the refusal shows', async () => {
    const { discoveryFailures } = await targetsOf(scraper);
    return discoveryFailures.some(({ error }) => error.includes('pods is forbidden'));
  });
  assert.deepEqual(await names(), ['checkout-2']);
  await install('upgrade', []);
  assert.deepEqual([await status('GET', '/api/v1/pods'), await status('GET', SHOP)], [200, 200]);
  assert.equal(await status('GET', `${SHOP}/checkout-2`), 403);
  await until('pods are listed again', async () => (await targetsOf(scraper)).discoveryFailures.length === 0);
});
