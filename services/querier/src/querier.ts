/** The querier: runs tasks on blocks of the store within a budget of bytes. Stateless but for its cache. */
import { openBlock } from '@flamelake/block';
import { type Cache, type Clock, FlamelakeError, type ObjectStore } from '@flamelake/model';
import {
  type ExecuteOptions,
  executeCachedTask,
  executeTask,
  type OpenBlock,
  type PartialResult,
  type Task,
} from '@flamelake/query';
import { createPause, createSemaphore, type Metrics, systemClock } from '@flamelake/runtime';
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
  /** Estimated bytes of tasks that run at once; a larger task is refused. */
  readonly admissionBytesMax?: number;
  /** Tasks that may wait for their turn. */
  readonly waitingTasksMax?: number;
  /** Reads of the store in flight. */
  readonly readsMax?: number;
}

/** 512 MiB. */
export const ADMISSION_BYTES_DEFAULT = 536_870_912;
export const WAITING_TASKS_DEFAULT = 1_024;
export const READS_DEFAULT = 32;

export interface Querier {
  /**
   * Answers a task.
   * @throws {FlamelakeError} `not_found` when an object is gone (plan again on a new snapshot), `resource_exhausted` when the task is
   * larger than this querier admits or too many wait, `data_loss` on a corrupt object, `out_of_range` when a sum leaves int64
   */
  execute(task: Task, signal: AbortSignal): Promise<PartialResult>;
}

export function createQuerier(options: QuerierOptions): Querier {
  const { store, storeId, cache, results, clock = systemClock, metrics } = options;
  const admissionBytesMax = options.admissionBytesMax ?? ADMISSION_BYTES_DEFAULT;
  const readsMax = options.readsMax ?? READS_DEFAULT;
  const admission = createSemaphore({
    name: 'query tasks',
    capacity: admissionBytesMax,
    waitingMax: options.waitingTasksMax ?? WAITING_TASKS_DEFAULT,
  });
  const reads = createSemaphore({ name: 'block reads', capacity: readsMax, waitingMax: Number.MAX_SAFE_INTEGER });
  const { tasks, readBytes, lookups } = declareMetrics(metrics, () => admission);
  const context: SourceContext = {
    store,
    storeId,
    cache,
    footers: results,
    reads,
    onRead: (bytes) => readBytes.add(bytes),
  };
  const open: OpenBlock = async (object, signal) => {
    const block = await openBlock(cachedSource(context, object), { signal, tailBytes: object.tailBytes });
    if (block.info.id !== object.id) throw missingObject(object);
    return block;
  };
  const pause = createPause(clock);
  const onLookup = (isHit: boolean) => lookups.add(1, { result: isHit ? 'hit' : 'miss' });
  const run = (task: Task, execution: ExecuteOptions) =>
    results === undefined
      ? executeTask(task, execution)
      : executeCachedTask(task, execution, { cache: results, storeId, onLookup });
  return {
    execute: async (task, signal) => {
      if (task.estimatedBytes > admissionBytesMax) {
        throw new FlamelakeError('resource_exhausted', 'query task is larger than a querier admits; narrow the query', {
          estimatedBytes: task.estimatedBytes,
          limitBytes: admissionBytesMax,
        });
      }
      try {
        const result = await admission.run(() => run(task, { open, signal, pause }), task.estimatedBytes, signal);
        tasks.add(1, { outcome: 'ok' });
        return result;
      } catch (error) {
        tasks.add(1, { outcome: error instanceof FlamelakeError ? error.code : 'internal' });
        throw error;
      }
    },
  };
}

function declareMetrics(metrics: Metrics, admission: () => { readonly inUse: number; readonly waiting: number }) {
  metrics.gauge(
    { name: 'querier_admitted_bytes', help: 'Estimated bytes of query tasks that run.' },
    () => admission().inUse,
  );
  metrics.gauge(
    { name: 'querier_waiting_tasks', help: 'Query tasks that wait for their turn.' },
    () => admission().waiting,
  );
  return {
    tasks: metrics.counter({ name: 'querier_tasks_total', help: 'Query tasks by outcome.', labels: ['outcome'] }),
    lookups: metrics.counter({
      name: 'querier_result_lookups_total',
      help: 'Results on datasets of folded blocks looked up in the cache, by result: hit or miss.',
      labels: ['result'],
    }),
    readBytes: metrics.counter({ name: 'querier_read_bytes_total', help: 'Bytes read from the store for queries.' }),
  };
}
