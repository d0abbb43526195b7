/** Counts what is asked of a store. */
import type { ObjectStore } from '@flamelake/model';

export interface StoreCounts {
  readonly puts: number;
  readonly gets: number;
  readonly lists: number;
  readonly deletes: number;
  readonly readBytes: number;
  /** Reads of blocks and segments alone. */
  readonly blockGets: number;
  readonly blockBytes: number;
}

export interface CountedStore {
  readonly store: ObjectStore;
  /** Since the last call. */
  take(): StoreCounts;
}

const NONE: StoreCounts = { puts: 0, gets: 0, lists: 0, deletes: 0, readBytes: 0, blockGets: 0, blockBytes: 0 };
/** Deleted by one request, on S3. */
const DELETE_KEYS_MAX = 1_000;

export function createCountedStore(inner: ObjectStore): CountedStore {
  let counts = { ...NONE };
  return {
    store: {
      ...inner,
      putIfAbsent(key, body) {
        counts.puts++;
        return inner.putIfAbsent(key, body);
      },
      put(key, body) {
        counts.puts++;
        return inner.put(key, body);
      },
      async get(key, range, signal) {
        const found = await inner.get(key, range, signal);
        const bytes = found?.bytes.length ?? 0;
        const isBlock = key.includes('/blocks/') || key.includes('/segments/');
        counts.gets++;
        counts.readBytes += bytes;
        if (isBlock && found !== undefined) {
          counts.blockGets++;
          counts.blockBytes += bytes;
        }
        return found;
      },
      list(prefix, options) {
        counts.lists++;
        return inner.list(prefix, options);
      },
      listFolders(prefix) {
        counts.lists++;
        return inner.listFolders(prefix);
      },
      delete(keys) {
        counts.deletes += Math.ceil(keys.length / DELETE_KEYS_MAX);
        return inner.delete(keys);
      },
    },
    take() {
      const taken = counts;
      counts = { ...NONE };
      return taken;
    },
  };
}
