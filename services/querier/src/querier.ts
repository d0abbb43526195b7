/** The querier: runs tasks on blocks of the store within its memory. Stateless but for its cache. */
import { openBlock } from '@flamelake/block';
import { type Cache, type Clock, FlamelakeError, type Memory, type ObjectStore } from '@flamelake/model';
import {
  type ExecuteOptions,
  encodePartialResult,
  executeCachedTask,
  executeTask,
  type OpenBlock,
  type PartialResult,
  type Task,
  taskBytes,
} from '@flamelake/query';
import {
  createMemoryBudget,
  createPause,
  createSemaphore,
  type MemoryBudget,
  type MemoryShare,
  type Metrics,
  systemClock,
} from '@flamelake/runtime';
import { cachedSource, missingObject, type SourceContext } from './cached-source.ts';

export interface QuerierOptions {
  readonly store: ObjectStore;
  /** Random id of the store. */
  readonly storeId: string;
  /** Keeps ranges of blocks; bounded by its owner. */
  readonly cache?: Cache;
  /** Keeps results on folded blocks and footers; may be shared by queriers, then it is sealed. */
  readonly results?: Cache;
  /** The system's by default. */
  readonly clock?: Clock;
  readonly metrics: Metrics;
  /** Bytes that all tasks together hold at most: what they read, decode and add up. */
  readonly memoryBytesMax?: number;
  /** Tasks that may wait for their turn. */
  readonly waitingTasksMax?: number;
  /** Reads of the store in flight. */
  readonly readsMax?: number;
}

/** 1 GiB. */
export const MEMORY_BYTES_DEFAULT = 1_073_741_824;
export const WAITING_TASKS_DEFAULT = 1_024;
export const READS_DEFAULT = 32;
/** What a task holds for each byte it reads, about: decoded it is many times as much, but not all of it at once. */
const HELD_FACTOR = 8;
/** Part of the memory that a task begins with at most: others are not to wait for what a large one may never need. */
const FIRST_SHARE_MAX = 1 / 4;

export interface Querier {
  /**
   * Answers a task.
   * @param memory - of whoever asks: the result is taken from it
   * @throws {FlamelakeError} `not_found` when an object is gone (plan again on a new snapshot), `resource_exhausted` when the task
   * needs more memory than there is or too many wait, `data_loss` on a corrupt object, `out_of_range` when a sum leaves int64
   */
  execute(task: Task, signal: AbortSignal, memory?: Memory): Promise<PartialResult>;
  /**
   * The same as a message, made while its task still has its memory.
   * @param sent - settles when the message has gone; it is counted until then
   */
  answer(task: Task, signal: AbortSignal, sent?: Promise<unknown>): Promise<Uint8Array>;
}

export function createQuerier(options: QuerierOptions): Querier {
  const { store, storeId, cache, results, clock = systemClock, metrics } = options;
  const readsMax = options.readsMax ?? READS_DEFAULT;
  const reads = createSemaphore({ name: 'block reads', capacity: readsMax, waitingMax: Number.MAX_SAFE_INTEGER });
  const { tasks, readBytes, lookups, restarts } = declareMetrics(metrics, () => memory);
  const bytesMax = options.memoryBytesMax ?? MEMORY_BYTES_DEFAULT;
  const memory = createMemoryBudget({
    bytesMax,
    waitingMax: options.waitingTasksMax ?? WAITING_TASKS_DEFAULT,
    onRestart: () => restarts.add(),
    option: 'querier.memory-max',
    tooLarge:
      'query task needs more memory than a querier has; narrow the range or selector of the query, or raise the option',
    tooMany: 'too many query tasks wait for memory; ask less at a time, add queriers, or raise the option',
  });
  const context: SourceContext = {
    store,
    storeId,
    cache,
    footers: results,
    reads,
    onRead: (bytes) => readBytes.add(bytes),
  };
  const open: OpenBlock = async (object, signal, held) => {
    const { tailBytes } = object;
    const block = await openBlock(cachedSource(context, object), { signal, tailBytes, memory: held });
    if (block.info.id !== object.id) throw missingObject(object);
    return block;
  };
  const pause = createPause(clock);
  const onLookup = (isHit: boolean) => lookups.add(1, { result: isHit ? 'hit' : 'miss' });
  const run = (task: Task, execution: ExecuteOptions) =>
    results === undefined
      ? executeTask(task, execution)
      : executeCachedTask(task, execution, { cache: results, storeId, onLookup });
  const inShare = async <T>(
    task: Task,
    signal: AbortSignal,
    finish: (result: PartialResult, share: MemoryShare) => T,
  ): Promise<T> => {
    try {
      const expectedBytes = Math.min(task.estimatedBytes * HELD_FACTOR, bytesMax * FIRST_SHARE_MAX);
      const piece = { tenant: task.selection.tenants.join('|'), expectedBytes, waitingBytes: taskBytes(task) };
      const result = await memory.run(piece, signal, async (share) =>
        finish(await run(task, { open, signal, pause, memory: share }), share),
      );
      tasks.add(1, { outcome: 'ok' });
      return result;
    } catch (error) {
      tasks.add(1, { outcome: error instanceof FlamelakeError ? error.code : 'internal' });
      throw error;
    }
  };
  return {
    execute: (task, signal, memory) =>
      inShare(task, signal, (result, share) => {
        memory?.take(share.heldBytes);
        return result;
      }),
    answer: (task, signal, sent) =>
      inShare(task, signal, (result, share) => {
        // What is still held is the result; as a message it is smaller.
        share.take(share.heldBytes);
        const message = encodePartialResult(result);
        if (sent !== undefined) share.keep(message.length, sent);
        return message;
      }),
  };
}

function declareMetrics(metrics: Metrics, memory: () => MemoryBudget) {
  metrics.gauge(
    { name: 'querier_admitted_bytes', help: 'Memory that query tasks which run may hold.' },
    () => memory().sharedBytes,
  );
  metrics.gauge(
    { name: 'querier_held_bytes', help: 'Memory that query tasks hold: read, decoded and added up.' },
    () => memory().heldBytes,
  );
  metrics.gauge(
    { name: 'querier_held_peak_bytes', help: 'Most memory that query tasks held at a time since the start.' },
    () => memory().peakBytes,
  );
  metrics.gauge(
    { name: 'querier_waiting_tasks', help: 'Query tasks that wait for their turn.' },
    () => memory().waiting,
  );
  return {
    tasks: metrics.counter({ name: 'querier_tasks_total', help: 'Query tasks by outcome.', labels: ['outcome'] }),
    restarts: metrics.counter({
      name: 'querier_restarted_tasks_total',
      help: 'Query tasks that began again, with a larger share of the memory.',
    }),
    lookups: metrics.counter({
      name: 'querier_result_lookups_total',
      help: 'Results on datasets of folded blocks looked up in the cache, by result: hit or miss.',
      labels: ['result'],
    }),
    readBytes: metrics.counter({ name: 'querier_read_bytes_total', help: 'Bytes read from the store for queries.' }),
  };
}
