/** A query over plain HTTP through Express: tenant, cancellation, headers, compression. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CallContext, PlainRoute } from '@flamelake/query-frontend';
import { HEADER, headerValue, tenantOf } from '@flamelake/rpc';
import type { RequestHandler } from 'express';

/** Shorter bodies are not worth it. */
const GZIP_BYTES_MIN = 1_024;
const gzipBody = promisify(gzip);

/** Errors go to Express. */
export function serveRoute(route: PlainRoute, multitenancy: boolean): RequestHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { searchParams } = new URL(request.url, 'http://localhost');
    const call: CallContext = {
      tenant: tenantOf(request.headers, { multitenancy, isRead: true }),
      signal: gone.signal,
      commitToken: headerValue(request.headers, HEADER.commit),
      asOf: searchParams.get('asOf') ?? headerValue(request.headers, HEADER.asOf),
    };
    for (const [name, value] of Object.entries(request.params)) searchParams.set(name, String(value));
    const { contentType, body, headers = {} } = await route.answer(searchParams, call);
    if (call.snapshot !== undefined) response.setHeader(HEADER.snapshot, call.snapshot);
    if (call.clampedMaxNodes !== undefined) response.setHeader(HEADER.maxNodes, String(call.clampedMaxNodes));
    response.setHeader('content-type', contentType);
    response.setHeader('vary', 'accept-encoding');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (isKnown(headers.etag, request.headers['if-none-match'])) {
      response.status(304).end();
      return;
    }
    const isCompressed =
      typeof body === 'string' && body.length >= GZIP_BYTES_MIN && request.acceptsEncodings('gzip') !== false;
    if (isCompressed) response.setHeader('content-encoding', 'gzip');
    response.end(isCompressed ? await gzipBody(body) : body);
  };
}

function isKnown(etag: string | undefined, known: string | undefined): boolean {
  return etag !== undefined && (known ?? '').split(/\s*,\s*/).includes(etag);
}
