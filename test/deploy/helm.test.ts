/** The chart: its values have a schema, what it renders is what Kubernetes takes, and what its pods run is what there is. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { readOptions } from '../../services/flamelake/src/options/read-options.ts';
import { SERVE_OPTIONS } from '../../services/flamelake/src/options/serve-options.ts';
import { readScrapeConfig } from '../../services/scraper/src/read-scrape-config.ts';
import { temporaryDirectory } from '../e2e/server-process.ts';
import { installHelm, installKubeconform, installKubeSchemas } from '../real/components/helm.ts';
import { pathOf } from '../real/components/install.ts';
import { CHART, helm, renderChart, VALUE_SETS } from './render-chart.ts';

const runFile = promisify(execFile);
const [program, conform, schemas] = [await installHelm(), await installKubeconform(), await installKubeSchemas()];
const skip = program.skip ?? conform.skip ?? schemas.skip ?? false;

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec: {
        readonly initContainers: readonly Container[];
        readonly containers: readonly Container[];
        readonly terminationGracePeriodSeconds: number;
        readonly serviceAccountName: string;
        readonly automountServiceAccountToken: boolean;
        readonly volumes: readonly { readonly secret?: { readonly secretName: string } }[];
        readonly nodeSelector?: Readonly<Record<string, string>>;
        readonly affinity?: object;
      };
    };
  };
}

function manifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** What kubeconform says of manifests. */
async function conformity(text: string): Promise<string> {
  const file = `${temporaryDirectory()}/rendered.yaml`;
  writeFileSync(file, text);
  const location = `${pathOf(schemas)}/{{.ResourceKind}}{{.KindSuffix}}.json`;
  const words = ['-strict', '-summary', '-schema-location', location, file];
  return runFile(`${pathOf(conform)}/kubeconform`, words).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  );
}

test('the chart names the image and version of the project', () => {
  const read = (path: string) => parse(readFileSync(`${CHART}/${path}`, 'utf8')) as Record<string, unknown>;
  const { registry, repository } = read('values.yaml').image as Record<string, string>;
  const file = readFileSync(`${CHART}/../../deploy/.env`, 'utf8');
  const named = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(file)?.[1];
  assert.deepEqual([`${registry}/${repository}`, read('Chart.yaml').appVersion], [named('IMAGE'), named('IMAGE_TAG')]);
});

for (const set of VALUE_SETS) {
  test(`${set}: helm lints it, Kubernetes knows every field`, { skip }, async () => {
    const lint = await helm('lint', '.', '--strict', '--values', `ci/${set}-values.yaml`);
    assert.match(lint, /0 chart\(s\) failed/);
    assert.match(await conformity(await renderChart(set)), /Invalid: 0, Errors: 0, Skipped: 0/);
  });

  test(`${set}: renders as it did; \`node scripts/render-chart.ts\` renders it`, { skip }, async () => {
    assert.equal(await renderChart(set), readFileSync(`${import.meta.dirname}/rendered/${set}.yaml`, 'utf8'));
  });

  test(`${set}: the options of every pod are options, and the longest shutdown fits`, { skip }, async () => {
    const all = manifests(await renderChart(set));
    const config = all.find(({ data }) => data?.['flamelake.yaml'] !== undefined)?.data?.['flamelake.yaml'] ?? '';
    const pods = all
      .flatMap(({ kind, spec }) => (kind === 'Job' ? [] : (spec?.template?.spec ?? [])))
      .filter(({ containers }) => containers[0].name === 'flamelake');
    assert.equal(pods.length, { single: 1, distributed: 5, everything: 6, dev: 5 }[set]);
    for (const { initContainers, containers, terminationGracePeriodSeconds } of pods) {
      for (const { args, env } of [...initContainers, ...containers]) {
        const environment = Object.fromEntries(env.map(({ name }) => [name, 'secret']));
        const words = args.filter((word) => word.startsWith('--'));
        const { values } = readOptions(SERVE_OPTIONS, { words, environment, readFile: () => config });
        const closing = values['server.drain-delay'] + 2 * values['server.drain-timeout'] + 20_000;
        assert.ok(terminationGracePeriodSeconds * 1_000 > closing, `${closing} ms may be needed to end`);
        assert.equal(values['data.directory'], '/data');
      }
      const [check, server] = [initContainers.at(-1), containers[0]];
      assert.deepEqual([check?.args.slice(0, 2), server.args[0]], [['config', 'check'], 'serve']);
      assert.deepEqual(check?.args.slice(2), server.args.slice(1));
    }
  });
}

