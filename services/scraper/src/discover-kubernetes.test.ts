import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '@flamelake/runtime';
import { discoverKubernetes } from './discover-kubernetes.ts';
import { endpointsOf } from './endpoint.ts';
import { annotatedGroups, type Pod, podGroups } from './pod-groups.ts';
import { readScrapeConfig } from './read-scrape-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'flamelake-kubernetes-'));
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const pod = (name: string, annotations: Readonly<Record<string, string>> = {}): Pod => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: 'u',
    labels: { 'app.kubernetes.io/name': 'checkout', tier: 'web' },
    annotations,
    ownerReferences: [{ kind: 'ReplicaSet', name: 'checkout-1', controller: true }],
  },
  spec: {
    nodeName: 'n1',
    containers: [
      {
        name: 'main',
        image: 'shop:1',
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'pprof', containerPort: 6060 },
        ],
      },
      { name: 'side' },
    ],
    initContainers: [{ name: 'first' }],
  },
  status: { phase: 'Running', podIP: '10.0.0.7', hostIP: '10.1.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
});

test('a pod has a target each container port, with the meta labels of Prometheus', () => {
  const groups = podGroups(pod('a', { 'example.com/on': 'yes' }));
  assert.deepEqual(
    groups.map(({ targets }) => targets[0]),
    ['10.0.0.7:8080', '10.0.0.7:6060', '10.0.0.7', '10.0.0.7'],
  );
  const labels = groups[1]?.labels ?? {};
  const short = Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace('__meta_kubernetes_', ''), value]),
  );
  assert.deepEqual(short, {
    namespace: 'shop',
    pod_name: 'a',
    pod_uid: 'u',
    pod_ip: '10.0.0.7',
    pod_host_ip: '10.1.0.1',
    pod_node_name: 'n1',
    pod_phase: 'Running',
    pod_ready: 'true',
    pod_controller_kind: 'ReplicaSet',
    pod_controller_name: 'checkout-1',
    pod_label_app_kubernetes_io_name: 'checkout',
    pod_labelpresent_app_kubernetes_io_name: 'true',
    pod_label_tier: 'web',
    pod_labelpresent_tier: 'true',
    pod_annotation_example_com_on: 'yes',
    pod_annotationpresent_example_com_on: 'true',
    pod_container_name: 'main',
    pod_container_image: 'shop:1',
    pod_container_init: 'false',
    pod_container_port_name: 'pprof',
    pod_container_port_number: '6060',
    pod_container_port_protocol: 'TCP',
  });
  assert.deepEqual(podGroups({ ...pod('a'), status: { phase: 'Pending' } }), []);
});

const config = (more: string) =>
  readScrapeConfig(
    `scrape-configs:\n  - { job-name: pods, enabled-profiles: [cpu], kubernetes-sd-configs: [{ role: pod, ${more} }] }`,
    'scrape.yaml',
  )[0];
const endpoints = (job: ReturnType<typeof config>, groups: ReturnType<typeof podGroups>) =>
  groups.flatMap((group) => endpointsOf(job, group));

test('annotations say which profiles of a pod are scraped, and where', () => {
  const annotations = {
    'profiles.grafana.com/cpu.scrape': 'true',
    'profiles.grafana.com/cpu.port_name': 'pprof',
    'profiles.grafana.com/memory.scrape': 'true',
    'profiles.grafana.com/memory.port': '7070',
    'profiles.grafana.com/memory.path': '/heap',
    'profiles.grafana.com/memory.scheme': 'https',
    'profiles.grafana.com/goroutine.scrape': 'true',
    'profiles.grafana.com/mutex.scrape': 'false',
    'profiles.grafana.com/block.scrape': 'true',
    'profiles.grafana.com/block.port_name': 'none',
    'profiles.grafana.com/godeltaprof_mutex.scrape': 'true',
    'profiles.grafana.com/godeltaprof_mutex.port': '6060',
  };
  const found = endpoints(config('profile-annotations: true'), annotatedGroups(pod('a', annotations)));
  assert.deepEqual(
    found.map(({ url }) => url),
    [
      'http://10.0.0.7:6060/debug/pprof/profile?seconds=10',
      'https://10.0.0.7:7070/heap',
      'http://10.0.0.7:8080/debug/pprof/goroutine',
      'http://10.0.0.7:6060/debug/pprof/delta_mutex',
    ],
  );
  assert.deepEqual(
    found[0]?.labels.map(({ name, value }) => `${name}=${value}`),
    [
      '__name__=process_cpu',
      'container=main',
      'instance=10.0.0.7:6060',
      'job=pods',
      'namespace=shop',
      'node=n1',
      'pod=a',
      'service_name=checkout',
    ],
  );
  assert.deepEqual(annotatedGroups(pod('a')), []);
});

test('pods are listed in pages, with selectors; what the API says against it shows, and pods known stay', async () => {
  const asked: string[] = [];
  let isAllowed = true;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const next = searchParams.get('continue');
    asked.push(`${pathname} ${searchParams.get('labelSelector')} ${next} ${request.headers.authorization}`);
    response.setHeader('content-type', 'application/json');
    response.statusCode = isAllowed ? 200 : 403;
    const list = { kind: 'PodList', apiVersion: 'v1', metadata: { continue: next === null ? 'more' : '' } };
    const refusal = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'pods is forbidden', code: 403 };
    response.end(JSON.stringify(isAllowed ? { ...list, items: [pod(next === null ? 'a' : 'b')] } : refusal));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const file = join(folder, 'kubeconfig');
  const user = { name: 'u', user: { token: 'secret' } };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'k', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'mine' } }],
      users: [user],
    }),
  );
  const namespaces = 'namespaces: { names: [shop], own-namespace: true }, selectors: [{ role: pod, label: tier=web }]';
  const job = config(`kubeconfig-file: ${file}, ${namespaces}`);
  const discovery = discoverKubernetes(job.kubernetes[0], systemClock);
  const signal = new AbortController().signal;
  const { groups, failures } = await discovery.discover(signal);
  assert.deepEqual(failures, []);
  assert.deepEqual(asked, [
    '/api/v1/namespaces/shop/pods tier=web null Bearer secret',
    '/api/v1/namespaces/shop/pods tier=web more Bearer secret',
    '/api/v1/namespaces/mine/pods tier=web null Bearer secret',
    '/api/v1/namespaces/mine/pods tier=web more Bearer secret',
  ]);
  assert.deepEqual(
    groups.map(({ labels }) => labels.__meta_kubernetes_pod_name),
    ['a', 'b', 'a', 'b'].flatMap((name) => [name, name, name, name]),
  );
  isAllowed = false;
  const refused = await discovery.discover(signal);
  assert.equal(refused.groups, groups);
  assert.equal(refused.failures[0]?.details.status, 403);
  assert.match(String(refused.failures[0]?.details.reason), /pods is forbidden/);
  server.closeAllConnections();
  server.close();
  const away = await discovery.discover(signal);
  assert.match(String(away.failures[0]?.details.reason), /ECONNREFUSED|fetch failed|closed/);
});
