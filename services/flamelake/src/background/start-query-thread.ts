/**
 * Large query tasks on a thread of their own, started when the first one comes: summing millions of samples there does not
 * hold up the thread that takes profiles in.
 */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { decodePartialResult, encodeTask } from '@flamelake/query';
import type { ExecuteTask } from '@flamelake/query-frontend';
import type { MetricsSnapshot } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import { type PortCaller, portCaller } from './port-calls.ts';

/** Estimated bytes above which a task is large: some tens of milliseconds of work. */
const LARGE_TASK_BYTES = 262_144;

/** Part of the memory for query tasks that is for those which are not large; the rest is the thread's. */
export const SMALL_TASKS_SHARE = 1 / 8;

/** What the thread is started with. */
export interface QueryThreadData {
  readonly options: ServeOptions;
  readonly port: MessagePort;
}

export interface ExecuteArgument {
  /** Names the execution, so that `cancel` can end it. */
  readonly id: number;
  /** An encoded task. */
  readonly task: Uint8Array;
}

export interface QueryThread {
  /** Runs large tasks on the thread, others where it is called. */
  readonly execute: ExecuteTask;
  metrics(): Promise<readonly MetricsSnapshot[]>;
  close(): Promise<void>;
}

interface Started {
  readonly caller: PortCaller;
  readonly port: MessagePort;
  readonly exited: Promise<unknown>;
}

/** @param executeHere - runs a task in this thread */
export function createQueryThread(options: ServeOptions, executeHere: ExecuteTask): QueryThread {
  let started: Started | undefined;
  let nextId = 0;

  const start = (): Started => {
    const { port1: port, port2 } = new MessageChannel();
    const workerData: QueryThreadData = { options, port: port2 };
    const worker = new Worker(new URL('./query-thread.ts', import.meta.url), { workerData, transferList: [port2] });
    const exited = once(worker, 'exit').finally(() => {
      // Calls under way end as unavailable; the next large task starts another thread.
      port.close();
      started = undefined;
    });
    worker.on('error', () => {});
    exited.catch(() => {});
    return { caller: portCaller(port), port, exited };
  };

  const executeThere: ExecuteTask = async (task, signal, memory) => {
    signal.throwIfAborted();
    started ??= start();
    const { caller } = started;
    const id = nextId++;
    const cancel = (): void => void caller.call('cancel', id).catch(() => {});
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const argument: ExecuteArgument = { id, task: encodeTask(task) };
      return decodePartialResult(await caller.call<Uint8Array>('execute', argument), memory);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };

  return {
    execute: (task, signal, memory) =>
      (task.estimatedBytes > LARGE_TASK_BYTES ? executeThere : executeHere)(task, signal, memory),
    metrics: async () => (started === undefined ? [] : [await started.caller.call<MetricsSnapshot>('metrics')]),
    async close() {
      const ending = started;
      if (ending === undefined) return;
      await ending.caller.call('close');
      await ending.exited;
    },
  };
}
