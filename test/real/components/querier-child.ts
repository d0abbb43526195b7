/** The parent's side of a querier process: starts it, gives it commands, keeps what it told. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export type QuerierCommand = 'stall' | 'go on' | 'tell memory';
export type QuerierReport =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'task'; readonly blocks: readonly string[] }
  | { readonly kind: 'canceled' }
  | ({ readonly kind: 'memory' } & QuerierMemory)
  | { readonly kind: 'done'; readonly command: QuerierCommand };

/** Bytes. */
export interface QuerierMemory {
  /** What its tasks held at most, by its own count. */
  readonly heldPeak: number;
  /** What the process had in memory at most. */
  readonly residentPeak: number;
}

export interface QuerierChild {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Blocks of the tasks it was given, in order. */
  readonly tasks: (readonly string[])[];
  /** How many tasks were canceled. */
  readonly canceled: () => number;
  command(command: QuerierCommand): Promise<void>;
  memory(): Promise<QuerierMemory>;
  /** Resolves when the condition, looked at after every report, holds. */
  until(isTrue: () => boolean): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>;
}

export interface QuerierChildOptions {
  readonly directory: string;
  readonly host?: string;
  readonly port?: number;
  readonly memoryBytes?: number;
  /** 0: it refuses every task as one too many. */
  readonly waitingTasksMax?: number;
}

const SCRIPT = new URL('./querier-process.ts', import.meta.url).pathname;
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts a querier; rejects when it does not come up. */
export async function startQuerierChild(options: QuerierChildOptions): Promise<QuerierChild> {
  const { directory, host = '127.0.0.1', port = 0, memoryBytes = 2 ** 29, waitingTasksMax = 1_024 } = options;
  const numbers = [port, memoryBytes, waitingTasksMax].map(String);
  const child = fork(SCRIPT, [directory, host, ...numbers], { stdio: 'inherit' });
  children.add(child);
  const ended = once(child, 'exit').then(() => children.delete(child));
  const tasks: (readonly string[])[] = [];
  const done: QuerierCommand[] = [];
  const watchers = new Set<() => void>();
  let canceled = 0;
  let memory: QuerierMemory = { heldPeak: 0, residentPeak: 0 };
  let boundPort = 0;
  child.on('message', (report: QuerierReport) => {
    if (report.kind === 'ready') boundPort = report.port;
    else if (report.kind === 'task') tasks.push(report.blocks);
    else if (report.kind === 'canceled') canceled++;
    else if (report.kind === 'memory') memory = report;
    else done.push(report.command);
    for (const watcher of watchers) watcher();
  });
  const until = (isTrue: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!isTrue()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      ended.then(() => reject(new Error('querier process ended')), reject);
      look();
    });
  await until(() => boundPort > 0);
  const command = async (one: QuerierCommand) => {
    const count = done.length;
    child.send(one);
    await until(() => done.length > count);
  };
  return {
    address: `${host}:${boundPort}`,
    host,
    port: boundPort,
    tasks,
    canceled: () => canceled,
    command,
    async memory() {
      await command('tell memory');
      return memory;
    },
    until,
    signal: (name) => void child.kill(name),
    ended,
  };
}
