/** What a driver of a store over the network does; `createRemoteStore` makes an ObjectStore of it. */
import type { ByteRange, FlamelakeError, ObjectInfo, ObjectRange } from '@flamelake/model';

/** One try of one operation. */
export interface RemoteCall {
  /** Aborts when the caller gave up, or nothing moved for the request timeout. */
  readonly signal: AbortSignal;
  /** Tells that bytes moved: the request timeout begins anew. */
  readonly progress: () => void;
}

/**
 * One store, one bucket. Keys are whole (the prefix is in them) and checked. A driver tries once, and throws whatever its
 * client throws; `explain` says it in our words.
 */
export interface RemoteDriver {
  /** `conflict`: the store refused because of another writer, nothing was written, ask again. */
  putIfAbsent(key: string, body: Uint8Array, call: RemoteCall): Promise<'created' | 'exists' | 'conflict'>;
  put(key: string, body: Uint8Array, call: RemoteCall): Promise<void>;
  get(key: string, range: ByteRange | undefined, call: RemoteCall): Promise<ObjectRange | undefined>;
  list(prefix: string, startAfter: string, limit: number, call: RemoteCall): Promise<readonly ObjectInfo[]>;
  /** The next path elements below a prefix, in byte order of the keys below them. */
  listFolders(prefix: string, call: RemoteCall): Promise<readonly string[]>;
  /** Deletes at most DELETE_KEYS_MAX keys. */
  delete(keys: readonly string[], call: RemoteCall): Promise<void>;
  nowMs(call: RemoteCall): Promise<number>;
  /** Whether the bucket is there, found with the permissions that reading needs. */
  hasBucket(call: RemoteCall): Promise<boolean>;
  /** Makes the bucket; `exists`: another made it meanwhile. */
  makeBucket(call: RemoteCall): Promise<'created' | 'exists'>;
  /** What makes buckets, in the store's words. */
  readonly makePermission: string;
  /** An error of the client as ours; what may pass by itself is `unavailable`. */
  explain(error: unknown): FlamelakeError;
  close(): Promise<void>;
}

/** Most keys of one bulk delete: the limit of S3. */
export const DELETE_KEYS_MAX = 1_000;
/** Most folders one listing answers, against a listing without end. */
export const FOLDERS_MAX = 100_000;
