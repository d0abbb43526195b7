/** `POST /v1development/profiles`: OTLP profiles over plain HTTP. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { CODE_MEANINGS, FlamelakeError } from '@flamelake/model';
import { type BodyForm, type BodyLimits, discardRest, HEADER, tenantOf } from '@flamelake/rpc';
import type { Logger } from '@flamelake/runtime';
import type { Distributor } from '../distributor.ts';
import { INGEST_BODY_LIMITS, readRequestBody } from '../ingest/request-body.ts';
import { refuse } from '../refusal.ts';
import { encodeOtlpResponse, encodeStatus } from './otlp-response.ts';

export const OTLP_PATH = '/v1development/profiles';

export interface OtlpHandlerOptions {
  readonly distributor: Distributor;
  readonly logger: Logger;
  /** Off: every request is tenant `anonymous`. */
  readonly multitenancy: boolean;
  readonly limits?: BodyLimits;
}

const FORMS: Readonly<Record<string, BodyForm>> = {
  'application/x-protobuf': 'proto',
  'application/protobuf': 'proto',
  'application/json': 'json',
};
const CONTENT_TYPES: Readonly<Record<BodyForm, string>> = { proto: 'application/x-protobuf', json: 'application/json' };
/** Status by reason of a refusal, where it is not that of the error's code. */
const STATUS_OF_REASON: Readonly<Record<string, number>> = {
  body_size_limit_exceeded: 413,
  profile_size_limit: 413,
  record_size_limit: 413,
  unsupported_encoding: 415,
  unsupported_format: 415,
};

/** Answers in the request's own encoding; an error is a google.rpc.Status. */
export function createOtlpHandler(options: OtlpHandlerOptions): RequestListener {
  const limits = options.limits ?? INGEST_BODY_LIMITS;
  return (request, response) => {
    serve(request, response, options, limits).catch((error: unknown) => {
      answerError(request, response, error, limits);
      options.logger.failure('otlp export failed', error);
    });
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { distributor, multitenancy }: OtlpHandlerOptions,
  limits: BodyLimits,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    discardRest(request, limits.wireBytesMax);
    return;
  }
  const tenant = tenantOf(request.headers, { multitenancy });
  const form = formOf(request);
  if (form === undefined) {
    throw refuse('unsupported_format', 'content type is not served', {
      sent: (request.headers['content-type'] ?? '').slice(0, 64),
      served: Object.keys(FORMS).join(', '),
    });
  }
  const own = distributor.bodyLimitsOf?.(tenant) ?? limits;
  const body = await readRequestBody(request, tenant, own, distributor.budget);
  try {
    const { commitToken, ...partial } = await distributor.otlp(tenant, { body: body.bytes, form });
    if (commitToken !== undefined) response.setHeader(HEADER.commit, commitToken);
    const answer = encodeOtlpResponse(partial, form);
    response.writeHead(200, { 'content-type': CONTENT_TYPES[form], 'content-length': answer.length }).end(answer);
  } finally {
    body.release();
  }
}

function formOf(request: IncomingMessage): BodyForm | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
  return Object.hasOwn(FORMS, type) ? FORMS[type] : undefined;
}

function answerError(request: IncomingMessage, response: ServerResponse, error: unknown, limits: BodyLimits): void {
  const known = error instanceof FlamelakeError ? error : new FlamelakeError('internal', 'internal error');
  const form = formOf(request) ?? 'json';
  const body = encodeStatus(known, form);
  const { retryAfterSeconds, reason } = known.details;
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  // What is left of a refused body would be taken for the next request.
  if (!request.complete && request.httpVersionMajor === 1) response.setHeader('connection', 'close');
  const status = STATUS_OF_REASON[String(reason)] ?? CODE_MEANINGS[known.code].http;
  response.writeHead(status, { 'content-type': CONTENT_TYPES[form], 'content-length': body.length }).end(body);
  if (!request.complete) discardRest(request, limits.wireBytesMax);
}
