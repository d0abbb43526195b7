/** Where blocks are read from: an object of a store, or bytes in memory. */
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import type { BlockSource } from './types.ts';

/** An object as the catalog names it. */
export interface ObjectName {
  readonly key: string;
  readonly sizeBytes: number;
  /** When given, an object with another tag under the key is a missing object. */
  readonly etag?: string;
}

/** Reads ranges of an object; a missing one, or another one under its key, is `not_found`. */
export function objectSource(store: Pick<ObjectStore, 'get'>, { key, sizeBytes, etag }: ObjectName): BlockSource {
  return {
    key,
    sizeBytes,
    async read(offset, lengthBytes, signal) {
      const part = await store.get(key, { offset, length: lengthBytes }, signal);
      if (part === undefined) throw new FlamelakeError('not_found', 'block object is gone', { key });
      if (part.sizeBytes !== sizeBytes || (etag !== undefined && part.etag !== etag)) {
        throw new FlamelakeError('not_found', 'block object was replaced by another', { key });
      }
      return part.bytes;
    },
  };
}

/** Reads views into `bytes`. */
export function memorySource(bytes: Uint8Array, key = 'memory'): BlockSource {
  return {
    key,
    sizeBytes: bytes.length,
    read: (offset, lengthBytes) => Promise.resolve(bytes.subarray(offset, offset + lengthBytes)),
  };
}
