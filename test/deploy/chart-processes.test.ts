/**
 * What the chart's pods would run, run as processes on a real Kafka, S3 and Redis: the check of their configuration, the server with
 * its probes, `helm test`'s job, and a rolling restart as the Deployments do it, under pushes. Names of services are
 * addresses here; nothing else differs from the rendered manifests.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { type Ground, startGround, taskPort, whyNoCluster } from '../e2e/cluster.ts';
import { type ServerProcess, startServer, temporaryDirectory } from '../e2e/server-process.ts';
import { push, smallPprof, totalOf } from '../e2e/small-profile.ts';
import { installHelm } from '../real/components/helm.ts';
import { renderChart } from './render-chart.ts';

interface Container {
  readonly args: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly key: string } };
  }[];
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
}
interface Pod {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Pod & { readonly template?: { readonly spec: Pod } };
}

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const NAME = 'release-flamelake';
const CONFIG = '/etc/flamelake/config/flamelake.yaml';
const SCRAPE_CONFIG = '/etc/flamelake/scrape/scrape.yaml';
/** What the scraper finds on a port that is known once something listens there. */
const SCRAPED = 'scraped.example:6060';
const SCRAPE_CONFIGS = [
  {
    'job-name': 'scraped',
    'scrape-interval': '1s',
    'enabled-profiles': ['goroutines'],
    'static-configs': [{ targets: [SCRAPED] }],
  },
];
/** What the user's Secret of the bucket would hold. */
const secret: Record<string, string> = {};
const skip = (await whyNoCluster()) ?? (await installHelm()).skip ?? false;

let ground: Ground;
const started: ServerProcess[] = [];
let manifests: readonly Manifest[] = [];
let config = '';
let scrapeConfig = '';
/** Names of services that stand in manifests, and where they are here. */
const places = new Map<string, string>();

before(async () => {
  if (skip !== false) return;
  ground = await startGround();
  const settings: string[] = [
    'secrets.s3.existingSecret=bucket',
    'config.server.drain-delay=1s',
    'config.store.s3.region=us-east-1',
    'createJob.enabled=true',
  ];
  for (const flag of [...ground.flags, ...ground.sharedResults]) {
    const [, name, value] = /^--([^=]+)=(.*)$/.exec(flag) ?? [];
    const key = /^store\.s3\.(access-key|secret-key)$/.exec(name ?? '')?.[1];
    if (key === undefined) settings.push(`config.${name}=${value}`);
    else secret[key] = value ?? '';
  }
  const scraping = [
    '--set',
    'scraper.enabled=true',
    '--set-json',
    `scraper.scrapeConfigs=${JSON.stringify(SCRAPE_CONFIGS)}`,
  ];
  // The bucket that is there is not theirs.
  settings.push('config.store.s3.bucket=made-by-the-job');
  const rendered = await renderChart('distributed', ...settings.flatMap((setting) => ['--set', setting]), ...scraping);
  manifests = parseAllDocuments(rendered)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
  const fileOf = (name: string) => manifests.find(({ data }) => data?.[name] !== undefined)?.data?.[name] ?? '';
  config = fileOf('flamelake.yaml');
  scrapeConfig = fileOf('scrape.yaml');
});
after(async () => {
  // A living child would keep the test process from ending.
  await Promise.all(started.map((pod) => pod.kill()));
  await ground?.stop();
});

/** A container's words and variables, with the configuration as a file that is here. */
function here({ args, env = [] }: Container): { words: string[]; environment: Record<string, string> } {
  const directory = temporaryDirectory();
  const [file, scrapeFile] = [`${directory}/flamelake.yaml`, `${directory}/scrape.yaml`];
  writeFileSync(file, placed(config));
  writeFileSync(scrapeFile, placed(scrapeConfig));
  const environment = Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [name, value ?? secret[valueFrom?.secretKeyRef.key ?? ''] ?? '']),
  );
  return {
    words: args.map((word) => placed(word.replace(CONFIG, file).replace(SCRAPE_CONFIG, scrapeFile))),
    environment,
  };
}

function placed(text: string): string {
  let made = text;
  for (const [name, place] of places) made = made.replaceAll(name, place);
  return made;
}

function podOf(component: string): Pod {
  const found = manifests.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === `${NAME}-${component}`,
  );
  assert.ok(found?.spec?.template, `the chart has no ${component}`);
  return found.spec.template.spec;
}

/** Runs the pod of a component: its check first, then the server, until it is ready. */
async function startPod(component: string): Promise<ServerProcess> {
  const { initContainers, containers } = podOf(component);
  for (const container of initContainers) await run(container);
  const { words, environment } = here(containers[0]);
  assert.equal(words[0], 'serve');
  const local = ['--querier.host=127.0.0.1', '--querier.port=0'];
  const server = await startServer({ flags: [...words.slice(1), ...local], environment });
  started.push(server);
  for (const probe of [containers[0].readinessProbe, containers[0].livenessProbe]) {
    assert.equal((await fetch(server.url + (probe?.httpGet.path ?? ''))).status, 200);
  }
  return server;
}

