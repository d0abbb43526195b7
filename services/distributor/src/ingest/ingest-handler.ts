/** `POST /ingest` and its alias `/pyroscope/ingest` over plain HTTP. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Clock, CODE_MEANINGS, describeError, FlamelakeError } from '@flamelake/model';
import { type BodyLimits, discardRest, HEADER, tenantOf } from '@flamelake/rpc';
import type { Logger } from '@flamelake/runtime';
import type { Distributor } from '../distributor.ts';
import { type DiscardReason, discardReason } from '../refusal.ts';
import { parseIngestQuery } from './ingest-request.ts';
import { INGEST_BODY_LIMITS, readRequestBody } from './request-body.ts';

export const INGEST_PATHS: readonly string[] = ['/ingest', '/pyroscope/ingest'];

export interface IngestHandlerOptions {
  readonly distributor: Distributor;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Off: every request is tenant `anonymous`. */
  readonly multitenancy: boolean;
  readonly limits?: BodyLimits;
}

/** Status of refusals; any other refused profile is 422. */
const STATUS_OF_REASON: Partial<Record<DiscardReason, number>> = {
  body_size_limit_exceeded: 413,
  profile_size_limit: 413,
  record_size_limit: 413,
  unsupported_encoding: 415,
  malformed_text: 400,
  invalid_name: 400,
};

/** When to come again, where a refusal for now does not know better. */
const RETRY_AFTER_SECONDS = 1;

/** For people who open the address in a browser. */
const NOT_POST = JSON.stringify({
  code: 'unimplemented',
  message: 'profiles are sent here by POST; to look at them open /',
});

/** Answers 200 with an empty body, which some clients insist on, or a JSON `{code, message}`. */
export function createIngestHandler(options: IngestHandlerOptions): RequestListener {
  const limits = options.limits ?? INGEST_BODY_LIMITS;
  return (request, response) => {
    serve(request, response, options, limits).catch((error: unknown) => {
      answerError(request, response, error, limits);
      options.logger.failure('ingest failed', error);
    });
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { distributor, clock, multitenancy }: IngestHandlerOptions,
  limits: BodyLimits,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST', 'content-type': 'application/json' }).end(NOT_POST);
    discardRest(request, limits.wireBytesMax);
    return;
  }
  const tenant = tenantOf(request.headers, { multitenancy });
  const target = request.url ?? '';
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1 || target.length));
  const parsed = parseIngestQuery(query, request.headers['content-type'] ?? '', clock.nowMs());
  const own = distributor.bodyLimitsOf?.(tenant) ?? limits;
  const body = await readRequestBody(request, tenant, own, distributor.budget);
  try {
    const { commitToken } = await distributor.ingest(tenant, { ...parsed, body: body.bytes });
    if (commitToken !== undefined) response.setHeader(HEADER.commit, commitToken);
    response.writeHead(200, { 'content-length': 0 }).end();
  } finally {
    body.release();
  }
}

function answerError(request: IncomingMessage, response: ServerResponse, error: unknown, limits: BodyLimits): void {
  const known = error instanceof FlamelakeError ? error : new FlamelakeError('internal', 'internal error');
  const body = Buffer.from(JSON.stringify({ code: known.code, message: describeError(known) }));
  const status = httpStatus(known);
  const isForNow = status === 429 || status === 503;
  const retryAfterSeconds = known.details.retryAfterSeconds ?? (isForNow ? RETRY_AFTER_SECONDS : undefined);
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  // What is left of a refused body would be taken for the next request.
  if (!request.complete && request.httpVersionMajor === 1) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  if (!request.complete) discardRest(request, limits.wireBytesMax);
}

function httpStatus(error: FlamelakeError): number {
  if (error.code === 'canceled') return 408;
  const { http } = CODE_MEANINGS[error.code];
  if (error.details.reason === undefined || http !== 400) return http;
  return STATUS_OF_REASON[discardReason(error)] ?? 422;
}
