/** Target groups of the pods of a Kubernetes cluster: listed in pages again and again, kept while the API does not answer. */

import { type Clock, FlamelakeError } from '@flamelake/model';
import type { CoreV1Api } from '@kubernetes/client-node';
import type { Discovery } from './discover-files.ts';
import { annotatedGroups, type Pod, podGroups } from './pod-groups.ts';
import type { KubernetesDiscovery, TargetGroup } from './scrape-config.ts';

const TIMEOUT_MS = 30_000;
/** Pods of one answer: a few MB of JSON. */
const PAGE_PODS = 250;
const PODS_MAX = 50_000;

interface Cluster {
  readonly api: CoreV1Api;
  /** Of the kubeconfig, or of this pod. */
  readonly namespace: string;
}

export function discoverKubernetes(config: KubernetesDiscovery, clock: Clock): Discovery {
  const source = `kubernetes pods, ${config.kubeconfigFile || 'the cluster this runs in'}`;
  let cluster: Cluster | undefined;
  let groups: readonly TargetGroup[] = [];

  const list = async (signal: AbortSignal): Promise<readonly TargetGroup[]> => {
    cluster ??= await openCluster(config);
    const { api } = cluster;
    const namespaces = config.ownNamespace ? [...config.namespaces, cluster.namespace] : config.namespaces;
    const found: TargetGroup[] = [];
    let count = 0;
    for (const namespace of namespaces.length === 0 ? [undefined] : new Set(namespaces)) {
      let next: string | undefined;
      do {
        const query = {
          limit: PAGE_PODS,
          ...(next !== undefined && { _continue: next }),
          ...(config.labelSelector !== '' && { labelSelector: config.labelSelector }),
          ...(config.fieldSelector !== '' && { fieldSelector: config.fieldSelector }),
        };
        const answer =
          namespace === undefined ? api.listPodForAllNamespaces(query) : api.listNamespacedPod({ ...query, namespace });
        const { items, metadata } = await inTime(answer, clock, signal);
        count += items.length;
        if (count > PODS_MAX) {
          const details = { limit: PODS_MAX, mend: 'narrow namespaces or selectors' };
          throw new FlamelakeError('resource_exhausted', 'there are more pods than are listed', details);
        }
        for (const pod of items as readonly Pod[]) {
          found.push(...(config.usesAnnotations ? annotatedGroups(pod) : podGroups(pod)));
        }
        next = metadata?._continue === '' ? undefined : metadata?._continue;
      } while (next !== undefined);
    }
    return found;
  };
  return {
    refreshMs: config.refreshMs,
    source,
    async discover(signal) {
      try {
        groups = await list(signal);
        return { groups, failures: [] };
      } catch (cause) {
        return { groups, failures: [asFailure(cause)] };
      }
    },
  };
}

async function openCluster({ kubeconfigFile }: KubernetesDiscovery): Promise<Cluster> {
  // A large library that nobody else needs.
  const { CoreV1Api: Api, KubeConfig } = await import('@kubernetes/client-node');
  const kube = new KubeConfig();
  if (kubeconfigFile === '') kube.loadFromCluster();
  else kube.loadFromFile(kubeconfigFile);
  const namespace = kube.getContextObject(kube.getCurrentContext())?.namespace ?? 'default';
  return { api: kube.makeApiClient(Api), namespace };
}

async function inTime<T>(answer: Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  const answered = new AbortController();
  const stop = () => answered.abort();
  signal.addEventListener('abort', stop, { once: true });
  const late = clock.sleep(TIMEOUT_MS, answered.signal).then((): never => {
    throw new FlamelakeError('deadline_exceeded', 'kubernetes did not answer in time', { timeoutMs: TIMEOUT_MS });
  });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function asFailure(cause: unknown): FlamelakeError {
  if (cause instanceof FlamelakeError) return cause;
  const { code, body, message } = cause as { code?: string | number; body?: unknown; message?: string };
  const said = typeof body === 'string' ? /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] : undefined;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : undefined;
  const details = { status: code ?? 'none', reason: (said ?? inner ?? message ?? String(cause)).slice(0, 300) };
  return new FlamelakeError('unavailable', 'kubernetes pods cannot be listed', details, { cause });
}
