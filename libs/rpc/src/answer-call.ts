/** One call from its first header to its last byte: deadline, body, method, answer, log and metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type Clock, CODE_MEANINGS, FlamelakeError } from '@flamelake/model';
import { type Counter, type Histogram, type Logger, readTraceContext, type Tracing } from '@flamelake/runtime';
import type { ByteBudget, ByteLease } from './byte-budget.ts';
import { inflateBody } from './compression.ts';
import { FRAME_PREFIX_BYTES } from './grpc-unary.ts';
import { asFlamelakeError, type Protocol, type WireAnswer } from './protocol.ts';
import { BODY_TOO_LARGE, type BodyLimits, discardRest, readBody } from './read-body.ts';
import { requestLabels } from './request-metrics.ts';
import { tenantOf } from './tenant-of.ts';
import { type Call, HEADER, headerValue, type UnaryMethod } from './unary-method.ts';

export type ServerRequest = IncomingMessage | Http2ServerRequest;
export type ServerAnswer = ServerResponse | Http2ServerResponse;

/** What every call needs of its server. */
export interface CallSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly multitenancy: boolean;
  readonly limits: BodyLimits;
  readonly budget: ByteBudget;
  readonly calls: Counter;
  readonly requestSeconds: Histogram;
  readonly tracing: Tracing;
}

/** Dropped at least of a refused request, so that its answer has time to arrive. */
const DISCARD_BYTES_MIN = 1_048_576;

/** Answers one call; never rejects. */
export async function answerCall(
  method: UnaryMethod,
  protocol: Protocol,
  request: ServerRequest,
  response: ServerAnswer,
  surroundings: CallSurroundings,
): Promise<void> {
  const { clock, logger, calls, requestSeconds } = surroundings;
  const startedMs = clock.monotonicMs();
  const abort = new AbortController();
  const over = new AbortController();
  let isAnswered = false;
  response.on('error', () => {});
  response.on('close', () => {
    over.abort();
    if (!isAnswered) abort.abort(new FlamelakeError('canceled', 'client went away'));
  });

  const headers: Record<string, string> = {};
  let answer: WireAnswer;
  let failure: FlamelakeError | undefined;
  try {
    const timeoutMs = protocol.timeoutMs(request.headers);
    if (timeoutMs !== undefined) {
      const passed = new FlamelakeError('deadline_exceeded', 'deadline passed', { timeoutMs });
      void clock.sleep(timeoutMs, over.signal).then(() => abort.abort(passed));
    }
    const setHeader: Call['setHeader'] = (name, value) => {
      headers[name.toLowerCase()] = value;
    };
    const { traceparent, tracestate } = request.headers;
    const span = {
      kind: 'server',
      parent: readTraceContext(traceparent, tracestate),
      attributes: { 'rpc.method': method.path, 'rpc.system': protocol.name },
    } as const;
    const message = await surroundings.tracing.span(method.path.slice(1), span, () =>
      runMethod(method, protocol, request, surroundings, abort.signal, setHeader),
    );
    answer = await protocol.success(message, request.headers);
  } catch (cause) {
    failure = asFlamelakeError(cause);
    answer = protocol.failure(failure);
    if (answer.status === 429 || answer.status === 503) headers['retry-after'] ??= '1';
  }
  isAnswered = true;
  send(request, response, answer, headers, surroundings.limits);

  const tenant = headerValue(request.headers, HEADER.tenant);
  if (failure !== undefined)
    logger.failure('call failed', failure, { method: method.path, protocol: protocol.name, tenant });
  calls.add(1, { method: method.path, protocol: protocol.name, code: failure?.code ?? 'ok' });
  const status = failure === undefined ? 200 : CODE_MEANINGS[failure.code].http;
  requestSeconds.observe((clock.monotonicMs() - startedMs) / 1000, requestLabels(method.path, 'POST', status));
}

/** Reads, decodes and runs; an abort ends the wait even when the method does not look at its signal. */
function runMethod(
  method: UnaryMethod,
  protocol: Protocol,
  request: ServerRequest,
  surroundings: CallSurroundings,
  signal: AbortSignal,
  setHeader: Call['setHeader'],
): Promise<Uint8Array> {
  const { budget, multitenancy } = surroundings;
  const lease: ByteLease = budget.lease();
  const run = async () => {
    try {
      const { headers } = request;
      const tenant = method.withoutTenant ? '' : tenantOf(headers, { multitenancy, isRead: method.isRead === true });
      const limits = method.bodyLimitsOf?.(tenant) ?? surroundings.limits;
      const message = await readMessage(method, protocol, request, limits, lease, signal).catch((error: unknown) => {
        throw namingLimit(error, method, tenant);
      });
      return await method.answer(message, protocol.form, { tenant, headers, signal, setHeader });
    } finally {
      lease.release();
    }
  };
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    run().then(resolve, reject);
  });
}

async function readMessage(
  { bodyBytesMax }: UnaryMethod,
  protocol: Protocol,
  request: ServerRequest,
  limits: BodyLimits,
  lease: ByteLease,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const inflatedBytesMax = bodyBytesMax ?? limits.inflatedBytesMax;
  const wireBytesMax = Math.min(limits.wireBytesMax, (bodyBytesMax ?? Number.POSITIVE_INFINITY) + FRAME_PREFIX_BYTES);
  const body = await readBody(request, wireBytesMax, lease, signal);
  return await protocol.unwrap(body, request.headers, (bytes) => inflateBody(bytes, inflatedBytesMax, lease));
}

/** The error of a body over a limit of the tenant's own says whose it is, and which option changes it. */
function namingLimit(error: unknown, { bodyLimitKey: key }: UnaryMethod, tenant: string): unknown {
  if (key === undefined || !(error instanceof FlamelakeError) || error.message !== BODY_TOO_LARGE) return error;
  return new FlamelakeError(error.code, error.message, { ...error.details, tenant, key }, { cause: error });
}

/**
 * Writes an answer. What is left of the request is read and dropped. Where that may be too much, an HTTP/1.1 connection says so
 * with the answer and ends behind it, so that the client does not use it again.
 */
export function send(
  request: ServerRequest,
  response: ServerAnswer,
  answer: WireAnswer,
  headers: Readonly<Record<string, string>>,
  limits: BodyLimits,
): void {
  if (response.destroyed || response.headersSent) return;
  const restBytesMax = Math.max(limits.wireBytesMax, DISCARD_BYTES_MIN);
  // Both kinds of response write alike; only their declared overloads differ.
  const out = response as ServerResponse;
  out.statusCode = answer.status;
  for (const [name, value] of Object.entries({ ...answer.headers, ...headers })) out.setHeader(name, value);
  if (answer.trailers !== undefined) out.addTrailers(answer.trailers);
  else
    out.setHeader(
      'content-length',
      answer.body.reduce((sum, part) => sum + part.length, 0),
    );
  const isEndless = !(Number(request.headers['content-length']) <= restBytesMax);
  const isLast = !request.complete && isEndless && request.httpVersionMajor < 2;
  if (isLast) out.setHeader('connection', 'close');
  if (!request.complete) discardRest(request, restBytesMax);

  if (isLast) {
    out.flushHeaders();
    for (const part of answer.body) out.write(part);
    // Ending it closes the socket, and bytes unread by then would reset it, answer included.
    request.on('end', () => out.end());
    return;
  }
  for (const part of answer.body.slice(0, -1)) out.write(part);
  // Without a body the headers end the stream, as gRPC wants it of an error.
  out.end(answer.body.at(-1));
}
