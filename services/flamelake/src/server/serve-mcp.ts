/** The Model Context Protocol through Express: tenant, body, cancellation. The server behind it is loaded by the first request. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { CallContext, Queries } from '@flamelake/query-frontend';
import { HEADER, headerValue, tenantOf } from '@flamelake/rpc';
import type { Logger } from '@flamelake/runtime';
import express, { type Express, type Request as HttpRequest, type RequestHandler } from 'express';

export const MCP_PATH = '/mcp';
const MESSAGE_BYTES_MAX = 262_144;
/** Of JSON-RPC. */
const PARSE_ERROR = -32_700;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Headers the protocol reads; what else came with the request is no business of it. */
const PASSED = /^(?:accept|content-type|last-event-id|mcp-.*)$/;

export interface ServeMcpOptions {
  readonly queries: Queries;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly multitenancy: boolean;
}

export function serveMcp(app: Express, { queries, clock, logger, version, multitenancy }: ServeMcpOptions): void {
  const onFailure = (error: unknown): void => logger.failure('tool failed', error);
  const parseBody = express.json({ limit: MESSAGE_BYTES_MAX });
  const readBody: RequestHandler = (request, response, next) =>
    parseBody(request, response, (error?: unknown) => {
      if (error === undefined) return next();
      const { status = 400 } = error as { readonly status?: number };
      const message = status === 413 ? `message is larger than ${MESSAGE_BYTES_MAX} bytes` : 'message is no JSON';
      response.status(status).json({ jsonrpc: '2.0', id: null, error: { code: PARSE_ERROR, message } });
    });
  app.all(MCP_PATH, checkOrigin, readBody, async (httpRequest, response) => {
    const { answerMcp } = await import('@flamelake/query-frontend/mcp');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const call: CallContext = {
      tenant: tenantOf(httpRequest.headers, { multitenancy, isRead: true }),
      signal: gone.signal,
      commitToken: headerValue(httpRequest.headers, HEADER.commit),
    };
    const baseUrl = baseUrlOf(httpRequest);
    const body: unknown = httpRequest.method === 'POST' ? httpRequest.body : undefined;
    const request = new Request(baseUrl + MCP_PATH, {
      method: httpRequest.method,
      headers: Object.entries(httpRequest.headers).flatMap(([name, value]): [string, string][] =>
        PASSED.test(name) && typeof value === 'string' ? [[name, value]] : [],
      ),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: gone.signal,
    });
    const answer = await answerMcp({ queries, clock, version, onFailure }, { request, body, call, baseUrl });
    response.status(answer.status);
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    if (answer.body === null) response.end();
    else await pipeline(Readable.fromWeb(answer.body), response).catch(() => {});
  });
}

/**
 * Only browsers say where a page comes from: pages of others are refused, also those that made their name lead to this machine.
 * @throws {FlamelakeError} `permission_denied`
 */
function checkOrigin({ headers }: HttpRequest, _: unknown, next: () => void): void {
  const { origin } = headers;
  if (origin !== undefined && !LOOPBACK.has(hostnameOf(origin))) {
    throw new FlamelakeError('permission_denied', 'web pages may not ask here, but those of this machine', {
      origin: origin.slice(0, 256),
    });
  }
  next();
}

function hostnameOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : '';
}

/** As the client reached us, behind a proxy too: links are read by who asked. */
function baseUrlOf({ headers, protocol }: HttpRequest): string {
  const first = (name: string): string => (headerValue(headers, name) ?? '').split(',')[0]?.trim() ?? '';
  const scheme = first('x-forwarded-proto') === 'https' ? 'https' : protocol;
  const host = first('x-forwarded-host') || first('host') || first(':authority') || 'localhost:4040';
  return URL.canParse(`${scheme}://${host}`) ? `${scheme}://${host}` : 'http://localhost:4040';
}
