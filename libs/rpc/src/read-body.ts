/** Reads a request's body within limits that hold while it is read. */
import type { IncomingMessage } from 'node:http';
import { constants, type Http2ServerRequest } from 'node:http2';
import { FlamelakeError } from '@flamelake/model';
import type { ByteLease } from './byte-budget.ts';

/** Message of the error for a body over its limit, before or after inflation; HTTP says 413 for it. */
export const BODY_TOO_LARGE = 'request body is larger than the limit';

/** Limits of one request. */
export interface BodyLimits {
  /** Bytes on the wire. */
  readonly wireBytesMax: number;
  /** Bytes after decompression. */
  readonly inflatedBytesMax: number;
}

/** @param bytes - of the body, or of what came of it; left out where nobody counted */
export function bodyTooLarge(limitBytes: number, bytes?: number): FlamelakeError {
  return new FlamelakeError('resource_exhausted', BODY_TOO_LARGE, {
    limitBytes,
    ...(bytes !== undefined && { bytes }),
  });
}

/**
 * Reads the body as sent. When it fails the rest stays unread; see `discardRest`.
 * @throws {FlamelakeError} `resource_exhausted` over a limit, `canceled` when the client goes, the signal's reason when it aborts
 */
export function readBody(
  request: IncomingMessage | Http2ServerRequest,
  bytesMax: number,
  lease: ByteLease,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const settle = (finish: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onGone);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const onData = (chunk: Uint8Array) => {
      size += chunk.length;
      try {
        if (size > bytesMax) throw bodyTooLarge(bytesMax, size);
        lease.grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    const onGone = () => settle(() => reject(new FlamelakeError('canceled', 'client went away')));
    const onAbort = () => settle(() => reject(signal.reason));

    const stated = Number(request.headers['content-length'] ?? 0);
    if (stated > bytesMax) return reject(bodyTooLarge(bytesMax, stated));
    if (signal.aborted) return reject(signal.reason);
    // An error is always followed by close; without a listener it would end the process.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('close', onGone);
    signal.addEventListener('abort', onAbort);
  });
}

/**
 * Reads and drops what a client still sends of a request that is answered already, up to `bytesMax`; then the connection (HTTP/2:
 * the stream) is cut. Cut at once, it would be reset under unread bytes and the client might never see the answer.
 */
export function discardRest(request: IncomingMessage | Http2ServerRequest, bytesMax: number): void {
  let left = bytesMax;
  request.on('error', () => {});
  request.on('data', (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left >= 0) return;
    if ('stream' in request) request.stream.close(constants.NGHTTP2_NO_ERROR);
    else request.destroy();
  });
}
