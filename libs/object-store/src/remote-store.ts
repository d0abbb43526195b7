/**
 * An object store over the network: a driver with the rules that all of them share. Every operation has a place among a
 * bounded number, every try a timeout, every retry a maximum; slow reads are hedged; a put-if-absent is tried once.
 */
import { type Clock, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { createSemaphore, type Metrics, retry } from '@flamelake/runtime';
import { resolveRange } from './byte-range.ts';
import { createHedge } from './hedge.ts';
import { checkFolderPrefix, checkListLimit, LIST_LIMIT_MAX } from './list-limit.ts';
import { checkConditionalSize, checkKey } from './object-key.ts';
import { withProgressTimeout } from './progress-timeout.ts';
import { DELETE_KEYS_MAX, type RemoteCall, type RemoteDriver } from './remote-driver.ts';

/** Options that every store over the network has. */
export interface RemoteStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Put before every key; empty, or path elements joined by `/`. */
  readonly prefix?: string;
  /** Longest time without a byte moving, 15 s by default. */
  readonly requestTimeoutMs?: number;
  /** Tries of an operation that may be repeated, the first included; 4 by default. */
  readonly attemptsMax?: number;
  /** Operations under way at once; 64 by default. */
  readonly concurrency?: number;
  /** Operations that may wait for a place, 10,000 by default; beyond it `resource_exhausted`. */
  readonly waitingMax?: number;
  readonly metrics?: Metrics;
}

/** An object store in a bucket that may have to be made first. */
export interface RemoteStore extends ObjectStore {
  /**
   * Makes the bucket when there is none; one that is there is left as it is.
   * @throws {FlamelakeError} `permission_denied` with the permission that is missing
   */
  makeBucket(): Promise<'created' | 'exists'>;
}

/** Tries of a put-if-absent that the store refused because another was under way. */
const CONFLICTS_MAX = 8;
/** Longest wait, when it closes, for operations under way: whoever needs their outcome has waited before. */
const CLOSE_MS_MAX = 5_000;
/** Slowest upload that is not given up, bytes a second: how long a put of a given size may take. */
const UPLOAD_RATE_MIN = 1_048_576;

export function createRemoteStore(driver: RemoteDriver, options: RemoteStoreOptions): RemoteStore {
  const { clock, random, requestTimeoutMs = 15_000, attemptsMax = 4, concurrency = 64, waitingMax = 10_000 } = options;
  const root = rootOf(options.prefix ?? '');
  const places = createSemaphore({ name: 'object store operations', capacity: concurrency, waitingMax });
  options.metrics?.gauge(
    { name: 'object_store_operations', help: 'Operations of the object store under way.' },
    () => places.inUse,
  );
  options.metrics?.gauge(
    { name: 'object_store_operations_waiting', help: 'Operations of the object store waiting for a place.' },
    () => places.waiting,
  );
  const retries = options.metrics?.counter({
    name: 'object_store_retries_total',
    help: 'Tries of operations on the object store that were repeated, by error code.',
    labels: ['code'],
  });
  const hedge = createHedge({ clock, metrics: options.metrics });
  const closing = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  const run = async <T>(operation: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    if (closing.signal.aborted) throw new FlamelakeError('failed_precondition', 'object store is closed');
    const done = places.run(operation, 1, signal);
    underWay.add(done);
    try {
      return await done;
    } finally {
      underWay.delete(done);
    }
  };
  /** One try within its timeout, its error said in our words. */
  const once = async <T>(
    attempt: (call: RemoteCall) => Promise<T>,
    signal?: AbortSignal,
    timeoutMs = requestTimeoutMs,
  ) => {
    try {
      return await withProgressTimeout(attempt, { clock, timeoutMs, signal });
    } catch (error) {
      throw error instanceof FlamelakeError ? error : driver.explain(error);
    }
  };
  const repeated = <T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
    retry(attempt, {
      clock,
      random,
      attemptsMax,
      delayMs: 50,
      delayMsMax: 2_000,
      signal: signal ?? closing.signal,
      onRetry: (error) => retries?.add(1, { code: error.code }),
    });
  const uploadMs = (body: Uint8Array) => requestTimeoutMs + (body.length / UPLOAD_RATE_MIN) * 1_000;

  const putIfAbsent = async (key: string, body: Uint8Array): Promise<'created' | 'exists'> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await once((call) => driver.putIfAbsent(key, body, call), undefined, uploadMs(body));
      if (answer !== 'conflict') return answer;
      if (attempt >= CONFLICTS_MAX) {
        throw new FlamelakeError('unavailable', 'other writers of the key kept the object store busy', { attempt });
      }
      await clock.sleep(random.fraction() * 20 * 2 ** attempt, closing.signal);
    }
  };

  return {
    async putIfAbsent(key, body) {
      const whole = checkedKey(root, key);
      checkConditionalSize(body);
      return run(() => putIfAbsent(whole, body));
    },
    async put(key, body) {
      const whole = checkedKey(root, key);
      await run(() => repeated(() => once((call) => driver.put(whole, body, call), undefined, uploadMs(body))));
    },
    async get(key, range, signal) {
      const whole = checkedKey(root, key);
      resolveRange(range, 0);
      if (signal?.aborted) throw new FlamelakeError('canceled', 'read was canceled', { key });
      const read = (own: AbortSignal) => once((call) => driver.get(whole, range, call), own);
      return run(() => repeated(() => hedge(read, { isHedged: range !== undefined, signal }), signal), signal);
    },
    async list(prefix, { startAfter, limit = LIST_LIMIT_MAX } = {}) {
      checkListLimit(limit);
      const after = startAfter === undefined ? '' : root + startAfter;
      const found = await run(() => repeated(() => once((call) => driver.list(root + prefix, after, limit, call))));
      return root === '' ? found : found.map((info) => ({ ...info, key: info.key.slice(root.length) }));
    },
    async listFolders(prefix) {
      checkFolderPrefix(prefix);
      return run(() => repeated(() => once((call) => driver.listFolders(root + prefix, call))));
    },
    async delete(keys) {
      const all = keys.map((key) => checkedKey(root, key));
      for (let i = 0; i < all.length; i += DELETE_KEYS_MAX) {
        const some = all.slice(i, i + DELETE_KEYS_MAX);
        await run(() => repeated(() => once((call) => driver.delete(some, call))));
      }
    },
    async nowMs() {
      return run(() => repeated(() => once((call) => driver.nowMs(call))));
    },
    async makeBucket() {
      if (await run(() => repeated(() => once((call) => driver.hasBucket(call))))) return 'exists';
      try {
        return await run(() => repeated(() => once((call) => driver.makeBucket(call))));
      } catch (cause) {
        if (!(cause instanceof FlamelakeError) || cause.code !== 'permission_denied') throw cause;
        throw new FlamelakeError(
          cause.code,
          'bucket does not exist and may not be made; make it by hand or give the permission',
          { ...cause.details, lookAt: driver.makePermission },
          { cause },
        );
      }
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      const settled = new AbortController();
      const late = clock.sleep(CLOSE_MS_MAX, settled.signal);
      await Promise.race([Promise.allSettled(underWay), late]);
      settled.abort();
      await driver.close();
    },
  };
}

function checkedKey(root: string, key: string): string {
  checkKey(key);
  const whole = root + key;
  // The limit on length counts the prefix too.
  if (root !== '') checkKey(whole);
  return whole;
}

function rootOf(prefix: string): string {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') return '';
  checkKey(trimmed);
  return `${trimmed}/`;
}
