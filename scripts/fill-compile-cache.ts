/**
 * Fills a folder with compiled modules, for an image in which nothing can be written later: `node fill-compile-cache.ts FOLDER`.
 * Starts the server once, ends it when it is ready, and loads what other roles and threads are made of.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
const LOAD_ONLY = '--load';
/** Drivers, which are imported only when an option asks for them, and roles. */
const MODULES = ['services/flamelake/src/{roles,commands}/*.ts', 'libs/*/src/{*-store,kafka-index,redis}.ts'];

const [folder] = process.argv.slice(2);
if (folder === LOAD_ONLY) await load();
else if (folder === undefined) throw new Error('name the folder to fill');
else {
  const environment = { ...process.env, NODE_COMPILE_CACHE: folder };
  const data = mkdtempSync(join(tmpdir(), 'flamelake-compile-'));
  const main = join(ROOT, 'services/flamelake/src/main.ts');
  await serveOnce(
    [main, 'serve', '--server.host=127.0.0.1', '--server.port=0', `--data.directory=${data}`],
    environment,
  );
  rmSync(data, { recursive: true });
  const loading = spawn(process.execPath, [import.meta.filename, LOAD_ONLY], { env: environment, stdio: 'inherit' });
  await expectSuccess(once(loading, 'exit'));
}

async function serveOnce(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const server = spawn(process.execPath, words, { env, stdio: ['ignore', 'inherit', 'pipe'] });
  const exited = once(server, 'exit');
  for await (const line of createInterface({ input: server.stderr })) {
    console.error(line);
    const { message, url } = JSON.parse(line) as { readonly message: string; readonly url: string };
    if (message !== 'listening') continue;
    // One that answers has heard of signals.
    await fetch(`${url}/ready`);
    server.kill('SIGTERM');
  }
  await expectSuccess(exited);
}

/** Ends with 1 unless the child ended well. */
async function expectSuccess(exited: Promise<unknown[]>): Promise<void> {
  const [code, signal] = await exited;
  if (code === 0) return;
  console.error(`a process ended with ${String(code ?? signal)}`);
  process.exit(1);
}

async function load(): Promise<void> {
  for (const file of filesOf(MODULES)) await import(pathToFileURL(file).href);
  for (const file of filesOf(['services/*/src/**/*-thread.ts'])) {
    // They find no thread to talk to; they are compiled by then.
    await import(pathToFileURL(file).href).catch(() => undefined);
  }
}

function filesOf(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => globSync(join(ROOT, pattern))).filter((file) => !/\.(test|bench)/.test(file));
}
