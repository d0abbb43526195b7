/**
 * A cache whose values are believed: each carries an HMAC over its key and bytes, so that what others wrote, cut, changed or moved is a miss.
 *
 *     version   u8, 1
 *     mac       32 bytes, HMAC-SHA-256 by the store's key over: "cache value\0", version, length of the key u32, key, the rest
 *     codec     u8: 0 stored · 1 one zstd frame
 *     length    u32, of the plain value
 *     payload
 *
 * Numbers are little-endian.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { Cache } from '@flamelake/model';
import type { Metrics } from '@flamelake/runtime';

export interface SealedCacheOptions {
  /** Key of the store, 32 bytes: processes on the same store read what the others wrote. */
  readonly key: Uint8Array;
  /** Larger values are not kept, bytes before compression. */
  readonly valueBytesMax?: number;
  readonly metrics?: Metrics;
}

/** 8 MiB. */
export const VALUE_BYTES_DEFAULT = 8_388_608;

const VERSION = 1;
const MAC_BYTES = 32;
const HEAD_BYTES = 1 + MAC_BYTES + 5;
/** Smaller values are stored: zstd costs more than it saves. */
const COMPRESSED_FROM_BYTES = 512;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** @param inner - closed with the sealed one */
export function createSealedCache(inner: Cache, options: SealedCacheOptions): Cache {
  const { key: secret, valueBytesMax = VALUE_BYTES_DEFAULT, metrics } = options;
  const refused = metrics?.counter({
    name: 'cache_refused_values_total',
    help: 'Values found in a cache that were not written for their key by this store: damaged, moved or foreign.',
  });
  const mac = (key: string, rest: Uint8Array) => {
    const name = Buffer.from(key);
    const head = Buffer.alloc(5);
    head[0] = VERSION;
    head.writeUInt32LE(name.length, 1);
    return createHmac('sha256', secret).update('cache value\0').update(head).update(name).update(rest).digest();
  };

  const open = async (key: string, sealed: Uint8Array): Promise<Uint8Array | undefined> => {
    if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) return undefined;
    const rest = sealed.subarray(1 + MAC_BYTES);
    if (!timingSafeEqual(mac(key, rest), sealed.subarray(1, 1 + MAC_BYTES))) return undefined;
    const length = new DataView(rest.buffer, rest.byteOffset).getUint32(1, true);
    const payload = rest.subarray(5);
    if (rest[0] === 0) return payload.length === length ? payload : undefined;
    const plain = await decompress(payload, { maxOutputLength: Math.max(1, length) });
    return plain.length === length ? new Uint8Array(plain.buffer, plain.byteOffset, length) : undefined;
  };
  return {
    async get(key) {
      const sealed = await inner.get(key);
      if (sealed === undefined) return undefined;
      const value = await open(key, sealed).catch(() => undefined);
      if (value === undefined) refused?.add();
      return value;
    },
    async set(key, value) {
      if (value.length > valueBytesMax) return;
      const isCompressed = value.length >= COMPRESSED_FROM_BYTES;
      const payload = isCompressed ? await compress(value, LEVEL) : value;
      const sealed = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
      sealed[0] = VERSION;
      sealed[1 + MAC_BYTES] = isCompressed ? 1 : 0;
      sealed.writeUInt32LE(value.length, 2 + MAC_BYTES);
      sealed.set(payload, HEAD_BYTES);
      sealed.set(mac(key, sealed.subarray(1 + MAC_BYTES)), 1);
      await inner.set(key, sealed);
    },
    close: () => inner.close(),
  };
}

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
