/** A cache in this process's memory: the least recently used bytes go first. */
import type { Cache } from '@flamelake/model';
import type { Metrics } from '@flamelake/runtime';

/** Memory an entry costs beside its key and value, estimated. */
const ENTRY_OVERHEAD_BYTES = 256;

export interface MemoryCacheOptions {
  /** Memory for keys, values and the entries themselves. A value that alone would not fit is not kept. */
  readonly bytesMax: number;
  readonly metrics?: Metrics;
}

/** Numbers since the start, and what is held now. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly entries: number;
  readonly sizeBytes: number;
}

export interface MemoryCache extends Cache {
  counts(): CacheCounts;
}

export function createMemoryCache(options: MemoryCacheOptions): MemoryCache {
  const { bytesMax, metrics } = options;
  /** Least recently used first: a Map keeps the order of insertion. */
  const entries = new Map<string, Uint8Array>();
  let sizeBytes = 0;
  let hits = 0;
  let misses = 0;
  let evictions = 0;
  let isClosed = false;

  const requests = metrics?.counter({
    name: 'cache_requests_total',
    help: 'Look-ups in the in-process cache, by result: hit or miss.',
    labels: ['result'],
  });
  const evicted = metrics?.counter({
    name: 'cache_evictions_total',
    help: 'Entries that went from the in-process cache to make room.',
  });
  metrics?.gauge({ name: 'cache_size_bytes', help: 'Memory held by the in-process cache.' }, () => sizeBytes);
  metrics?.gauge({ name: 'cache_limit_bytes', help: 'Memory the in-process cache may hold.' }, () => bytesMax);

  const remove = (key: string, value: Uint8Array) => {
    entries.delete(key);
    sizeBytes -= entryBytes(key, value);
  };

  return {
    async get(key) {
      const value = entries.get(key);
      if (value === undefined) {
        misses++;
        requests?.add(1, { result: 'miss' });
        return undefined;
      }
      entries.delete(key);
      entries.set(key, value);
      hits++;
      requests?.add(1, { result: 'hit' });
      // A copy, so that a caller who writes into it changes no later answer.
      return value.slice();
    },
    async set(key, value) {
      const before = entries.get(key);
      if (before !== undefined) remove(key, before);
      const needed = entryBytes(key, value);
      if (needed > bytesMax || isClosed) return;
      for (const [oldKey, oldValue] of entries) {
        if (sizeBytes + needed <= bytesMax) break;
        remove(oldKey, oldValue);
        evictions++;
        evicted?.add();
      }
      entries.set(key, value.slice());
      sizeBytes += needed;
    },
    async close() {
      isClosed = true;
      entries.clear();
      sizeBytes = 0;
    },
    counts: () => ({ hits, misses, evictions, entries: entries.size, sizeBytes }),
  };
}

/** Strings take up to two bytes a unit. */
function entryBytes(key: string, value: Uint8Array): number {
  return ENTRY_OVERHEAD_BYTES + 2 * key.length + value.length;
}
