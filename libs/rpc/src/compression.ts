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
/** Header and trailer of gzip. */
const GZIP_BYTES_MIN = 18;
/** Of an output whose size nobody knows, zlib fills one buffer after another of so many bytes; joining them is a copy on the event loop. */
const CHUNK_BYTES_MAX = 16_777_216;
/** Room for a size that is stated exactly, so that zlib sees the end without a second buffer. */
const CHUNK_SLACK_BYTES = 64;

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);

/**
 * Inflates a gzip message. Room for the output is leased before it is made.
 * @throws {FlamelakeError} `resource_exhausted` over `bytesMax` or when the lease cannot grow, `invalid_argument` when it is not gzip
 */
export async function inflateBody(bytes: Uint8Array, bytesMax: number, lease: ByteLease): Promise<Uint8Array> {
  if (bytes.length < GZIP_BYTES_MIN) throw notGzip(bytes);
  // The trailer states the size, but it is the sender's word: it counts within what so many bytes can become.
  const statedBytes = Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).readUInt32LE(0);
  const possibleBytes = bytes.length * EXPANSION_MAX;
  if (statedBytes > bytesMax && statedBytes <= possibleBytes) throw bodyTooLarge(bytesMax, statedBytes);
  const expectedBytes = Math.min(statedBytes, possibleBytes, bytesMax);
  lease.grow(expectedBytes);
  const output = await gunzipWithin(bytes, expectedBytes, expectedBytes + CHUNK_SLACK_BYTES);
  if (output !== undefined) return output;
  // Several members, or a trailer that lies.
  lease.grow(bytesMax - expectedBytes);
  const longer = await gunzipWithin(bytes, bytesMax, Math.min(bytesMax + CHUNK_SLACK_BYTES, CHUNK_BYTES_MAX));
  if (longer === undefined) throw bodyTooLarge(bytesMax);
  return longer;
}

/** @returns undefined when the output is larger than `outputBytesMax` */
async function gunzipWithin(
  bytes: Uint8Array,
  outputBytesMax: number,
  chunkSize: number,
): Promise<Uint8Array | undefined> {
  const isSmall = bytes.length <= SYNC_BYTES_MAX && outputBytesMax <= 4 * SYNC_BYTES_MAX;
  const options = { maxOutputLength: Math.max(1, outputBytesMax), chunkSize };
  try {
    return isSmall ? gunzipSync(bytes, options) : await gunzipAsync(bytes, options);
  } catch (cause) {
    if (isTooLarge(cause)) return undefined;
    throw notGzip(bytes, cause);
  }
}

function notGzip(bytes: Uint8Array, cause?: unknown): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'body is not gzip', { bytes: bytes.length }, { cause });
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
