/** The real SDKs: how each is installed and run, and what a run of its program must leave behind. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SDK_CACHE as CACHE, SDK_SOURCES as HERE, runFile } from './install.ts';

export interface Sdk {
  readonly service: string;
  /** Program that must be on the machine. */
  readonly needs: string;
  install(): Promise<void>;
  run(environment: NodeJS.ProcessEnv): Promise<unknown>;
  readonly types: readonly string[];
  /** Labels some series must have. */
  readonly labels?: Readonly<Record<string, string>>;
  /** A function that must hold most of the CPU time, and the labels under which it must be found. */
  readonly hot: { readonly type: string; readonly name: string; readonly labels?: string };
}

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const AGENT_URL = 'https://repo1.maven.org/maven2/io/pyroscope/agent/2.9.2/agent-2.9.2.jar';
const AGENT_SHA256 = 'ad738199a90734f7b8392bae1ab892027d411acb953ef1f00cd6e8e7c669ff8f';
const AGENT = join(CACHE, 'java/agent-2.9.2.jar');
export const NODE_SDK = join(CACHE, 'node');

/** The program of a folder in an environment of its own; `folder` is that of its requirements as well. */
function python(folder: string, service: string, hot: string): Sdk {
  const directory = join(CACHE, folder);
  return {
    service,
    needs: 'python3',
    async install() {
      const program = join(directory, 'bin/python');
      if (!existsSync(program)) await runFile('python3', ['-m', 'venv', directory]);
      // As a module: the script `pip` names the folder it was made in, and a checkout may be moved.
      await runFile(program, ['-m', 'pip', 'install', '--quiet', '-r', join(HERE, folder, 'requirements.txt')]);
    },
    run: (environment) => runFile(join(directory, 'bin/python'), [join(HERE, folder, 'app.py')], { env: environment }),
    types: [CPU],
    hot: { type: CPU, name: hot, labels: 'env="test",step="one"' },
  };
}

/** Both versions of the crate share what they have in common of what is built. */
function rust(folder: string, program: string, service: string, hot: string): Sdk {
  const target = join(CACHE, 'cargo');
  return {
    service,
    needs: 'cargo',
    install: async () =>
      void (await runFile('cargo', ['build', '--locked', '--quiet', '--target-dir', target], {
        cwd: join(HERE, folder),
      })),
    run: (environment) => runFile(join(target, 'debug', program), { env: environment }),
    types: [CPU],
    hot: { type: CPU, name: hot, labels: 'env="test"' },
  };
}

/** Its programs and packages, in NODE_SDK. */
export async function installNodeSdk(): Promise<void> {
  mkdirSync(NODE_SDK, { recursive: true });
  for (const file of ['package.json', 'app.cjs', 'express.cjs']) {
    copyFileSync(join(HERE, 'node', file), join(NODE_SDK, file));
  }
  const isThere = (name: string) => existsSync(join(NODE_SDK, 'node_modules', name));
  if (['@pyroscope/nodejs', 'express'].every(isThere)) return;
  await runFile('npm', ['install', '--no-audit', '--no-fund'], { cwd: NODE_SDK });
}

async function installJavaAgent(): Promise<void> {
  const directory = join(CACHE, 'java');
  mkdirSync(directory, { recursive: true });
  if (!existsSync(AGENT)) writeFileSync(AGENT, await download(AGENT_URL));
  const sha256 = createHash('sha256').update(readFileSync(AGENT)).digest('hex');
  if (sha256 !== AGENT_SHA256) throw new Error(`${AGENT_URL} is not what it was: its SHA-256 is ${sha256}`);
  await runFile('javac', ['-cp', AGENT, '-d', directory, join(HERE, 'java/Spin.java')]);
}

