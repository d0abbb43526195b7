/** A release of the chart on a real API server: what is there, and how many of its pods are ready. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kube } from '../real/components/kube.ts';
import type { KubeClient } from '../real/components/kube-client.ts';

export const RELEASE = 'release';
export const NAMESPACE = 'profiles';
const SELECTOR = `labelSelector=${encodeURIComponent(`app.kubernetes.io/instance=${RELEASE}`)}`;
const WAIT_MS = 300_000;

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A namespace in which only pods of the restricted standard are admitted. */
export async function makeNamespace({ client }: Kube, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

export const componentOf = ({ metadata }: Pod) => metadata.labels['app.kubernetes.io/component'] ?? '';

export const isReady = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods?${SELECTOR}`;

interface PodList {
  readonly items: readonly Pod[];
  readonly metadata: { readonly resourceVersion: string };
}

/** Pods of the release that stay. */
export async function podsOf(client: KubeClient): Promise<readonly Pod[]> {
  const { items } = await client.get<PodList>(PODS);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Asks until it is so. @throws {Error} with the words after five minutes */
export async function until(words: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS; !(await isSo()); await sleep(100)) {
    if (performance.now() > deadline) throw new Error(`it did not come true that ${words}`);
  }
}

/** Follows the pods of the release; every change is seen. */
export async function followReadiness(client: KubeClient) {
  const { items, metadata } = await client.get<PodList>(PODS);
  const pods = new Map(items.map((pod) => [pod.metadata.name, pod]));
  const least = new Map<string, number>();
  const count = () => {
    const counts = new Map<string, number>();
    for (const pod of pods.values()) {
      const component = componentOf(pod);
      counts.set(component, (counts.get(component) ?? 0) + (isReady(pod) ? 1 : 0));
    }
    return counts;
  };
  const path = `${PODS}&resourceVersion=${metadata.resourceVersion}`;
  const watch = await client.watch(path, ({ type, object }) => {
    if (type === 'ERROR') throw new Error(`pods cannot be followed: ${JSON.stringify(object)}`);
    const pod = object as Pod;
    if (type === 'DELETED') pods.delete(pod.metadata.name);
    else pods.set(pod.metadata.name, pod);
    const counts = count();
    for (const [component, fewest] of least) least.set(component, Math.min(fewest, counts.get(component) ?? 0));
  });
  return {
    /** Fewest pods of a component that were ready at a time since the last call. */
    least(): Readonly<Record<string, number>> {
      const told = Object.fromEntries(least);
      least.clear();
      for (const [component, ready] of count()) least.set(component, ready);
      return told;
    },
    stop: watch.stop,
  };
}

/** Everything that carries the name of the release, and Helm's own record of it: paths of the API. */
export async function leftOf(client: KubeClient): Promise<readonly string[]> {
  const { groups } = await client.get<{ groups: readonly { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const bases = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const found: string[] = [];
  for (const base of bases) {
    const { resources } = await client.get<{ resources: readonly { name: string; verbs: readonly string[] }[] }>(base);
    for (const { name, verbs } of resources) {
      if (!verbs.includes('list')) continue;
      const { items } = await client.get<{ items: readonly Pod[] }>(`${base}/${name}?${SELECTOR}`);
      found.push(...items.map(({ metadata }) => `${base}/${name}/${metadata.name}`));
    }
  }
  const records = await client.get<{ items: readonly Pod[] }>('/api/v1/secrets?labelSelector=owner%3Dhelm');
  return [...found, ...records.items.map(({ metadata }) => `/api/v1/secrets/${metadata.name}`)];
}
