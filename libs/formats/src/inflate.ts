/**
 * Inflates gzip (RFC 1952) within a budget, recognised by its magic bytes; anything else is returned as it is.
 */
import { gunzipSync } from 'node:zlib';
import { FlamelakeError } from '@flamelake/model';

/** A gzip member is at least a header of 10 bytes, an empty deflate block of 2 and a trailer of 8. */
const GZIP_BYTES_MIN = 20;
/** Room beyond the stated size: zlib then sees the end of the stream without a second buffer. */
const CHUNK_SLACK_BYTES = 64;
/** Deflate cannot expand more than this; a trailer that promises more lies. */
const DEFLATE_RATIO_MAX = 1032;

/**
 * Several members are one stream, as gzip allows. Never holds more than `bytesMax` and one buffer of output.
 * @param bytes - gzip or plain bytes; plain ones are returned themselves
 * @param options - `bytesMax`: largest size accepted, inflated or plain
 * @throws {FlamelakeError} `out_of_range` when the result is larger than `bytesMax`; `invalid_argument` when the gzip is
 *   cut short, fails its checksum or is followed by something else
 */
export function inflate(bytes: Uint8Array, options: { bytesMax: number }): Uint8Array {
  const { bytesMax } = options;
  const isGzip = bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) {
    if (bytes.length > bytesMax) throw tooLarge(bytesMax);
    return bytes;
  }
  if (bytes.length < GZIP_BYTES_MIN) throw broken('gzip is cut short');
  const n = bytes.length;
  // The trailer is the sender's word for the size of the last member (mod 2^32): good for one exact buffer, nothing more.
  const stated = (bytes[n - 4] | (bytes[n - 3] << 8) | (bytes[n - 2] << 16) | (bytes[n - 1] << 24)) >>> 0;
  const expected = Math.min(stated, bytesMax, n * DEFLATE_RATIO_MAX);
  const inflated = gunzip(bytes, expected + CHUNK_SLACK_BYTES, bytesMax);
  // zlib takes a zero byte behind a member for padding and says nothing about what follows it.
  if (inflated.engine.bytesWritten !== n) throw broken('gzip is followed by something else');
  return inflated.buffer;
}

function gunzip(bytes: Uint8Array, chunkSize: number, bytesMax: number): Inflated {
  try {
    return gunzipSync(bytes, { chunkSize, maxOutputLength: Math.max(1, bytesMax), info: true }) as unknown as Inflated;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    if (code === 'Z_BUF_ERROR') throw broken('gzip is cut short', cause);
    throw broken('gzip is corrupt', cause);
  }
}

/** What zlib's sync calls return with `info`, which their types leave out. */
interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function tooLarge(limitBytes: number): FlamelakeError {
  return new FlamelakeError('out_of_range', 'profile is larger than the limit', { limitBytes });
}

function broken(message: string, cause?: unknown): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, {}, { cause });
}