async function download(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function java(format: 'jfr' | 'otlp', rest: Pick<Sdk, 'service' | 'types' | 'hot'>): Sdk {
  return {
    needs: 'javac',
    install: installJavaAgent,
    run: ({ SERVER, ...environment }) =>
      runFile('java', [`-javaagent:${AGENT}`, '-cp', `${join(CACHE, 'java')}:${AGENT}`, 'Spin'], {
        env: {
          ...environment,
          PYROSCOPE_SERVER_ADDRESS: SERVER,
          PYROSCOPE_APPLICATION_NAME: 'sdk.java',
          PYROSCOPE_FORMAT: format,
          PYROSCOPE_LABELS: 'env=test',
          PYROSCOPE_UPLOAD_INTERVAL: '2s',
          // Over OTLP it sends one kind of event alone.
          ...(format === 'jfr' ? { PYROSCOPE_PROFILER_ALLOC: '64k', PYROSCOPE_PROFILER_LOCK: '1us' } : {}),
        },
      }),
    ...rest,
  };
}

export const SDKS: Readonly<Record<string, Sdk>> = {
  'pyroscope-go': {
    service: 'sdk.go',
    needs: 'go',
    install: async () =>
      void (await runFile('go', ['build', '-o', join(CACHE, 'go-app'), '.'], { cwd: join(HERE, 'go') })),
    run: (environment) => runFile(join(CACHE, 'go-app'), { env: environment }),
    types: [
      CPU,
      'process_cpu:samples:count:cpu:nanoseconds',
      'memory:alloc_objects:count:space:bytes',
      'memory:alloc_space:bytes:space:bytes',
      'memory:inuse_objects:count:space:bytes',
      'memory:inuse_space:bytes:space:bytes',
      'goroutines:goroutine:count:goroutine:count',
      'mutex:contentions:count:contentions:count',
      'mutex:delay:nanoseconds:contentions:count',
      'block:contentions:count:contentions:count',
      'block:delay:nanoseconds:contentions:count',
    ],
    labels: { 'otel.scope.name': 'com.grafana.pyroscope/godeltaprof', pyroscope_spy: 'gospy' },
    hot: { type: CPU, name: 'main.burnGoCPU', labels: 'env="test",step="one"' },
  },
  '@pyroscope/nodejs': {
    service: 'sdk-node',
    needs: 'npm',
    install: installNodeSdk,
    run: (environment) => runFile(process.execPath, ['app.cjs'], { cwd: NODE_SDK, env: environment }),
    types: [
      'wall:samples:count:wall:nanoseconds',
      'wall:wall:nanoseconds:wall:nanoseconds',
      'memory:inuse_space:bytes:inuse_space:bytes',
    ],
    hot: { type: 'wall:wall:nanoseconds:wall:nanoseconds', name: 'burnNodeCpu', labels: 'env="test"' },
  },
  'pyroscope-io': python('python', 'sdk.python', 'burn_python_cpu'),
  'pyroscope-io 0.8': python('python-old', 'sdk.python.old', 'burn_old_python_cpu'),
  'the Java agent': java('jfr', {
    service: 'sdk.java',
    types: [
      CPU,
      'memory:alloc_in_new_tlab_objects:count:space:bytes',
      'memory:alloc_in_new_tlab_bytes:bytes:space:bytes',
      'mutex:contentions:count:mutex:count',
      'mutex:delay:nanoseconds:mutex:count',
    ],
    hot: { type: CPU, name: 'Spin.burnJavaCpu', labels: 'env="test",step="one",jfr_event="itimer"' },
  }),
  // It sends no resource, so neither service nor labels, and names its types as async-profiler does.
  'the Java agent over OTLP': java('otlp', {
    service: 'unknown_service',
    types: ['itimer:itimer:ns:itimer:ns'],
    hot: { type: 'itimer:itimer:ns:itimer:ns', name: 'burnJavaCpu' },
  }),
  'the pyroscope crate': rust('rust', 'rust-app', 'sdk.rust', 'burn_rust_cpu'),
  'the pyroscope crate 0.5': rust('rust-old', 'rust-old-app', 'sdk.rust.old', 'burn_old_rust_cpu'),
};
