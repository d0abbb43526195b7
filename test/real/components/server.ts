/** A real server as a child process on loopback, on a port found by trying. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  /** kill -9; data that is its own goes with it. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly name: string;
  /** Where its data is, when it outlives the server; else an empty directory of its own. */
  readonly directory?: string;
  /** Program, words and environment for a port. */
  readonly command: (
    port: number,
    directory: string,
  ) => {
    readonly program: string;
    readonly words: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  };
  /** Whether it is this server that answers on the port, and it is ready. */
  readonly isReady: (port: number, output: string) => Promise<boolean>;
}

const PORTS_TRIED = 20;
const READY_TIMEOUT_MS = 60_000;
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a server; a taken port is left for another. */
export async function startServer(server: ServerCommand): Promise<RunningServer> {
  let output = '';
  for (let tries = 0; tries < PORTS_TRIED; tries++) {
    // Below the range that systems give to outgoing connections.
    const port = randomInt(20_000, 32_000);
    const directory = server.directory ?? mkdtempSync(`${tmpdir()}/flamelake-${server.name}-`);
    const { program, words, environment } = server.command(port, directory);
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    running.add(child);
    child.once('exit', () => running.delete(child));
    output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output = (output + String(chunk)).slice(-10_000);
      });
    }
    const stop = async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      if (server.directory === undefined) rmSync(directory, { recursive: true, force: true });
    };
    if (await isUp(child, () => server.isReady(port, output))) return { port, pid: child.pid as number, stop };
    await stop();
  }
  throw new Error(`${server.name} does not start: ${output}`);
}

async function isUp(child: ChildProcess, isReady: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const ready = await isReady().catch(() => false);
    // One that found its port taken may take a moment to end.
    if (ready && child.exitCode === null) return true;
    await sleep(50);
  }
  return false;
}
