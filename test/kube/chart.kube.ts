/** The chart on a real API server: admitted, placed, rolled and drained within its disruption budgets, and gone when it is uninstalled. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { helm } from '../deploy/render-chart.ts';
import { customDefinitions } from '../real/components/helm.ts';
import { pathOf } from '../real/components/install.ts';
import { installKube, type Kube, startKube } from '../real/components/kube.ts';
import {
  componentOf,
  followReadiness,
  isReady,
  leftOf,
  makeNamespace,
  NAMESPACE,
  type Pod,
  podsOf,
  RELEASE,
  until,
} from './installed.ts';

const COMPONENTS = ['compactor', 'distributor', 'querier', 'query-frontend', 'scraper', 'segment-writer'];
const ZONES = ['node-a', 'node-b', 'node-c'];
const REPLICAS = 3;
/** Three of everything, so that each zone has one. */
const SCRAPING = '[{"job-name":"pods","kubernetes-sd-configs":[{"role":"pod","profile-annotations":true}]}]';
const DISTRIBUTED = [
  '--values=ci/distributed-values.yaml',
  `--set=defaults.replicas=${REPLICAS},scraper.enabled=true,networkPolicy.enabled=true`,
  `--set-json=scraper.scrapeConfigs=${SCRAPING}`,
];

let kube: Kube;
before(async () => {
  kube = await startKube(pathOf(await installKube()));
  for (const name of [NAMESPACE, 'shop', 'web']) await makeNamespace(kube, name);
});
after(() => kube?.stop());

const run = (verb: string, ...words: readonly string[]) =>
  helm(verb, RELEASE, ...words, `--namespace=${NAMESPACE}`, `--kubeconfig=${kube.kubeconfig}`);
const waiting = ['--wait', '--timeout=10m'];

