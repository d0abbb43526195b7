/** Real SDKs against a real server: their functions, labels and profile types come back. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, type ServerProcess, startServer } from '../e2e/server-process.ts';
import { aroundNow } from '../e2e/small-profile.ts';
import { SDK_CACHE as CACHE, SDK_SOURCES as HERE, install, runFile, skipUnlessOnPath } from './install.ts';

const QUERIER = 'querier.v1.QuerierService';
let server: ServerProcess;

before(async () => {
  server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server.terminate());

interface Sdk {
  readonly service: string;
  /** Program that must be on the machine. */
  readonly needs: string;
  install(): Promise<void>;
  run(): Promise<unknown>;
  readonly types: readonly string[];
  /** A function that must hold most of the CPU time, and the labels under which it must be found. */
  readonly hot: { readonly type: string; readonly name: string; readonly labels: string };
}

const environment = () => ({ ...process.env, SERVER: server.url });

const sdks: Readonly<Record<string, Sdk>> = {
  'pyroscope-go': {
    service: 'sdk.go',
    needs: 'go',
    install: async () =>
      void (await runFile('go', ['build', '-o', join(CACHE, 'go-app'), '.'], { cwd: join(HERE, 'go') })),
    run: () => runFile(join(CACHE, 'go-app'), { env: environment() }),
    types: [
      'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      'process_cpu:samples:count:cpu:nanoseconds',
      'memory:alloc_objects:count:space:bytes',
      'memory:alloc_space:bytes:space:bytes',
      'memory:inuse_objects:count:space:bytes',
      'memory:inuse_space:bytes:space:bytes',
    ],
    hot: {
      type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      name: 'main.burnGoCPU',
      labels: 'env="test",step="one"',
    },
  },
  '@pyroscope/nodejs': {
    service: 'sdk-node',
    needs: 'npm',
    install: async () => {
      const directory = join(CACHE, 'node');
      mkdirSync(directory, { recursive: true });
      for (const file of ['package.json', 'app.cjs']) copyFileSync(join(HERE, 'node', file), join(directory, file));
      if (!existsSync(join(directory, 'node_modules/@pyroscope/nodejs')))
        await runFile('npm', ['install', '--no-audit', '--no-fund'], { cwd: directory });
    },
    run: () => runFile(process.execPath, ['app.cjs'], { cwd: join(CACHE, 'node'), env: environment() }),
    types: [
      'wall:samples:count:wall:nanoseconds',
      'wall:wall:nanoseconds:wall:nanoseconds',
      'memory:inuse_space:bytes:inuse_space:bytes',
    ],
    hot: { type: 'wall:wall:nanoseconds:wall:nanoseconds', name: 'burnNodeCpu', labels: 'env="test"' },
  },
  'pyroscope-io': {
    service: 'sdk.python',
    needs: 'python3',
    install: async () => {
      const directory = join(CACHE, 'python');
      if (!existsSync(join(directory, 'bin/pip'))) await runFile('python3', ['-m', 'venv', directory]);
      await runFile(join(directory, 'bin/pip'), ['install', '--quiet', '-r', join(HERE, 'python/requirements.txt')]);
    },
    run: () => runFile(join(CACHE, 'python/bin/python'), [join(HERE, 'python/app.py')], { env: environment() }),
    types: ['process_cpu:cpu:nanoseconds:cpu:nanoseconds'],
    hot: {
      type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      name: 'burn_python_cpu',
      labels: 'env="test",step="one"',
    },
  },
};

for (const [name, sdk] of Object.entries(sdks)) {
  test(`${name} works unchanged`, { skip: skipUnlessOnPath(sdk.needs) }, async () => {
    await install(sdk.install);
    await sdk.run();
    const range = aroundNow();
    const matchers = [`{service_name="${sdk.service}"}`];
    const { labelsSet = [] } = await ask<{ labelsSet?: { labels: { name: string; value: string }[] }[] }>(
      server.url,
      `${QUERIER}/Series`,
      { ...range, matchers },
    );
    const types = new Set(
      labelsSet.flatMap(({ labels }) =>
        labels.filter((label) => label.name === '__profile_type__').map(({ value }) => value),
      ),
    );
    for (const type of sdk.types) assert.ok(types.has(type), `${type} is missing, seen ${[...types].join(' ')}`);

    const labelSelector = `{service_name="${sdk.service}",${sdk.hot.labels}}`;
    const question = { ...range, profileTypeID: sdk.hot.type, labelSelector };
    const { flamegraph } = await ask<{ flamegraph: { names: string[]; total: string } }>(
      server.url,
      `${QUERIER}/SelectMergeStacktraces`,
      question,
    );
    assert.ok(
      flamegraph.names.some((frame) => frame.includes(sdk.hot.name)),
      `${sdk.hot.name} is missing`,
    );
    assert.ok(Number(flamegraph.total) > 1e9, `more than a second was burnt, counted ${flamegraph.total} ns`);
  });
}
