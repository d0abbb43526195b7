import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { endpointsOf } from './endpoint.ts';
import { readScrapeConfig } from './read-scrape-config.ts';

const read = (jobs: string) => readScrapeConfig(`scrape-configs:\n${jobs}`, 'scrape.yaml');
const urls = (jobs: string) =>
  read(jobs).flatMap((job) => job.staticGroups.flatMap((group) => endpointsOf(job, group).map(({ url }) => url)));

test("the old server's form is read, with its defaults", () => {
  const [job] = read(`
  - job-name: shop
    enabled-profiles: [cpu, mem]
    static-configs: [{ targets: [shop:6060], labels: { application: shop, env: test } }]`);
  assert.deepEqual([job?.intervalMs, job?.timeoutMs, job?.scheme], [10_000, 15_000, 'http']);
  const endpoints = endpointsOf(job, job.staticGroups[0]);
  assert.deepEqual(
    endpoints.map(({ url, labels }) => [url, labels.map(({ name, value }) => `${name}=${value}`).join(' ')]),
    [
      [
        'http://shop:6060/debug/pprof/profile?seconds=10',
        '__name__=process_cpu env=test instance=shop:6060 job=shop service_name=shop',
      ],
      ['http://shop:6060/debug/pprof/heap', '__name__=memory env=test instance=shop:6060 job=shop service_name=shop'],
    ],
  );
});

test('paths, params, deltas of godeltaprof and profiles of a user', () => {
  const text = `
  - job-name: shop
    scrape-interval: 5s
    enabled-profiles: [cpu, mem, mutex, fgprof]
    use-delta-profiles: true
    profiles:
      mem: { path: /heap, params: { gc: [1] } }
      fgprof: { path: /debug/fgprof, params: { seconds: 3 } }
    static-configs: [{ targets: ['[::1]:80'] }]`;
  assert.deepEqual(urls(text), [
    'http://[::1]:80/debug/pprof/profile?seconds=5'.replace(':80', ''),
    'http://[::1]/heap?gc=1',
    'http://[::1]/debug/pprof/delta_mutex',
    'http://[::1]/debug/fgprof?seconds=3',
  ]);
  const [job] = read(text);
  assert.deepEqual(
    job?.profiles.filter(({ isEnabled }) => isEnabled).map(({ profileName, cumulative }) => [profileName, cumulative]),
    [
      ['process_cpu', []],
      ['godeltaprof_memory', []],
      ['godeltaprof_mutex', []],
      ['fgprof', []],
    ],
  );
});

test('labels of a target choose scheme, port, profiles, paths and params', () => {
  const target = (labels: string) => `
  - job-name: shop
    enabled-profiles: [mem]
    static-configs: [{ targets: [shop], labels: { ${labels} } }]`;
  assert.deepEqual(urls(target('__scheme__: https')), ['https://shop/debug/pprof/heap']);
  assert.deepEqual(urls(target("__port__: '81', __profile_mem_path: /h, __profile_mem_param_gc: '1'")), [
    'http://shop:81/h?gc=1',
  ]);
  assert.deepEqual(urls(target("__profile_mem_enabled: 'false', __profile_goroutines_enabled: 'true'")), [
    'http://shop/debug/pprof/goroutine',
  ]);
  for (const address of ['a/b', 'user@shop', 'shop:99999', '']) {
    assert.deepEqual(urls(target(`__address__: '${address}'`)), [], address);
  }
});