test('mode distributed: spread, rolled, drained, rolled back, gone', async (t) => {
  const { client } = kube;
  await run('install', '.', ...DISTRIBUTED, ...waiting);
  await isSpread(await podsOf(client));

  const readiness = await followReadiness(client);
  readiness.least();
  const before = namesOf(await podsOf(client));
  await run('upgrade', '.', ...DISTRIBUTED, '--set=config.log.level=debug', ...waiting);
  const all = Object.fromEntries(COMPONENTS.map((component) => [component, REPLICAS]));
  await until('every pod is another', async () =>
    namesOf(await podsOf(client)).every((name) => !before.includes(name)),
  );
  const rolled = readiness.least();
  t.diagnostic(`fewest ready while all pods were replaced: ${JSON.stringify(rolled)}`);
  assert.deepEqual(rolled, all);
  await isSpread(await podsOf(client));

  // Two of a component at once: one may go, the other may not.
  for (const component of COMPONENTS) {
    const [first, second] = (await podsOf(client)).filter((pod) => componentOf(pod) === component);
    const answers = await Promise.all([evict(first), evict(second)]);
    assert.deepEqual(answers.map(({ status }) => String(status)).sort(), ['201', '429'], component);
    await allReady();
  }
  const [node] = ZONES;
  await client.call('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: true } });
  await until('the node is drained', async () => {
    const there = (await podsOf(client)).filter(({ spec }) => spec.nodeName === node);
    for (const pod of there) await evict(pod);
    return there.length === 0;
  });
  await allReady();
  const drained = readiness.least();
  t.diagnostic(`fewest ready while pods were evicted: ${JSON.stringify(drained)}`);
  for (const component of COMPONENTS) assert.ok((drained[component] ?? 0) >= REPLICAS - 1, component);
  await client.call('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: false } });

  await run('rollback', '1', ...waiting);
  await allReady();
  assert.deepEqual(readiness.least(), all);
  readiness.stop();
  await run('uninstall', ...waiting);
  await until('nothing is left', async () => (await leftOf(client)).length === 0);
});

afterEach(() => run('uninstall', '--ignore-not-found', ...waiting));

test('everything that can be switched on is admitted; the autoscaler has its say', async (t) => {
  const { client } = kube;
  for (const definition of await customDefinitions()) {
    await client.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  }
  await client.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'important' },
    value: 1_000,
  });
  const keda = `/apis/keda.sh/v1alpha1/namespaces/${NAMESPACE}/scaledobjects`;
  const gateway = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}`;
  const monitors = `/apis/monitoring.coreos.com/v1/namespaces/${NAMESPACE}`;
  const lists = [
    keda,
    `${gateway}/httproutes`,
    `${gateway}/grpcroutes`,
    `${monitors}/servicemonitors`,
    `${monitors}/prometheusrules`,
  ];
  await until('custom resources are served', async () => {
    const answers = await Promise.all(lists.map((path) => client.call('GET', path)));
    return answers.every(({ status }) => status === 200);
  });
  const words = ['--values=ci/everything-values.yaml', '--set=monitoring.prometheusRule.enabled=true'];
  await run('install', '.', ...words, ...waiting);
  // The Deployment names no number where there is an autoscaler.
  await until('the autoscaler raises distributors to their least number', async () => {
    const pods = (await podsOf(client)).filter((pod) => componentOf(pod) === 'distributor');
    return pods.length === 2 && pods.every(isReady);
  });
  const found = await Promise.all(
    [...lists, `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`].map((path) =>
      client.get<{ items: readonly Pod[] }>(path),
    ),
  );
  const names = found.map(({ items }) => items.map(({ metadata }) => metadata.name).sort());
  t.diagnostic(`objects of other projects, then HorizontalPodAutoscalers: ${JSON.stringify(names)}`);
  const [name] = [`${RELEASE}-flamelake`];
  assert.deepEqual(names, [
    [`${name}-querier`, `${name}-segment-writer`],
    ...Array.from({ length: 4 }, () => [name]),
    [`${name}-distributor`],
  ]);
  await run('uninstall', ...waiting);
  await until('nothing is left', async () => (await leftOf(client)).length === 0);
});

test('the dev set is admitted under the restricted standard, with what it serves, and is gone with the release', async () => {
  const { client } = kube;
  await run('install', '.', '--values=ci/dev-values.yaml', '--set=monitoring.podMonitor.enabled=false', ...waiting);
  const ready = (await podsOf(client)).filter(isReady).map(componentOf);
  for (const part of ['dev-kafka', 'dev-redis', 'dev-s3']) assert.equal(ready.filter((one) => one === part).length, 1);
  await run('uninstall', ...waiting);
  await until('nothing is left', async () => (await leftOf(client)).length === 0);
});

test('mode single: one pod with its volume, which is what is left', async () => {
  const { client } = kube;
  await client.create('/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'disk' },
    spec: { capacity: { storage: '50Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/disk' } },
  });
  const words = ['--values=ci/single-values.yaml', '--set=networkPolicy.enabled=true'];
  await run('install', '.', ...words, ...waiting);
  const [old, ...others] = await podsOf(client);
  assert.deepEqual([old?.metadata.name, others.length], [`${RELEASE}-flamelake-0`, 0]);
  await run('upgrade', '.', ...words, '--set=config.log.level=debug', ...waiting);
  await until('the pod is ready', async () => (await podsOf(client)).every(isReady));
  await run('uninstall', ...waiting);
  // Profiles outlive the release.
  const volume = `/api/v1/persistentvolumeclaims/data-${RELEASE}-flamelake-0`;
  await until('only the claim is left', async () => String(await leftOf(client)) === volume);
});

const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

function evict({ metadata: { name } }: Pod) {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
  return kube.client.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, body);
}

/** Budgets follow a moment after pods. */
async function allReady(): Promise<void> {
  const { client } = kube;
  const budgets = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`;
  await until('all pods are ready', async () => {
    const pods = await podsOf(client);
    const { items } = await client.get<{ items: readonly { status: { disruptionsAllowed: number } }[] }>(budgets);
    const isRoom = items.every(({ status }) => status.disruptionsAllowed === 1);
    return pods.length === COMPONENTS.length * REPLICAS && pods.every(isReady) && isRoom;
  });
}

/** Every component has a pod in every zone. */
async function isSpread(pods: readonly Pod[]): Promise<void> {
  for (const component of COMPONENTS) {
    const nodes = pods.filter((pod) => componentOf(pod) === component).map(({ spec }) => spec.nodeName ?? '');
    assert.deepEqual(nodes.sort(), ZONES, component);
  }
}
