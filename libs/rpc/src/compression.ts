/** gzip of messages, both ways, within limits. Large ones go through zlib's threads, small ones are done at once. */
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { FlamelakeError } from '@flamelake/model';
import type { ByteLease } from './byte-budget.ts';
import { bodyTooLarge } from './read-body.ts';

/** About 0.3 ms of work: below it a thread costs more than it frees. */
const SYNC_BYTES_MAX = 65_536;
/** Answers below this are not worth compressing. */
const COMPRESS_BYTES_MIN = 1024;
/** Deflate cannot expand more than this. */
const EXPANSION_MAX = 1032;
/** Room for a size that is stated exactly, so that zlib sees the end without a second buffer. */
const CHUNK_SLACK_BYTES = 64;

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);

/**
 * Inflates a gzip message.
 * @throws {FlamelakeError} `resource_exhausted` over `bytesMax`, `invalid_argument` when it is not gzip
 */
export async function inflate(bytes: Uint8Array, bytesMax: number, lease: ByteLease): Promise<Uint8Array> {
  if (bytes.length < 18) throw new FlamelakeError('invalid_argument', 'body is not gzip', { bytes: bytes.length });
  const trailer = Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4);
  const statedBytes = trailer.readUInt32LE(0);
  if (statedBytes > bytesMax) throw bodyTooLarge(bytesMax);
  // The stated size is the sender's word: it sizes the first buffer, within what so many bytes can become.
  const chunkSize = Math.min(statedBytes, bytes.length * EXPANSION_MAX) + CHUNK_SLACK_BYTES;
  const options = { maxOutputLength: bytesMax, chunkSize };
  try {
    const isSmall = bytes.length <= SYNC_BYTES_MAX && statedBytes <= SYNC_BYTES_MAX * 4;
    // A small body may still become large when its trailer lies, and that must not hold up the loop.
    const inflated = isSmall ? inflateSmall(bytes, chunkSize) : undefined;
    const output = inflated ?? (await gunzipAsync(bytes, options));
    lease.grow(output.length);
    return output;
  } catch (cause) {
    if (cause instanceof FlamelakeError) throw cause;
    if (isTooLarge(cause)) throw bodyTooLarge(bytesMax);
    throw new FlamelakeError('invalid_argument', 'body is not gzip', { bytes: bytes.length }, { cause });
  }
}

/** @returns undefined when the output is larger than its trailer says */
function inflateSmall(bytes: Uint8Array, chunkSize: number): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: chunkSize, chunkSize });
  } catch (cause) {
    if (isTooLarge(cause)) return undefined;
    throw cause;
  }
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
}

/** Compresses an answer when the client takes gzip and it is worth it; undefined when it stays as it is. */
export async function deflate(
  bytes: Uint8Array,
  acceptedEncodings: string | undefined,
): Promise<Uint8Array | undefined> {
  if (bytes.length < COMPRESS_BYTES_MIN || !acceptsGzip(acceptedEncodings)) return undefined;
  const options = { level: constants.Z_BEST_SPEED };
  return bytes.length <= SYNC_BYTES_MAX ? gzipSync(bytes, options) : gzipAsync(bytes, options);
}

/** Whether a list as in `Accept-Encoding` names gzip without `q=0`. */
export function acceptsGzip(accepted: string | undefined): boolean {
  for (const item of (accepted ?? '').split(',')) {
    const [coding, ...parameters] = item.split(';');
    if (coding?.trim().toLowerCase() === 'gzip') return !parameters.some((text) => /^\s*q=0(\.0*)?\s*$/i.test(text));
  }
  return false;
}
