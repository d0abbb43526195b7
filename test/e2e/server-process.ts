/** A real server process on a port of its own choosing, for the tests of this folder. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const HOME = new URL('../..', import.meta.url).pathname;
const READY_TIMEOUT_MS = 30_000;

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly directory: string;
  /** Log lines so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Resolves with the exit code when it ends, by itself or not. */
  readonly exited: Promise<number | null>;
  /** Ends it as an operator does; resolves with the exit code. */
  terminate(): Promise<number | null>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

const children = new Set<ChildProcess>();
const directories: string[] = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A new empty directory, removed when the test process ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flamelake-test-'));
  directories.push(directory);
  return directory;
}

/** Starts `flamelake serve` and waits until it is ready. */
export async function startServer(
  options: {
    readonly directory?: string;
    readonly flags?: readonly string[];
    readonly nodeFlags?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    /** Certificates to ask with, of a server that speaks TLS. */
    readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
    /** Top of the sources that are run: this release's if absent. */
    readonly home?: string;
    /** Told when its port is open: it may wait for something before it is ready. */
    readonly onStarting?: (url: string, process: ChildProcess) => void;
  } = {},
): Promise<ServerProcess> {
  const directory = options.directory ?? temporaryDirectory();
  const words = [
    'serve',
    '--server.host=127.0.0.1',
    '--server.port=0',
    `--data.directory=${directory}`,
    // Tests that count what is stored want nothing there but their own; another release may not know the flag.
    ...(options.home !== undefined || options.flags?.some((flag) => flag.startsWith('--canary.'))
      ? []
      : ['--canary.enabled=false']),
    ...(options.flags ?? []),
  ];
  const main = join(options.home ?? HOME, 'services/flamelake/src/main.ts');
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  children.add(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.once('exit', () => children.delete(child));
  const log: Record<string, unknown>[] = [];
  const url = await listening(child, log, options.onStarting);
  await ready(url, child, options.tls).catch((error: unknown) => {
    // A living child would keep the test process from ending.
    child.kill('SIGKILL');
    throw error;
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return {
    url,
    pid: child.pid as number,
    directory,
    log,
    exited,
    terminate: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

function listening(
  child: ChildProcess,
  log: Record<string, unknown>[],
  onStarting?: (url: string, process: ChildProcess) => void,
): Promise<string> {
  const words: string[] = [];
  child.stdout?.resume();
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the server ended with ${code} before it listened: ${words.join('\n')}`)),
    );
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      words.splice(0, words.length - 50);
      words.push(line);
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (entry.message === 'starting') onStarting?.(String(entry.url), child);
      if (entry.message === 'listening') resolve(String(entry.url));
    });
  });
}

async function ready(url: string, child: ChildProcess, tls: RequestOptions = {}): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const { status, text } = await get(`${url}/ready`, tls);
    if (status === 200) return;
    assert.ok(performance.now() < deadline && child.exitCode === null, `the server does not get ready: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A GET on a connection of its own, with certificates that `fetch` does not take. */
export function get(
  url: string,
  tls: RequestOptions = {},
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https') ? httpsRequest : httpRequest;
    const asked = request(url, { ...tls, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    asked.on('error', reject).end();
  });
}

/** Calls a method with Connect JSON; returns status, headers and the parsed body. */
export async function call(
  url: string,
  method: string,
  message: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(message),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** Like `call`, but anything but 200 fails the test with the server's words. */
export async function ask<Answer>(
  url: string,
  method: string,
  message: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { status, body } = await call(url, method, message, headers);
  assert.equal(status, 200, `${method}: ${JSON.stringify(body)}`);
  return body as Answer;
}