async function run(container: Container): Promise<string> {
  const { words, environment } = here(container);
  const env = { ...process.env, ...environment };
  return (await promisify(execFile)(process.execPath, [MAIN, ...words], { env })).stdout;
}

const pods: Record<string, ServerProcess> = {};

test('a pod finds no bucket until the job has made it and the topic', { skip }, async () => {
  const check = podOf('compactor').initContainers[0];
  await assert.rejects(run(check), { stdout: /bucket does not exist/ });
  const job = manifests.find(({ kind }) => kind === 'Job')?.spec?.template?.spec.containers[0];
  assert.ok(job);
  assert.match(await run(job), /the bucket was made; .*topic flamelake-profiles, \d+ partitions, was made/s);
  assert.match(await run(check), /would start/);
});

test('every pod finds its configuration right, gets ready and lives', { skip }, async () => {
  for (const component of ['compactor', 'distributor']) {
    places.set(`dns:${NAME}-${component}.profiles.svc:4040`, '127.0.0.1:4040');
  }
  pods.distributor = await startPod('distributor');
  places.set(`http://${NAME}-write.profiles.svc:4040`, pods.distributor.url);
  [pods['segment-writer'], pods.querier, pods.compactor] = await Promise.all([
    startPod('segment-writer'),
    startPod('querier'),
    startPod('compactor'),
  ]);
  places.set(`dns:${NAME}-querier.profiles.svc:9095`, `127.0.0.1:${taskPort(pods.querier)}`);
  pods['query-frontend'] = await startPod('query-frontend');
});

test('the scraper finds its configuration, and what it scrapes is stored', { skip }, async () => {
  const program = createServer((_, response) => {
    response.end(smallPprof({ stacks: [{ frames: ['main'], value: 1n }], timeMs: Date.now() }));
  });
  program.listen(0, '127.0.0.1');
  await once(program, 'listening');
  try {
    places.set(SCRAPED, `127.0.0.1:${(program.address() as AddressInfo).port}`);
    places.set(`dns:${NAME}-scraper.profiles.svc:4040`, '');
    pods.scraper = await startPod('scraper');
    const health = async () => {
      const answer = await fetch(`${pods.scraper.url}/api/v1/targets`);
      const { data } = (await answer.json()) as { data: { activeTargets: readonly { health: string }[] } };
      return data.activeTargets.map((target) => target.health).join();
    };
    // Up is what was stored: the distributor has acknowledged it.
    while ((await health()) !== 'up') await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await pods.scraper.terminate(), 0);
  } finally {
    program.closeAllConnections();
    program.close();
  }
});

test('the job of helm test pushes and reads back', { skip }, async () => {
  places.set(`http://${NAME}-write:4040`, pods.distributor.url);
  places.set(`http://${NAME}-read:4040`, pods['query-frontend'].url);
  const job = manifests.find(({ kind }) => kind === 'Pod');
  assert.match(await run(job?.spec?.containers[0] as Container), /^pushed, and counted once/);
});

test('a rolling restart, each new pod ready before its old one ends, loses and doubles nothing', { skip }, async () => {
  let [total, number, isEnding] = [0n, 0, false];
  let commit = '';
  let leaving: ServerProcess | undefined;
  const pushing = (async () => {
    while (!isEnding) {
      const value = BigInt(++number);
      const profile = smallPprof({ stacks: [{ frames: ['main', 'rolling'], value }], timeMs: Date.now() + number });
      commit = await push(pods.distributor.url, 'rolling', profile);
      total += value;
    }
  })();
  for (const component of ['distributor', 'segment-writer', 'compactor', 'querier', 'query-frontend']) {
    const [old, fresh] = [pods[component], await startPod(component)];
    pods[component] = fresh;
    if (component === 'querier') {
      places.set(`dns:${NAME}-querier.profiles.svc:9095`, `127.0.0.1:${taskPort(fresh)}`);
      // The old query-frontend knows this one address: it ends first.
      leaving = old;
      continue;
    }
    assert.equal(await old.terminate(), 0, component);
  }
  assert.equal(await leaving?.terminate(), 0);
  isEnding = true;
  await pushing;
  assert.ok(number > 20, `${number} pushes`);
  assert.equal(await totalOnceVisible(commit), total);
});

async function totalOnceVisible(commit: string): Promise<bigint> {
  for (const deadline = performance.now() + 60_000; ; ) {
    try {
      return await totalOf(pods['query-frontend'].url, 'rolling', commit);
    } catch (error) {
      if (!String(error).includes('unavailable') || performance.now() > deadline) throw error;
    }
  }
}
