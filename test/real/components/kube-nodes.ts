/** Nodes that are no machines, and what kwok lets happen on them: pods run a while after they are placed, jobs end, what is to go goes. */

const ZONES = ['a', 'b', 'c'];
const CAPACITY = { cpu: '32', memory: '256Gi', pods: '110' };
/** Time a pod takes to get ready. */
const READY_MS = 1_000;

export const FAKE_NODES = ZONES.map((zone) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `node-${zone}`,
    labels: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/hostname': `node-${zone}`,
      'topology.kubernetes.io/zone': zone,
    },
  },
  status: { allocatable: CAPACITY, capacity: CAPACITY },
}));

/** A pod's address is what its annotation says, so that tests may answer there. */
export const POD_ADDRESS = 'test/pod-ip';

const isRunning = `
      phase: Running
      startTime: {{ Now | Quote }}
      hostIP: 10.0.0.1
      podIP: {{ or (index (or .metadata.annotations dict) "${POD_ADDRESS}") "10.244.0.1" | Quote }}
      conditions:
      {{ range $type := list "Initialized" "ContainersReady" "Ready" }}
      - { type: {{ $type }}, status: "True", lastTransitionTime: {{ Now | Quote }} }
      {{ end }}
      containerStatuses:
      {{ range .spec.containers }}
      - { name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, started: true, restartCount: 0, state: { running: { startedAt: {{ Now | Quote }} } } }
      {{ end }}`;

function stage(name: string, kind: string, expressions: readonly string[], rest: string): string {
  const group = kind === 'Node' || kind === 'Pod' ? 'v1' : '';
  return `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: ${name} }
spec:
  resourceRef: { apiGroup: ${group}, kind: ${kind} }
  selector:
    matchExpressions:
${expressions.map((one) => `    - { ${one} }\n`).join('')}${rest}
`;
}

const isKept = 'key: .metadata.deletionTimestamp, operator: DoesNotExist';
const isNew = 'key: .status.phase, operator: NotIn, values: [Running, Succeeded, Failed]';
const ofJob = (operator: string) =>
  `key: ".metadata.labels[\\"batch.kubernetes.io/job-name\\"]", operator: ${operator}`;

export const KWOK_STAGES = [
  stage(
    'node-ready',
    'Node',
    [`key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"]`],
    `  next:
    statusTemplate: |
      conditions:
      - { type: Ready, status: "True", reason: Test, message: ready, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }} }`,
  ),
  stage(
    'pod-running',
    'Pod',
    [isKept, isNew, ofJob('DoesNotExist')],
    `  delay: { durationMilliseconds: ${READY_MS} }
  next:
    statusTemplate: |${isRunning}`,
  ),
  stage('job-done', 'Pod', [isKept, isNew, ofJob('Exists')], '  next:\n    statusTemplate: |\n      phase: Succeeded'),
  stage('pod-gone', 'Pod', ['key: .metadata.deletionTimestamp, operator: Exists'], '  next:\n    delete: true'),
].join('---\n');
