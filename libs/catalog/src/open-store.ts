/**
 * `store.json`: who a store is. Put once, by whoever comes first; never changed.
 *
 *     { "formatVersion": 1, "id": 32 hex digits, "sealKey": base64 of 32 bytes, "hmacKey": base64 of 32 bytes }
 */
import { FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import type { StoreKeys } from './seal.ts';

export const STORE_KEY = 'store.json';
const FORMAT_VERSION = 1;

export interface StoreIdentity {
  /** 32 lower-case hex digits, random: keys of shared caches begin with it. */
  readonly id: string;
  readonly keys: StoreKeys;
}

/**
 * Reads who the store is, and decides it when it is new. Racing processes agree.
 * @throws {FlamelakeError} `data_loss` on an unreadable `store.json`, `failed_precondition` when a newer release wrote it
 */
export async function openStore(store: ObjectStore, random: Random): Promise<StoreIdentity> {
  const present = await store.get(STORE_KEY);
  if (present !== undefined) return decodeIdentity(present.bytes);
  const proposal = {
    formatVersion: FORMAT_VERSION,
    id: Buffer.from(random.bytes(16)).toString('hex'),
    sealKey: Buffer.from(random.bytes(32)).toString('base64'),
    hmacKey: Buffer.from(random.bytes(32)).toString('base64'),
  };
  await store.putIfAbsent(STORE_KEY, Buffer.from(JSON.stringify(proposal)));
  const decided = await store.get(STORE_KEY);
  if (decided === undefined) throw new FlamelakeError('unavailable', 'store identity is absent after it was put');
  return decodeIdentity(decided.bytes);
}

function decodeIdentity(bytes: Uint8Array): StoreIdentity {
  let value: Partial<Record<string, unknown>>;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw unreadable(cause);
  }
  const { formatVersion, id, sealKey, hmacKey } = value ?? {};
  if (typeof formatVersion === 'number' && formatVersion > FORMAT_VERSION) {
    throw new FlamelakeError('failed_precondition', 'store was written by a newer release', {
      formatVersion,
      formatVersionMax: FORMAT_VERSION,
    });
  }
  if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) throw unreadable();
  return { id, keys: { seal: decodeKey(sealKey), hmac: decodeKey(hmacKey) } };
}

function decodeKey(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw unreadable();
  const key = Buffer.from(value, 'base64');
  if (key.length !== 32) throw unreadable();
  return key;
}

function unreadable(cause?: unknown): FlamelakeError {
  return new FlamelakeError('data_loss', 'store identity cannot be read', { key: STORE_KEY }, { cause });
}
