/** Threads that prepare large profiles, so that decoding one never holds up the event loop. Started when first needed. */
import { Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';
import type { OtlpTask, PreparedMember } from './otlp/prepare-otlp.ts';
import type { PreparedRecords, PrepareTask } from './prepare-records.ts';

/** What a buffer may hold beside a body that has it for itself. */
const ALONE_SLACK_BYTES = 1_024;

export interface PrepareThreads {
  /** @throws {FlamelakeError} what preparing threw, or `unavailable` when the thread ended */
  prepare(task: PrepareTask): Promise<PreparedRecords>;
  /** The same for an OTLP request. A body that has its buffer for itself goes to the thread and is empty then. */
  prepareOtlp(task: OtlpThreadTask): Promise<readonly PreparedMember<readonly Uint8Array[]>[]>;
  /** Ends the threads; tasks under way fail as `unavailable`. */
  close(): Promise<void>;
}

export interface OtlpThreadTask extends OtlpTask {
  readonly recordBytesMax: number;
}

/** What a thread is asked. */
export type ThreadTask =
  | { readonly kind: 'profile'; readonly task: PrepareTask }
  | { readonly kind: 'otlp'; readonly task: OtlpThreadTask };

/** What it makes of each kind. */
export interface ThreadResults {
  readonly profile: PreparedRecords;
  readonly otlp: readonly PreparedMember<readonly Uint8Array[]>[];
}

/** Answer of a thread to the task of the same number. */
export interface PrepareAnswer {
  readonly number: number;
  readonly prepared?: ThreadResults[keyof ThreadResults];
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };
}

interface Waiting {
  resolve(prepared: ThreadResults[keyof ThreadResults]): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

export function createPrepareThreads(count: number): PrepareThreads {
  const threads: Thread[] = [];
  let next = 0;

  const start = (): Thread => {
    const worker = new Worker(new URL('./prepare-thread.ts', import.meta.url));
    // Idle threads keep no process alive.
    worker.unref();
    const thread: Thread = { worker, waiting: new Map() };
    worker.on('message', ({ number, prepared, error }: PrepareAnswer) => {
      const task = thread.waiting.get(number);
      thread.waiting.delete(number);
      if (prepared !== undefined) task?.resolve(prepared);
      else task?.reject(new FlamelakeError(error?.code ?? 'internal', error?.message ?? 'no answer', error?.details));
    });
    const end = (cause: unknown) => {
      const at = threads.indexOf(thread);
      if (at >= 0) threads.splice(at, 1);
      for (const { reject } of thread.waiting.values()) {
        reject(new FlamelakeError('unavailable', 'thread that prepares profiles has ended', {}, { cause }));
      }
      thread.waiting.clear();
    };
    worker.on('error', end);
    worker.on('exit', end);
    threads.push(thread);
    return thread;
  };
  const leastBusy = (): Thread => {
    const idle = threads.find(({ waiting }) => waiting.size === 0);
    if (idle !== undefined) return idle;
    if (threads.length < count) return start();
    return threads.reduce((least, thread) => (thread.waiting.size < least.waiting.size ? thread : least));
  };

  const ask = (thread: Thread, asked: ThreadTask, moved: Uint8Array<ArrayBuffer>) =>
    new Promise<ThreadResults[keyof ThreadResults]>((resolve, reject) => {
      const number = next++;
      thread.waiting.set(number, { resolve, reject });
      thread.worker.postMessage({ number, ...asked }, [moved.buffer]);
    });

  return {
    async prepare(task) {
      // A view would take the whole request along.
      const payload = new Uint8Array(task.incoming.payload);
      const { source } = task.incoming;
      const ownSource = source.format === 'jfr' ? { ...source, labels: new Uint8Array(source.labels) } : source;
      const moved: PrepareTask = { ...task, incoming: { ...task.incoming, payload, source: ownSource } };
      return (await ask(leastBusy(), { kind: 'profile', task: moved }, payload)) as PreparedRecords;
    },
    async prepareOtlp(task) {
      const body = isAlone(task.body) ? task.body : new Uint8Array(task.body);
      return (await ask(leastBusy(), { kind: 'otlp', task: { ...task, body } }, body)) as ThreadResults['otlp'];
    },
    async close() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

/** Whether a view has nearly all of its buffer: what else there is are headers and room that zlib left, but nobody's data. */
function isAlone(view: Uint8Array): view is Uint8Array<ArrayBuffer> {
  return view.buffer instanceof ArrayBuffer && view.buffer.byteLength - view.byteLength <= ALONE_SLACK_BYTES;
}
