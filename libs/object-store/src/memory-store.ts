/** An object store in memory: for tests, and the model that other stores are compared with. */
import { type Clock, compareBytes, FlamelakeError, type ObjectInfo, type ObjectStore } from '@flamelake/model';
import { resolveRange } from './byte-range.ts';
import { checkFolderPrefix, checkListLimit, LIST_LIMIT_MAX } from './list-limit.ts';
import { checkConditionalSize, checkKey } from './object-key.ts';

interface StoredObject extends ObjectInfo {
  readonly body: Uint8Array;
  readonly etag: string;
}

/** Makes an empty store. Bodies are copied in and out. */
export function createMemoryStore(options: { readonly clock: Clock }): ObjectStore {
  const { clock } = options;
  const objects = new Map<string, StoredObject>();
  /** Keys in byte order. */
  const keys: string[] = [];
  let lastEtag = 0;
  let isClosed = false;

  const checkOpen = () => {
    if (isClosed) throw new FlamelakeError('failed_precondition', 'object store is closed');
  };
  const write = (key: string, body: Uint8Array) => {
    if (!objects.has(key)) keys.splice(firstIndex(keys, key), 0, key);
    lastEtag++;
    const etag = String(lastEtag);
    objects.set(key, { key, body: body.slice(), sizeBytes: body.length, modifiedMs: clock.nowMs(), etag });
  };

  return {
    async putIfAbsent(key, body) {
      checkOpen();
      checkKey(key);
      checkConditionalSize(body);
      if (objects.has(key)) return 'exists';
      write(key, body);
      return 'created';
    },
    async put(key, body) {
      checkOpen();
      checkKey(key);
      write(key, body);
    },
    async get(key, range, signal) {
      checkOpen();
      checkKey(key);
      if (signal?.aborted) throw new FlamelakeError('canceled', 'read was canceled', { key });
      const object = objects.get(key);
      if (object === undefined) return undefined;
      const { body, sizeBytes, modifiedMs, etag } = object;
      const { from, until } = resolveRange(range, sizeBytes);
      return { bytes: body.slice(from, until), sizeBytes, modifiedMs, etag };
    },
    async list(prefix, { startAfter, limit = LIST_LIMIT_MAX } = {}) {
      checkOpen();
      checkListLimit(limit);
      const found: ObjectInfo[] = [];
      let index = firstIndex(keys, prefix);
      if (startAfter !== undefined) {
        const after = firstIndex(keys, startAfter);
        index = Math.max(index, keys[after] === startAfter ? after + 1 : after);
      }
      for (; index < keys.length && found.length < limit; index++) {
        const object = objects.get(keys[index] ?? '');
        if (object === undefined || !object.key.startsWith(prefix)) break;
        found.push({ key: object.key, sizeBytes: object.sizeBytes, modifiedMs: object.modifiedMs });
      }
      return found;
    },
    async listFolders(prefix) {
      checkOpen();
      checkFolderPrefix(prefix);
      const folders = new Set<string>();
      for (let index = firstIndex(keys, prefix); index < keys.length; index++) {
        const key = keys[index] ?? '';
        if (!key.startsWith(prefix)) break;
        const end = key.indexOf('/', prefix.length);
        if (end >= 0) folders.add(key.slice(prefix.length, end));
      }
      return [...folders];
    },
    async delete(gone) {
      checkOpen();
      for (const key of gone) {
        checkKey(key);
        if (objects.delete(key)) keys.splice(firstIndex(keys, key), 1);
      }
    },
    async nowMs() {
      checkOpen();
      return clock.nowMs();
    },
    async close() {
      isClosed = true;
    },
  };
}

/** Index of the first key at or after `key`. */
function firstIndex(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
