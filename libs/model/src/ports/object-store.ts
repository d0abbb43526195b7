/**
 * The store every byte of Flamelake ends in. Objects are immutable; put-if-absent is the only coordination.
 */

/** What is known of an object without reading it. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** When the store wrote it, by the store's clock, in ms since 1970. */
  readonly modifiedMs: number;
}

/** Part of an object, as read. */
export interface ObjectRange {
  /** Owned by the caller. May be shorter than asked for at the end of the object. */
  readonly bytes: Uint8Array;
  /** Size of the whole object. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Changes when another object takes the key; equal bytes may have equal tags. */
  readonly etag: string;
}

/** Which bytes to read: from an offset, or the last ones. */
export type ByteRange = { readonly offset: number; readonly length: number } | { readonly lastBytes: number };

export interface ObjectStore {
  /**
   * Writes an object when the key is absent. The answer is a hint: after an error the object may exist or come to exist.
   * @returns whether this call made it
   */
  putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'>;
  /** Writes an object under a key nobody else writes (a random id is part of it). May be large. */
  put(key: string, body: Uint8Array): Promise<void>;
  /**
   * Reads an object or part of it.
   * @returns undefined when the key is absent
   * @throws {FlamelakeError} `unavailable` when the store does not answer
   */
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRange | undefined>;
  /** Lists keys that begin with `prefix` and sort after `startAfter`, in byte order, at most `limit` (≤ 1,000). */
  list(prefix: string, options?: { startAfter?: string; limit?: number }): Promise<readonly ObjectInfo[]>;
  /** Lists the distinct next path elements below `prefix`, which ends in `/`: `a/b/` holds `c` when `a/b/c/…` exists. */
  listFolders(prefix: string): Promise<readonly string[]>;
  /** Deletes keys; absent ones are no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** The store's own clock, ms since 1970: what `modifiedMs` is compared with. */
  nowMs(): Promise<number>;
  close(): Promise<void>;
}