test('what is wrong is named: file, key, what is expected', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['  - {}', 'scrape-configs[0].job-name'],
    ['  - { job-name: a, static-config: [] }', 'scrape-configs[0].static-config'],
    ['  - { job-name: a, scrape-interval: soon }', 'scrape-configs[0].scrape-interval'],
    ['  - { job-name: a, scrape-timeout: 10s, enabled-profiles: [cpu] }', 'scrape-configs[0].scrape-timeout'],
    ['  - { job-name: a, enabled-profiles: [gpu] }', 'scrape-configs[0].enabled-profiles[0]'],
    ['  - { job-name: a, profiles: { gpu: {} } }', 'scrape-configs[0].profiles.gpu.path'],
    ['  - { job-name: a, static-configs: [{ targets: a }] }', 'scrape-configs[0].static-configs[0].targets'],
    ['  - { job-name: a, file-sd-configs: [{ files: [a.txt] }] }', 'scrape-configs[0].file-sd-configs[0].files[0]'],
    ['  - { job-name: a, http-sd-configs: [{ url: "file:///a" }] }', 'scrape-configs[0].http-sd-configs[0].url'],
    ['  - { job-name: a, relabel-configs: [{}] }', 'scrape-configs[0].relabel-configs[0].target-label'],
    [
      '  - { job-name: a, relabel-configs: [{ action: keep, regex: "(" }] }',
      'scrape-configs[0].relabel-configs[0].regex',
    ],
    ['  - { job-name: a, kubernetes-sd-configs: [{ role: node }] }', 'scrape-configs[0].kubernetes-sd-configs[0].role'],
    ['  - { job-name: a, tls-config: { cert-file: a } }', 'scrape-configs[0].tls-config'],
    ['  - { job-name: a, bearer-token: a, basic-auth: { username: a } }', 'scrape-configs[0]'],
    ['  - { job-name: a }\n  - { job-name: a }', 'scrape-configs[1].job-name'],
    ['  a: b', 'scrape-configs'],
  ];
  for (const [jobs, key] of broken) {
    assert.throws(
      () => read(jobs),
      (error) =>
        (error instanceof FlamelakeError && error.details.key === key && error.details.file === 'scrape.yaml') ||
        assert.fail(`${jobs}: ${String(error)} ${JSON.stringify(error)}`),
    );
  }
});

test('relabelling keeps, drops, renames and computes labels', () => {
  const relabelled = (rules: string, labels = 'a: x-1, b: y') => {
    const [job] = read(`
  - job-name: j
    enabled-profiles: [mem]
    relabel-configs: ${rules}
    static-configs: [{ targets: [shop], labels: { ${labels} } }]`);
    const [endpoint] = endpointsOf(job, job.staticGroups[0]);
    return endpoint?.labels
      .filter(({ name }) => !['__name__', 'instance', 'job', 'service_name'].includes(name))
      .map(({ name, value }) => `${name}=${value}`)
      .join(' ');
  };
  assert.equal(relabelled('[]'), 'a=x-1 b=y');
  assert.equal(
    relabelled('[{ action: keep, source-labels: [a], regex: x }]'),
    undefined,
    'patterns match whole values',
  );
  assert.equal(relabelled('[{ action: keep, source-labels: [a, b], regex: "x-.;y" }]'), 'a=x-1 b=y');
  assert.equal(relabelled('[{ action: drop, source-labels: [b], regex: y|z }]'), undefined);
  assert.equal(
    relabelled('[{ source-labels: [a], regex: "(?P<n>.)-(.)", target-label: c, replacement: "${2}${n}$$" }]'),
    'a=x-1 b=y c=1x$',
  );
  assert.equal(relabelled('[{ source-labels: [a], regex: none, target-label: b }]'), 'a=x-1 b=y');
  assert.equal(relabelled('[{ target-label: b, replacement: "" }]'), 'a=x-1');
  assert.equal(relabelled('[{ action: labelmap, regex: "(b)", replacement: "my_$1" }]'), 'a=x-1 b=y my_b=y');
  assert.equal(relabelled('[{ action: labeldrop, regex: a }]'), 'b=y');
  assert.equal(relabelled('[{ action: uppercase, source-labels: [a], target-label: a }]'), 'a=X-1 b=y');
  assert.equal(relabelled('[{ action: hashmod, source-labels: [a], target-label: m, modulus: 1 }]'), 'a=x-1 b=y m=0');
});