test('the job that makes bucket and topic is a distributor’s check, anew at each revision', { skip }, async () => {
  const jobOf = (text: string) => manifests(text).find(({ kind }) => kind === 'Job');
  const rendered = await renderChart('everything');
  const pods = manifests(rendered).flatMap(({ metadata, spec }) => (spec?.template ? [{ metadata, spec }] : []));
  const [job, distributor] = ['-create-', '-distributor'].map(
    (part) => pods.find(({ metadata }) => metadata.name.includes(part))?.spec.template?.spec,
  );
  const [made, checked] = [job?.containers[0], distributor?.initContainers.at(-1)];
  assert.deepEqual(made?.args, checked?.args.with(1, 'create'));
  assert.deepEqual(made?.env, checked?.env);
  assert.equal(job?.serviceAccountName, distributor?.serviceAccountName);
  const upgraded = jobOf(await renderChart('everything', '--set', 'config.log.level=debug'));
  assert.notEqual(upgraded?.metadata.name, jobOf(rendered)?.metadata.name);
  assert.equal(jobOf(await renderChart('distributed')), undefined);
  assert.deepEqual(job?.affinity, distributor?.affinity);
  const own = ['createJob.nodeSelector.pool=small', 'distributor.nodeSelector.pool=large'];
  const elsewhere = jobOf(await renderChart('everything', ...own.flatMap((value) => ['--set', value])));
  assert.deepEqual(elsewhere?.spec?.template?.spec.nodeSelector, { pool: 'small' });
});

test('scrapers alone have a token, and may list pods where they are told to', { skip }, async () => {
  const all = manifests(await renderChart('everything'));
  const withToken = all.filter(({ spec }) => spec?.template?.spec.automountServiceAccountToken);
  const named = withToken.map(({ metadata, spec }) => [metadata.name, spec?.template?.spec.serviceAccountName]);
  assert.deepEqual(named, [['release-flamelake-scraper', 'release-flamelake-scraper']]);
  // Nothing of the bucket or the log: it opens neither.
  const scraper = withToken[0].spec?.template?.spec;
  assert.deepEqual(
    scraper?.containers[0].env.map(({ name }) => name),
    ['NODE_ENV'],
  );
  assert.deepEqual(
    scraper?.volumes.flatMap(({ secret }) => secret?.secretName ?? []),
    ['flamelake-tls'],
  );
  const roles = all.filter(({ rules }) => rules !== undefined);
  const shown = roles.map(({ kind, metadata: { namespace }, rules = [] }) => [kind, namespace, ...rules]);
  const rule = { apiGroups: [''], resources: ['pods'], verbs: ['list'] };
  assert.deepEqual(shown, [
    ['Role', 'shop', rule],
    ['Role', 'web', rule],
  ]);

  const still = '[{"job-name":"a","static-configs":[{"targets":["a:1"]}]}]';
  const withoutCluster = ['--set', 'scraper.enabled=true', '--set-json', `scraper.scrapeConfigs=${still}`];
  for (const set of ['single', 'distributed']) {
    const some = manifests(await renderChart(set, ...withoutCluster, '--set', 'serviceAccount.automountToken=false'));
    assert.equal(some.filter(({ rules }) => rules !== undefined).length, 0);
    assert.ok(some.every(({ spec }) => spec?.template?.spec.automountServiceAccountToken !== true));
    const file = some.find(({ data }) => data?.['scrape.yaml'] !== undefined)?.data?.['scrape.yaml'] ?? '';
    assert.deepEqual(readScrapeConfig(file, 'scrape.yaml')[0].name, 'a');
    const scraping = some.filter(({ spec }) =>
      spec?.template?.spec.containers[0].args.includes('--scraper.config-file=/etc/flamelake/scrape/scrape.yaml'),
    );
    assert.deepEqual(
      scraping.map(({ kind }) => kind),
      [set === 'single' ? 'StatefulSet' : 'Deployment'],
    );
  }
});

test('all components are stopped at once for a restore', { skip }, async () => {
  const all = manifests(await renderChart('distributed', '--set', 'defaults.replicas=0'));
  const replicas = all.flatMap(({ kind, spec }) => (kind === 'Deployment' ? [spec?.replicas] : []));
  assert.deepEqual(replicas, [0, 0, 0, 0, 0]);
});

