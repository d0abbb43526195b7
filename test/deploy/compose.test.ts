/** deploy/compose.yaml and what it mounts, as far as they can be checked without a docker daemon. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import { readOptions } from '../../services/flamelake/src/options/read-options.ts';
import { TARGETS } from '../../services/flamelake/src/options/role-options.ts';
import { SERVE_OPTIONS } from '../../services/flamelake/src/options/serve-options.ts';
import { endpointsOf } from '../../services/scraper/src/endpoint.ts';
import { readScrapeConfig } from '../../services/scraper/src/read-scrape-config.ts';
import { installGo } from '../real/components/install.ts';

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile?: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly deploy?: { readonly replicas: number };
  readonly read_only?: boolean;
}

const FOLDER = join(import.meta.dirname, '../../deploy');
const VERSION = 'v2.16.2';
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const yaml = (name: string): unknown => parse(read(name), { merge: true });

const { services } = yaml('compose.yaml') as { services: Readonly<Record<string, Service>> };
const ours = Object.entries(services).filter(([, { build }]) => build?.dockerfile === 'deploy/Dockerfile');
const validator = await installGo(`compose-spec-${VERSION}`, `github.com/compose-spec/compose-go/v2/cmd@${VERSION}`);

test('compose.yaml keeps to the Compose Specification', { skip: validator.skip ?? false }, async () => {
  if (validator.skip !== undefined) return;
  const words = ['--no-interpolation', '--format', 'json', 'compose.yaml'];
  const { stdout } = await promisify(execFile)(`${validator.path}/cmd`, words, { cwd: FOLDER });
  const found = JSON.parse(stdout) as { services: object };
  assert.deepEqual(Object.keys(found.services).sort(), Object.keys(services).sort());
});

test('every role is there twice, from the one image', () => {
  assert.deepEqual(ours.map(([name]) => name).sort(), TARGETS.filter((target) => target !== 'all').sort());
  for (const [name, { image, deploy, read_only }] of ours) {
    assert.deepEqual([name, image, deploy?.replicas, read_only], [name, '${IMAGE}:${IMAGE_TAG}', 2, true]);
  }
  assert.match(read('.env'), new RegExp(`^IMAGE_TAG=${manifest.version}$`, 'm'));
});

test('every role is started with options that there are', () => {
  for (const [name, { command = [], environment = {}, volumes = [] }] of ours) {
    const [verb, ...words] = command;
    assert.equal(verb, 'serve');
    const readFile = (path: string): string => {
      const mount = volumes.map((volume) => volume.split(':')).find(([, target]) => target === path);
      assert.ok(mount, `${path} is not mounted`);
      return read(mount[0]);
    };
    const { values, rest } = readOptions(SERVE_OPTIONS, { words, environment, readFile });
    assert.deepEqual([values.target, rest], [name, []]);
    const hosts = [
      values['kafka.brokers'].split(':')[0],
      new URL(values['store.s3.endpoint']).hostname,
      values['redis.addresses'].split(':')[0],
      values['query-frontend.queriers'].split(':')[1],
    ];
    for (const host of hosts) assert.ok(host in services, `no service ${host}`);
  }
});

test('scrapers fetch from a program that is there', () => {
  const jobs = readScrapeConfig(read('scrape.yaml'), 'scrape.yaml');
  const targets = jobs.flatMap((job) => job.staticGroups.flatMap((group) => endpointsOf(job, group)));
  assert.ok(targets.length > 0);
  for (const { url } of targets) assert.ok(new URL(url).hostname in services, `no service for ${url}`);
});

test('Prometheus scrapes every role, Grafana asks the query-frontends', () => {
  const { scrape_configs } = yaml('prometheus/prometheus.yml') as {
    scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[];
  };
  const [{ names, port }] = scrape_configs[0].dns_sd_configs;
  assert.deepEqual([...names].sort(), ours.map(([name]) => name).sort());
  assert.equal(port, SERVE_OPTIONS['server.port'].default);

  const { datasources } = yaml('grafana/provisioning/datasources/flamelake.yaml') as {
    datasources: { type: string; url: string }[];
  };
  assert.equal(datasources[0].type, 'grafana-pyroscope-datasource');
  for (const { url } of datasources) assert.ok(new URL(url).hostname in services, `no service for ${url}`);
});
