/** A server of one method, and ways to talk to it raw. */
import { EventEmitter, once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { FlamelakeError } from '@flamelake/model';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { LabelValuesRequestSchema, LabelValuesResponseSchema } from './gen/types/v1/types_pb.js';
import {
  decodeMessage,
  encodeMessage,
  type RunningServer,
  type ServerOptions,
  startServer,
  type UnaryMethod,
  unaryMethod,
} from './index.ts';

export const METHOD_PATH = '/querier.v1.QuerierService/LabelValues';

/** Ends of waits inside the method: `wait` resolves when the test says so, or never when only the signal can end it. */
export interface Gate {
  /** Resolves when so many calls wait or hang. */
  entered(count?: number): Promise<void>;
  readonly aborted: Promise<unknown>;
  open(): void;
}

/** Answers name, tenant and matchers. The names `fail`, `crash`, `wait` (for the gate), `hang` do so; `size N` answers N bytes. */
export function gatedMethod(): { method: UnaryMethod; gate: Gate } {
  const calls: string[] = [];
  const arrivals = new EventEmitter();
  const opened = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const method = unaryMethod({
    path: METHOD_PATH,
    decode: (body, form) => decodeMessage(LabelValuesRequestSchema, body, form),
    async handle({ name, matchers, end }, call) {
      call.setHeader('X-Flamelake-Commit', 'token');
      if (name === 'fail') throw new FlamelakeError('not_found', 'no ü here, 100%', { end });
      if (name === 'busy') throw new FlamelakeError('resource_exhausted', 'too busy');
      if (name === 'crash') throw new TypeError('secret');
      if (name === 'wait' || name === 'hang') {
        call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason));
        calls.push(name);
        arrivals.emit('call');
        await (name === 'wait' ? opened.promise : new Promise(() => {}));
      }
      if (name.startsWith('size ')) return ['x'.repeat(Number(name.slice(5)))];
      return [name, call.tenant, ...matchers];
    },
    encode: (names, form) => encodeMessage(LabelValuesResponseSchema, { names }, form),
  });
  const gate: Gate = {
    async entered(count = 1) {
      while (calls.length < count) await once(arrivals, 'call');
    },
    aborted: aborted.promise,
    open: () => opened.resolve(),
  };
  return { method, gate };
}

export function startTestServer(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  return startServer({
    host: '127.0.0.1',
    port: 0,
    methods: [gatedMethod().method],
    http: (request, response) => response.writeHead(404).end(`no ${request.url}`),
    multitenancy: false,
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    ...options,
  });
}

export interface RawAnswer {
  readonly headers: Record<string, unknown>;
  readonly trailers: Record<string, unknown>;
  readonly body: Buffer;
}

/** One request on an HTTP/2 session. */
export function http2Request(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: Uint8Array | undefined,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': body === undefined ? 'GET' : 'POST', ...headers });
    const chunks: Buffer[] = [];
    let answered: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    stream.on('response', (got) => {
      answered = got;
    });
    stream.on('trailers', (got) => {
      trailers = got;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    const done = () => resolve({ headers: answered, trailers, body: Buffer.concat(chunks) });
    // The end of the answer: a stream whose request was cut does not close by itself.
    stream.on('end', done).on('close', done);
    stream.end(body);
  });
}

/** Connects without TLS, runs, and closes the session. */
export async function withSession<T>(port: number, run: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await run(session);
  } finally {
    session.destroy();
  }
}

/** A message as one gRPC frame. */
export function grpcFrame(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export function requestMessage(name: string): Uint8Array {
  return encodeMessage(LabelValuesRequestSchema, { name }, 'proto');
}

/** POSTs over HTTP/1.1. */
export function post(port: number, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${METHOD_PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}
