/** What holds of all that the chart renders: the restricted standard, default deny, secrets that reach their options, queries that ask for metrics there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { readOptions } from '../../services/flamelake/src/options/read-options.ts';
import { SERVE_OPTIONS } from '../../services/flamelake/src/options/serve-options.ts';
import { installHelm } from '../real/components/helm.ts';
import { renderChart, VALUE_SETS } from './render-chart.ts';

const skip = (await installHelm()).skip ?? false;

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
}
interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PodSpec> & {
    readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
    readonly podSelector?: { readonly matchLabels?: Labels; readonly matchExpressions?: readonly object[] };
    readonly policyTypes?: readonly string[];
    readonly triggers?: readonly { readonly metadata: { readonly query: string } }[];
  };
}
type Labels = Readonly<Record<string, string>>;

async function render(set: string, ...settings: readonly string[]): Promise<readonly Manifest[]> {
  const words = settings.flatMap((setting) => ['--set', setting]);
  return parseAllDocuments(await renderChart(set, ...words))
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

function configOf(all: readonly Manifest[]): string {
  return all.find(({ data }) => data?.['flamelake.yaml'] !== undefined)?.data?.['flamelake.yaml'] ?? '';
}

/** Pods that manifests make, jobs and tests included. */
function podsOf(all: readonly Manifest[]): readonly { name: string; labels: Labels; pod: PodSpec }[] {
  return all.flatMap(({ kind, metadata, spec }) => {
    if (spec?.template !== undefined) {
      return [{ name: metadata.name, labels: spec.template.metadata.labels, pod: spec.template.spec }];
    }
    const { containers } = spec ?? {};
    if (kind !== 'Pod' || containers === undefined) return [];
    return [{ name: metadata.name, labels: metadata.labels, pod: { ...spec, containers } }];
  });
}

function serverOf(all: readonly Manifest[], component: string): Container {
  const found = podsOf(all).find(({ name }) => name.endsWith(`-${component}`));
  assert.ok(found, component);
  return found.pod.containers[0];
}

for (const set of VALUE_SETS) {
  test(`${set}: every container is what the restricted standard wants, with nothing to write to but volumes`, {
    skip,
  }, async () => {
    const pods = podsOf(await render(set));
    assert.ok(pods.length >= 2);
    for (const { name, pod } of pods) {
      const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext ?? {};
      assert.deepEqual([runAsNonRoot, runAsUser, seccompProfile], [true, 65532, { type: 'RuntimeDefault' }], name);
      for (const { securityContext } of [...(pod.initContainers ?? []), ...pod.containers]) {
        const wanted = {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        };
        assert.deepEqual(securityContext, wanted, name);
      }
    }
  });

  test(`${set}: with policies, what no policy of its own allows is denied to every pod`, { skip }, async () => {
    const all = await render(set, 'networkPolicy.enabled=true');
    const denied = all.filter(({ spec }) => spec?.policyTypes?.join() === 'Ingress,Egress');
    for (const { name, labels } of podsOf(all)) {
      const own = denied.filter(({ spec }) => {
        const { matchLabels = {}, matchExpressions = [] } = spec?.podSelector ?? {};
        return (
          matchExpressions.length === 0 && Object.entries(matchLabels).every(([key, value]) => labels[key] === value)
        );
      });
      // The pod of `helm test` is a client like any other.
      assert.equal(own.length, name.endsWith('-probe') ? 0 : 1, name);
    }
  });
}

test('mode distributed has no volume that is kept', { skip }, async () => {
  const all = await render('everything');
  assert.ok(all.every(({ kind }) => kind !== 'StatefulSet' && kind !== 'PersistentVolumeClaim'));
  const volumes = podsOf(all).flatMap(({ pod }) => pod.volumes ?? []);
  assert.deepEqual([...new Set(volumes.flatMap(Object.keys))].sort(), ['configMap', 'emptyDir', 'name', 'secret']);
});

const SECRETS: Readonly<Record<string, readonly string[]>> = {
  s3: ['store.s3.access-key=access-key', 'store.s3.secret-key=secret-key'],
  azure: ['store.azure.account-key=account-key'],
  kafka: ['kafka.sasl.username=username', 'kafka.sasl.password=password'],
  redis: ['redis.username=user', 'redis.password=password'],
};
test('keys of the secrets that values name reach the options they are of', { skip }, async () => {
  const named = Object.keys(SECRETS).map((kind) => `secrets.${kind}.existingSecret=of-${kind}`);
  const all = await render('distributed', ...named, 'secrets.redis.usernameKey=user');
  const { args = [], env = [] } = serverOf(all, 'querier');
  const environment = Object.fromEntries(
    env.flatMap(({ name, valueFrom }) =>
      valueFrom === undefined ? [] : [[name, `${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`]],
    ),
  );
  const config = configOf(all);
  const words = args.filter((word) => word.startsWith('--'));
  const { values } = readOptions(SERVE_OPTIONS, { words, environment, readFile: () => config });
  for (const [kind, options] of Object.entries(SECRETS)) {
    for (const option of options) {
      const [name, key] = option.split('=');
      assert.equal(values[name as keyof typeof values], `of-${kind}/${key}`);
    }
  }
});

test('secrets that are files are where their options say', { skip }, async () => {
  const all = await render('everything');
  const config = configOf(all);
  const { values } = readOptions(SERVE_OPTIONS, {
    words: ['--config.file=flamelake.yaml'],
    environment: {},
    readFile: () => config,
  });
  const files = ['store.gcs.key-file', 'kafka.tls.ca-file', 'kafka.tls.key-file', 'server.tls.key-file'] as const;
  const places = serverOf(all, 'distributor').volumeMounts?.map(({ mountPath }) => mountPath) ?? [];
  for (const file of files) {
    assert.ok(places.includes(values[file].slice(0, values[file].lastIndexOf('/'))), `${file}: ${values[file]}`);
  }
});

test('what KEDA asks Prometheus for is declared, for every component', { skip }, async () => {
  const settings = ['defaults.keda.enabled=true', 'distributor.autoscaling.enabled=false'];
  const scaled = (await render('everything', ...settings)).filter(({ kind }) => kind === 'ScaledObject');
  assert.equal(scaled.length, 6);
  const page = readFileSync(`${import.meta.dirname}/../../docs/metrics.md`, 'utf8');
  for (const { metadata, spec } of scaled) {
    const names = spec?.triggers?.flatMap(({ metadata: { query } }) => query.match(/flamelake_[a-z_]+/g) ?? []) ?? [];
    assert.ok(names.length > 0, metadata.name);
    for (const name of names) assert.ok(page.includes(name.replace(/_(count|sum)$/, '')), `${metadata.name}: ${name}`);
  }
});
