/**
 * Byte ranges of a block object, from the cache or the store. Blocks are immutable and known by random id, so what the cache holds under
 * an id stays right; whether the object is there is believed only from the store.
 */
import type { BlockSource } from '@flamelake/block';
import { type Cache, FlamelakeError, type ObjectRange, type ObjectStore } from '@flamelake/model';
import type { ObjectRef } from '@flamelake/query';
import type { Semaphore } from '@flamelake/runtime';

export interface SourceContext {
  readonly store: ObjectStore;
  /** Prefix of the store's keys in the cache: its random id. */
  readonly storeId: string;
  readonly cache: Cache | undefined;
  /** Keeps the ends of objects, where their footers are, beside the cache. */
  readonly footers: Cache | undefined;
  /** Bounds reads in flight. */
  readonly reads: Semaphore;
  /** Called for each read of the store. */
  readonly onRead: (bytes: number) => void;
}

/** @returns a source whose reads throw `not_found` when the object is gone or another one is under its key */
export function cachedSource(context: SourceContext, object: ObjectRef): BlockSource {
  const { store, storeId, cache, footers, reads, onRead } = context;
  return {
    key: object.key,
    sizeBytes: object.sizeBytes,
    read: async (offset, lengthBytes, signal) => {
      const cacheKey = `${storeId}/block/${object.id}/${offset}/${lengthBytes}`;
      const cached = await cache?.get(cacheKey);
      if (cached?.length === lengthBytes) return cached;
      const isEnd = offset + lengthBytes === object.sizeBytes && footers !== cache;
      const footer = isEnd ? await footers?.get(cacheKey) : undefined;
      if (footer?.length === lengthBytes) {
        await cache?.set(cacheKey, footer);
        return footer;
      }
      const range = { offset, length: lengthBytes };
      const found = await reads.run(() => store.get(object.key, range, signal), 1, signal);
      if (found === undefined || !isSame(found, object)) throw missingObject(object);
      onRead(found.bytes.length);
      await cache?.set(cacheKey, found.bytes);
      if (isEnd) await footers?.set(cacheKey, found.bytes);
      return found.bytes;
    },
  };
}

function isSame(found: ObjectRange, object: ObjectRef): boolean {
  return found.sizeBytes === object.sizeBytes && (object.etag === undefined || found.etag === object.etag);
}

/** The snapshot the query was planned on is stale: plan again. */
export function missingObject({ key, id }: ObjectRef): FlamelakeError {
  return new FlamelakeError('not_found', 'object of the snapshot is gone', { key, id });
}
