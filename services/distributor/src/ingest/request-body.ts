/** Reads a request's body within limits that hold while it is read. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, type ZlibOptions } from 'node:zlib';
import { FlamelakeError } from '@flamelake/model';
import type { ByteBudget } from '../byte-budget.ts';
import { refuse } from '../refusal.ts';

export interface BodyLimits {
  /** Bytes on the wire. */
  readonly wireBytesMax: number;
  /** Bytes after the content encoding is taken off. */
  readonly inflatedBytesMax: number;
}

export const INGEST_BODY_LIMITS: BodyLimits = { wireBytesMax: 67_108_864, inflatedBytesMax: 268_435_456 };

/** A body in memory; its bytes are taken from the budget until it is released. */
export interface HeldBody {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Bodies that inflate to at most this are inflated at once; larger ones go through zlib's threads. */
const SYNC_INFLATED_BYTES_MAX = 262_144;
/** Deflate cannot expand more than this. */
const EXPANSION_MAX = 1_032;
const CHUNK_SLACK_BYTES = 64;

const gunzipAsync = promisify(gunzip);

/**
 * @throws {FlamelakeError} `invalid_argument` over a limit or on a bad encoding, `resource_exhausted` when too many bodies
 * are in flight, `canceled` when the client goes away
 */
export async function readRequestBody(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: ByteBudget,
): Promise<HeldBody> {
  let heldBytes = 0;
  const release = () => {
    budget.give(heldBytes);
    heldBytes = 0;
  };
  const hold = (bytes: number) => {
    budget.take(bytes);
    heldBytes += bytes;
  };
  try {
    const encoding = contentEncoding(request);
    const sent = await readChunks(request, limits.wireBytesMax, hold);
    if (encoding === 'identity') return { bytes: sent, release };
    const bytes = await inflateBody(sent, limits.inflatedBytesMax);
    hold(bytes.length);
    return { bytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Lets a client finish sending a body that is refused, up to `bytesMax` more, so that it comes to read the answer: a socket
 * closed under unread bytes is reset, answer included.
 */
export function discardRest(request: IncomingMessage, bytesMax: number): void {
  let leftBytes = bytesMax;
  request.on('error', () => {});
  request.on('data', (chunk: Uint8Array) => {
    leftBytes -= chunk.length;
    if (leftBytes < 0) request.destroy();
  });
}

function contentEncoding(request: IncomingMessage): 'gzip' | 'identity' {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  throw refuse('unsupported_encoding', 'content encoding is not served', {
    encoding: encoding.slice(0, 64),
    served: 'gzip, identity',
  });
}

function readChunks(request: IncomingMessage, bytesMax: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const statedBytes = Number(request.headers['content-length'] ?? 0);
    if (statedBytes > bytesMax) {
      reject(tooLarge(bytesMax, statedBytes));
      return;
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    const settle = (finish: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onGone);
      finish();
    };
    const onData = (chunk: Uint8Array) => {
      size += chunk.length;
      try {
        if (size > bytesMax) throw tooLarge(bytesMax, size);
        hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    const onGone = () => settle(() => reject(new FlamelakeError('canceled', 'body ended before it was whole')));
    // An error is always followed by close; without a listener it would end the process.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('close', onGone);
  });
}

async function inflateBody(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes.length < 18) {
    throw refuse('malformed_profile', 'content encoding says gzip, the body is not', { bytes: bytes.length });
  }
  // The trailer is the sender's word for the size: it sizes the first buffer, within what so many bytes can become.
  const statedBytes = Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).readUInt32LE();
  const chunkSize = Math.min(statedBytes, bytesMax, bytes.length * EXPANSION_MAX) + CHUNK_SLACK_BYTES;
  try {
    const isSmall = chunkSize <= SYNC_INFLATED_BYTES_MAX;
    return (
      (isSmall ? inflateAtOnce(bytes, { maxOutputLength: Math.min(chunkSize, bytesMax), chunkSize }) : undefined) ??
      (await gunzipAsync(bytes, { maxOutputLength: bytesMax, chunkSize }))
    );
  } catch (cause) {
    if (isTooLarge(cause)) throw tooLarge(bytesMax, statedBytes);
    throw refuse('malformed_profile', 'gzip body is corrupt or cut short', { bytes: bytes.length });
  }
}

/** @returns undefined when the output is larger than its trailer says: that must not hold up the event loop */
function inflateAtOnce(bytes: Uint8Array, options: ZlibOptions): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, options);
  } catch (cause) {
    if (isTooLarge(cause)) return undefined;
    throw cause;
  }
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
}

function tooLarge(limitBytes: number, bytes: number): FlamelakeError {
  return refuse('body_size_limit_exceeded', 'request body is larger than the limit', {
    limitBytes,
    bytes,
    key: 'limits.body-size-max',
  });
}
