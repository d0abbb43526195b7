/** A role's process under a supervisor: whatever ends it, it is started again. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../e2e/server-process.ts';

export interface Supervised {
  readonly role: string;
  /** Undefined while it is started. */
  readonly process: ServerProcess | undefined;
  /** Most bytes of memory that any of its processes had. */
  readonly rssBytesPeak: number;
  /** kill -9; started again after a while. */
  kill(downMs: number): Promise<void>;
  /** SIGSTOP, and SIGCONT after a while. */
  freeze(forMs: number): Promise<void>;
  /** SIGTERM; started again when it has ended. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SupervisedOptions {
  readonly role: string;
  readonly start: () => Promise<ServerProcess>;
  readonly onStart?: () => void;
  /** It could not be started, and will be tried again. */
  readonly onTrouble?: (words: string) => void;
  /** It has ended, and nobody had asked it to; or somebody had, and it failed at that. */
  readonly onEnd: (words: string) => void;
}

const KIB = 1_024;
const SAMPLE_MS = 500;
const START_AGAIN_MS = 500;

export async function supervise({ role, start, onStart, onTrouble, onEnd }: SupervisedOptions): Promise<Supervised> {
  let process: ServerProcess | undefined;
  let rssBytesPeak = 0;
  let isOver = false;
  const sample = setInterval(() => {
    if (process !== undefined) rssBytesPeak = Math.max(rssBytesPeak, rssBytesMost(process.pid));
  }, SAMPLE_MS);

  /** What it needs may be away: it is tried again, as an orchestrator does. */
  const begin = async (): Promise<void> => {
    while (process === undefined && !isOver) {
      try {
        const started = await start();
        void started.exited.then(() => {
          if (process !== started || isOver) return;
          process = undefined;
          const last = started.log.slice(-3).map((line) => JSON.stringify(line));
          onEnd(`${role} ended by itself: ${last.join(' ')}`);
          void begin();
        });
        process = started;
        onStart?.();
      } catch (error) {
        onTrouble?.(`${role} does not start: ${String(error).slice(0, 300)}`);
        await sleep(START_AGAIN_MS);
      }
    }
    if (isOver) await process?.kill();
  };
  const take = (): ServerProcess | undefined => {
    const taken = process;
    process = undefined;
    return taken;
  };
  await begin();
  return {
    role,
    get process() {
      return process;
    },
    get rssBytesPeak() {
      return rssBytesPeak;
    },
    async kill(downMs) {
      await take()?.kill();
      await sleep(downMs);
      await begin();
    },
    async freeze(forMs) {
      const frozen = process;
      if (frozen === undefined) return;
      globalThis.process.kill(frozen.pid, 'SIGSTOP');
      await sleep(forMs);
      if (process === frozen) globalThis.process.kill(frozen.pid, 'SIGCONT');
    },
    async restart() {
      const taken = take();
      const code = await taken?.terminate();
      // What it stands on is away for seconds, its shutdown may take longer.
      if (code !== undefined && code !== 0) onEnd(`${role} ended with ${code} at SIGTERM`);
      await begin();
    },
    async stop() {
      isOver = true;
      clearInterval(sample);
      await process?.kill();
    },
  };
}

/** The most it ever was, so that nothing between two looks is missed. */
function rssBytesMost(pid: number): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib ?? 0) * KIB;
  } catch {
    return 0; // it has just ended
  }
}
