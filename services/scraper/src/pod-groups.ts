/** Targets of a Kubernetes pod: one a container port, with the meta labels that Prometheus has for the role pod. */
import { LABEL } from '@flamelake/model';
import { PROFILE_KINDS } from './profile-kinds.ts';
import type { LabelMap, TargetGroup } from './scrape-config.ts';

/** What is read of a pod, as the API has it. */
export interface Pod {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: LabelMap;
    readonly annotations?: LabelMap;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
}

const META = '__meta_kubernetes_';
const ANNOTATION = 'profiles.grafana.com/';
const SERVICE_ANNOTATION = 'pyroscope.io/service_name';
const SERVICE_LABEL = 'app.kubernetes.io/name';
/** Names of kinds in annotations, where they differ from ours. */
const ANNOTATED: Readonly<Record<string, string>> = { mem: 'memory', goroutines: 'goroutine' };

/** A container port, or a container without one, or a pod's address. */
interface Port {
  readonly address: string;
  readonly name: string;
  readonly number: number | undefined;
  readonly labels: LabelMap;
}

/** @returns a target each container port, and one each container that declares none; none before the pod has an address */
export function podGroups(pod: Pod): TargetGroup[] {
  const common = podLabels(pod);
  return podPorts(pod).map(({ address, labels }) => ({ targets: [address], labels: { ...common, ...labels } }));
}

/**
 * Targets that `profiles.grafana.com/<kind>.scrape: "true"` asks for, one a kind; `.port`, `.port_name`, `.path` and `.scheme` say
 * where. Without a port it is the first that the pod declares.
 */
export function annotatedGroups(pod: Pod): TargetGroup[] {
  const annotations = pod.metadata?.annotations ?? {};
  const ports = podPorts(pod).filter(({ labels }) => labels[`${META}pod_container_init`] === 'false');
  const kinds = Object.keys(PROFILE_KINDS);
  return kinds.flatMap((kind): TargetGroup[] => {
    const annotation = (name: string) => annotations[`${ANNOTATION}${ANNOTATED[kind] ?? kind}.${name}`];
    if (annotation('scrape') !== 'true') return [];
    const number = annotation('port');
    const name = annotation('port_name');
    const port =
      ports.find((one) =>
        name === undefined ? number === undefined || String(one.number) === number : one.name === name,
      ) ??
      // A port need not be declared to be listened on.
      (name === undefined ? ports[0] : undefined);
    if (port === undefined) return [];
    const path = annotation('path');
    const scheme = annotation('scheme');
    const labels: Record<string, string> = { ...serviceLabels(pod, port), ...podLabels(pod), ...port.labels };
    for (const other of kinds) labels[`__profile_${other}_enabled`] = String(other === kind);
    if (path !== undefined) labels[`__profile_${kind}_path`] = path;
    if (scheme !== undefined) labels.__scheme__ = scheme;
    if (number !== undefined) labels.__port__ = number;
    return [{ targets: [port.address], labels }];
  });
}

function serviceLabels({ metadata, spec }: Pod, { labels }: Port): Record<string, string> {
  const namespace = metadata?.namespace ?? '';
  const container = labels[`${META}pod_container_name`] ?? '';
  const stated = metadata?.annotations?.[SERVICE_ANNOTATION] ?? metadata?.labels?.[SERVICE_LABEL];
  return {
    [LABEL.serviceName]: stated ?? `${namespace}/${container}`,
    namespace,
    container,
    pod: metadata?.name ?? '',
    node: spec?.nodeName ?? '',
  };
}

function podPorts({ spec, status }: Pod): Port[] {
  const ip = status?.podIP;
  if (ip === undefined || ip === '') return [];
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const containers = [
    ...(spec?.containers ?? []).map((container) => ({ container, isInit: false })),
    ...(spec?.initContainers ?? []).map((container) => ({ container, isInit: true })),
  ];
  return containers.flatMap(({ container, isInit }): Port[] => {
    const labels = {
      [`${META}pod_container_name`]: container.name,
      [`${META}pod_container_image`]: container.image ?? '',
      [`${META}pod_container_init`]: String(isInit),
    };
    const ports = container.ports ?? [];
    if (ports.length === 0) return [{ address: host, name: '', number: undefined, labels }];
    return ports.map(({ name = '', containerPort, protocol = 'TCP' }) => ({
      address: `${host}:${containerPort}`,
      name,
      number: containerPort,
      labels: {
        ...labels,
        [`${META}pod_container_port_name`]: name,
        [`${META}pod_container_port_number`]: String(containerPort),
        [`${META}pod_container_port_protocol`]: protocol,
      },
    }));
  });
}

function podLabels({ metadata, spec, status }: Pod): Record<string, string> {
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller === true);
  const labels: Record<string, string> = {
    [`${META}namespace`]: metadata?.namespace ?? '',
    [`${META}pod_name`]: metadata?.name ?? '',
    [`${META}pod_uid`]: metadata?.uid ?? '',
    [`${META}pod_ip`]: status?.podIP ?? '',
    [`${META}pod_host_ip`]: status?.hostIP ?? '',
    [`${META}pod_node_name`]: spec?.nodeName ?? '',
    [`${META}pod_phase`]: status?.phase ?? '',
    [`${META}pod_ready`]: (status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown').toLowerCase(),
    [`${META}pod_controller_kind`]: controller?.kind ?? '',
    [`${META}pod_controller_name`]: controller?.name ?? '',
  };
  for (const [of, texts] of [
    ['label', metadata?.labels],
    ['annotation', metadata?.annotations],
  ] as const) {
    for (const [name, value] of Object.entries(texts ?? {})) {
      const safe = name.replace(/[^a-zA-Z0-9_]/g, '_');
      labels[`${META}pod_${of}_${safe}`] = value;
      labels[`${META}pod_${of}present_${safe}`] = 'true';
    }
  }
  return labels;
}
