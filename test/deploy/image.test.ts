/**
 * The image without a docker daemon: the steps of deploy/Dockerfile, run in an empty folder, make a tree that serves as another
 * user who cannot write there. Not shown: that the base images have what Node needs.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { cpuSeconds } from '../bench/process-usage.ts';
import { ask, temporaryDirectory } from '../e2e/server-process.ts';
import { push, smallPprof, totalOf } from '../e2e/small-profile.ts';
import { skipUnlessOnPath } from '../sdk/install.ts';
import { lastOf, parseDockerfile, runStage, type Step } from './dockerfile.ts';

const PROJECT = join(import.meta.dirname, '../..');
const runFile = promisify(execFile);
const root = temporaryDirectory();
let image: readonly Step[];

before(async () => {
  // Another user is to look inside.
  chmodSync(root, 0o755);
  const [ui, install, last] = parseDockerfile(readFileSync(`${PROJECT}/deploy/Dockerfile`, 'utf8'));
  const ignore = readFileSync(`${PROJECT}/deploy/Dockerfile.dockerignore`, 'utf8');
  const others = { ui: temporaryDirectory() };
  await runStage(ui, { context: PROJECT, ignore, root: others.ui });
  await runStage(install, { context: PROJECT, ignore, root, others });
  image = last;
  allowWriting(false);
});
after(() => allowWriting(true));

/** The image's user owns the compiled modules, and who is not root the whole tree: nothing may be added to it. */
function allowWriting(isAllowed: boolean): void {
  for (const path of everything()) if (lstatSync(path).isDirectory()) chmodSync(path, isAllowed ? 0o755 : 0o555);
}

function everything(): string[] {
  return readdirSync(`${root}/app`, { recursive: true, encoding: 'utf8' }).map((path) => `${root}/app/${path}`);
}

/** A path of the image, where it is here. */
function here(words: string): string {
  return words.replaceAll(/(?<=^|["=])\/(?=app|data)/g, `${root}/`);
}

function list(words: string): string[] {
  return JSON.parse(here(words)) as string[];
}

/** The image's own environment, user and command, with further flags. */
async function startImage() {
  const [program, ...words] = [...list(lastOf(image, 'ENTRYPOINT')), ...list(lastOf(image, 'CMD'))];
  const env = Object.fromEntries(
    here(lastOf(image, 'ENV'))
      .split(' ')
      .map((pair) => pair.split('=')),
  );
  const [uid, gid] = lastOf(image, 'USER').split(':').map(Number);
  assert.ok(uid > 0 && gid > 0, 'the image runs as root');
  const identity = process.getuid?.() === 0 ? { uid, gid } : {};
  const flags = ['--server.host=127.0.0.1', '--server.port=0'];
  const child = spawn(program, [...words, ...flags], { env, ...identity, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stderr })) {
    const { message, url } = JSON.parse(line) as { message: string; url: string };
    if (message !== 'listening') continue;
    child.stderr.resume();
    const end = async () => {
      child.kill('SIGTERM');
      return (await exited)[0] as number | null;
    };
    return { url, env, identity, end };
  }
  throw new Error(`the image ended with ${String((await exited)[0])}`);
}

/** Every file with its size and time of change. */
function contents(): Set<string> {
  const entries = everything().map((path) => {
    const stat = lstatSync(path);
    return stat.isDirectory() ? path : `${path} ${stat.size} ${stat.mtimeMs}`;
  });
  return new Set(entries);
}

test('the image holds what runs, and no tool of development or test', () => {
  const packages = globSync(`${root}/app/node_modules/.pnpm/*`).map((path) => path.split('/').at(-1) ?? '');
  assert.ok(packages.some((name) => name.startsWith('node-linux-')));
  assert.deepEqual(
    packages.filter((name) => /^(typescript|knip|oxlint|@biomejs|fast-check|@bufbuild\+buf)/.test(name)),
    [],
  );
  assert.deepEqual(globSync(`${root}/app/{libs,services}/*/src/**/*.{test,bench,test-support}.ts`), []);
});

test('the image serves as a user who cannot write there; what is pushed is found', async () => {
  const before = contents();
  const { url, env, identity, end } = await startImage();
  const profile = smallPprof({ stacks: [{ frames: ['main', 'work'], value: 41n }], timeMs: Date.now() });
  assert.equal(await totalOf(url, 'shop', await push(url, 'shop', profile)), 41n);

  const page = await (await fetch(url)).text();
  const asset = /src="([^"]+\.js)"/.exec(page)?.[1];
  assert.equal((await fetch(new URL(asset ?? '/no-script', url))).status, 200, page);

  const check = lastOf(image, 'HEALTHCHECK')
    .replace(/^.*?CMD /, '')
    .replace(':4040', `:${new URL(url).port}`);
  const [program, ...words] = list(check);
  await runFile(program, words, { env, ...identity });
  const elsewhere = words.map((word) => word.replace(/:\d+/, ':1'));
  await assert.rejects(runFile(program, elsewhere, { env, ...identity }), { code: 1 });

  assert.equal(await end(), 0);
  assert.deepEqual(
    [...contents()].filter((entry) => !before.has(entry)),
    [],
  );
});

test('the sample program pushes what it burns', { skip: skipUnlessOnPath('go') }, async () => {
  const { url, end } = await startImage();
  const program = `${temporaryDirectory()}/sample-app`;
  await runFile('go', ['build', '-o', program, '.'], { cwd: `${PROJECT}/deploy/sample-app` });
  const app = spawn(program, { env: { PYROSCOPE_SERVER: url }, stdio: 'ignore' });
  const exited = once(app, 'exit');
  while (cpuSeconds(app.pid as number) < 0.3) await new Promise((resolve) => setTimeout(resolve, 20));
  // It sends what it has before it ends.
  app.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  const nowMs = Date.now();
  const range = { start: nowMs - 600_000, end: nowMs + 600_000 };
  const type = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
  const question = { ...range, profileTypeID: type, labelSelector: '{service_name="sample-app", request="search"}' };
  for (let total = 0n; total === 0n; ) {
    const method = 'querier.v1.QuerierService/SelectMergeStacktraces';
    const answer = await ask<{ flamegraph?: { names?: string[]; total?: string } }>(url, method, question);
    total = BigInt(answer.flamegraph?.total ?? 0);
    if (total > 0n) assert.ok(answer.flamegraph?.names?.includes('main.search'));
  }
  assert.equal(await end(), 0);
});