test('dashboards and rules reach the cluster as they are', { skip }, async () => {
  const words = ['--set', 'monitoring.dashboards.enabled=true,monitoring.prometheusRule.enabled=true'];
  const all = manifests(await renderChart('distributed', ...words));
  for (const path of globSync(`${CHART}/dashboards/*.json`)) {
    const name = basename(path);
    const found = all.find(({ data }) => data?.[name] !== undefined)?.data?.[name];
    assert.deepEqual(JSON.parse(found ?? ''), JSON.parse(readFileSync(path, 'utf8')));
  }
  const written = readFileSync(`${CHART}/rules/alerts.yaml`, 'utf8').replaceAll(
    'RUNBOOKS',
    'https://example.com/alerts',
  );
  const place = ['--set', 'monitoring.prometheusRule.runbooks=https://example.com/alerts/'];
  const placed = manifests(await renderChart('distributed', ...words, ...place)).find(
    ({ kind }) => kind === 'PrometheusRule',
  );
  assert.deepEqual(placed?.spec, parse(written));
});

test('kinds of other projects are checked as strictly', { skip }, async () => {
  const rendered = await renderChart('everything', '--set', 'monitoring.prometheusRule.enabled=true');
  const text = `${rendered}\n---\n${await renderChart('dev')}`;
  const strange: readonly (readonly [string, string, RegExp])[] = [
    ['ServiceMonitor', 'endpoints:', /ServiceMonitor .*endpointz/],
    ['PodMonitor', 'podMetricsEndpoints:', /PodMonitor .*podMetricsEndpointz/],
    ['PrometheusRule', 'groups:', /PrometheusRule .*groupz/],
    ['ScaledObject', 'triggers:', /ScaledObject .*triggerz/],
    ['HTTPRoute', 'parentRefs:', /HTTPRoute .*parentRefz/],
    ['GRPCRoute', 'parentRefs:', /GRPCRoute .*parentRefz/],
  ];
  for (const [kind, key, reason] of strange) {
    const manifest = text.split(/^---$/m).find((one) => one.includes(`kind: ${kind}\n`)) ?? '';
    assert.ok(manifest.includes(key), `${kind} with ${key}`);
    assert.match(await conformity(manifest), /Valid: 1, Invalid: 0/);
    assert.match(await conformity(manifest.replace(key, key.replace('s:', 'z:'))), reason);
  }
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['single', 'config.kafka.brokerz=x', /'\/config\/kafka'.*brokerz/],
  ['single', 'config.log.level=loud', /'\/config\/log\/level'/],
  ['single', 'querier.replica=3', /'\/querier'.*replica/],
  ['single', 'distributor.options.workers\\.counts=3', /'\/distributor\/options'.*workers\.counts/],
  ['single', 'scraper.enable=true', /'\/scraper'.*enable/],
  ['single', 'scraper.rbac.namespaces=shop', /'\/scraper\/rbac\/namespaces'/],
  ['single', 'scraper.replicas=many', /'\/scraper\/replicas'/],
  ['single', 'scraper.enabled=true', /scraper\.enabled needs scraper\.scrapeConfigs/],
  ['single', 'mode=both', /'\/mode'/],
  ['single', 'image.digest=latest', /'\/image\/digest'/],
  ['single', 'single.replicas=2', /mode single has one pod/],
  ['single', 'createJob.enabled=true', /createJob is for mode distributed/],
  ['single', 'createJob.backofLimit=1', /'\/createJob'.*backofLimit/],
  ['single', 'devSet.enabled=true', /devSet is for mode distributed/],
  ['distributed', 'devSet.enabled=true', /devSet brings what config\.kafka\.brokers names/],
  ['dev', 'secrets.s3.existingSecret=bucket', /devSet has its own secret/],
  ['dev', 'devSet.s3.image.digest=latest', /'\/devSet\/s3\/image\/digest'/],
  ['dev', 'devSet.minio.image.tag=1', /'\/devSet'.*minio/],
  ['dev', 'monitoring.serviceMonitor.enabled=true', /cannot both be enabled/],
  ['distributed', 'createJob.activeDeadlineSeconds=soon', /'\/createJob\/activeDeadlineSeconds'/],
  ['single', 'mode=distributed', /needs config\.kafka\.brokers/],
  ['distributed', 'config.store.backend=files', /needs config\.store\.backend s3, gcs or azure/],
  ['distributed', 'querier.keda.enabled=true', /querier\.keda needs keda\.prometheusAddress/],
];
for (const [set, value, reason] of REFUSED) {
  test(`${set} with ${value} is refused by name`, { skip }, async () => {
    await assert.rejects(renderChart(set, '--set', value), reason);
  });
}

test('the dev set has a key of its own in every release', { skip }, async () => {
  const keyOf = async () =>
    /secret-key: "(\w{32})"/.exec(await renderChart('dev', '--set', 'devSet.s3.secretKey='))?.[1];
  const [one, other] = [await keyOf(), await keyOf()];
  assert.ok(one !== undefined && other !== undefined && one !== other, `${one} ${other}`);
});
