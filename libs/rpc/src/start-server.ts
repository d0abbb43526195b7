/**
 * One port for everything: HTTP/1.1 and HTTP/2, with TLS or without (h2c), RPC methods in each protocol, plain HTTP beside them.
 */
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@flamelake/model';
import { type CertificateSource, type Logger, type Metrics, noTracing, type Tracing } from '@flamelake/runtime';
import type { CallSurroundings } from './answer-call.ts';
import { createByteBudget } from './byte-budget.ts';
import { createConnections } from './connections.ts';
import { bridgeToHttp1 } from './http1-bridge.ts';
import type { BodyLimits } from './read-body.ts';
import { requestSeconds } from './request-metrics.ts';
import { createRpcHandler, type RpcHandler } from './rpc-handler.ts';
import { sniffPreface } from './sniff-preface.ts';
import type { UnaryMethod } from './unary-method.ts';

export interface ServerLimits extends BodyLimits {
  /** Request bytes that all RPC calls together may hold. */
  readonly heldBytesMax: number;
  readonly connectionsMax: number;
  /** Streams of one HTTP/2 connection at a time. */
  readonly streamsMax: number;
  /** Silence allowed before the first bytes of a connection. */
  readonly firstBytesTimeoutMs: number;
  /** Time from a request's first header to the end of its body. */
  readonly requestTimeoutMs: number;
  /** Idle time before a kept connection is closed; longer than common load balancers keep theirs. */
  readonly idleTimeoutMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  wireBytesMax: 67_108_864,
  inflatedBytesMax: 268_435_456,
  heldBytesMax: 536_870_912,
  connectionsMax: 16_384,
  streamsMax: 256,
  firstBytesTimeoutMs: 30_000,
  requestTimeoutMs: 300_000,
  idleTimeoutMs: 75_000,
};

/** What is answered, and by whom. */
export interface ServerContent {
  /** RPCs; without any at all their requests go to `http` like all others. */
  readonly methods?: readonly UnaryMethod[];
  /** Everything that is no RPC: an Express app or a plain handler. It sees HTTP/1.1 requests only. */
  readonly http: RequestListener;
}

export interface ServerOptions extends ServerContent {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Without it the port speaks plain text; with a `ca` in it clients must show a certificate signed by that. */
  readonly tls?: CertificateSource;
  /** Off: every request is tenant `anonymous`. */
  readonly multitenancy: boolean;
  readonly limits?: Partial<ServerLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** None by default. */
  readonly tracing?: Tracing;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Has something else answered, from the next request on. */
  serve(content: ServerContent): void;
  /** Stops listening, lets requests in flight finish for up to `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** HTTP/2 flow control window of a stream: what a client may send unread. */
const STREAM_WINDOW_BYTES = 1_048_576;
/** HTTP/2 flow control window of a connection, all its streams together. */
const CONNECTION_WINDOW_BYTES = 4_194_304;

/**
 * Starts the server.
 * @throws when the address cannot be listened on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits: ServerLimits = { ...SERVER_LIMITS, ...options.limits };
  const surroundings = surroundingsOf(options, limits);
  let { rpc, http } = answering(options, surroundings);

  const { http1, stopTls } = createListener(options.tls, limits);
  http1.requestTimeout = limits.requestTimeoutMs;
  http1.keepAliveTimeout = limits.idleTimeoutMs;
  http1.maxConnections = limits.connectionsMax;
  http1.on('request', (request, response) => {
    if (!rpc(request, response)) http(request, response);
  });

  const http2 = createHttp2({
    settings: { maxConcurrentStreams: limits.streamsMax, initialWindowSize: STREAM_WINDOW_BYTES },
  });
  const connections = createConnections(http1, options.clock);
  http2.on('session', (session) => {
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.setTimeout(limits.requestTimeoutMs, () => session.close());
    connections.addSession(session);
  });

  // The HTTP/1.1 server listens, so that its own timeouts watch its connections; each one passes the sniffer first.
  const arrival = options.tls ? 'secureConnection' : 'connection';
  const [acceptHttp1] = http1.listeners(arrival) as ((socket: Duplex) => void)[];
  http1.removeAllListeners(arrival);
  http1.on(arrival, (socket: Socket) => {
    connections.addSocket(socket);
    sniffPreface(socket, limits.firstBytesTimeoutMs, (_, version) => {
      connections.settleSocket(socket);
      if (version === 'http2') http2.emit('connection', socket);
      else acceptHttp1?.call(http1, socket);
    });
  });
  http2.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (rpc(request, response)) return;
    bridgeToHttp1(request, response, (connection) => acceptHttp1?.call(http1, connection));
  });

  await new Promise<void>((resolve, reject) => {
    http1.once('error', reject);
    http1.listen({ port: options.port, host: options.host }, () => {
      http1.off('error', reject);
      resolve();
    });
  });
  const { port } = http1.address() as AddressInfo;
  return {
    host: options.host,
    port,
    serve(content) {
      ({ rpc, http } = answering(content, surroundings));
    },
    close: (graceMs) => connections.close(graceMs).finally(stopTls),
  };
}

function answering(
  { methods, http }: ServerContent,
  surroundings: CallSurroundings,
): { rpc: RpcHandler; http: RequestListener } {
  return { rpc: methods === undefined ? () => false : createRpcHandler(methods, surroundings), http };
}

/** The server that listens. Certificates that change are shown to whoever connects from then on. */
function createListener(
  tls: CertificateSource | undefined,
  limits: ServerLimits,
): { readonly http1: Server; readonly stopTls: () => void } {
  if (tls === undefined) return { http1: createHttp(), stopTls: () => {} };
  const certificates = tls.current();
  const http1 = createHttps({
    ...certificates,
    requestCert: certificates.ca !== undefined,
    rejectUnauthorized: certificates.ca !== undefined,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: limits.firstBytesTimeoutMs,
  });
  return { http1, stopTls: tls.subscribe((now) => http1.setSecureContext(now)) };
}

function surroundingsOf(options: ServerOptions, limits: ServerLimits): CallSurroundings {
  const { clock, logger, metrics, multitenancy } = options;
  const budget = createByteBudget(limits.heldBytesMax);
  metrics.gauge({ name: 'rpc_held_bytes', help: 'Request bytes held by RPC calls in flight.' }, budget.usedBytes);
  return {
    clock,
    logger,
    multitenancy,
    limits,
    budget,
    calls: metrics.counter({
      name: 'rpc_calls_total',
      help: 'RPC calls answered, by method, protocol and code.',
      labels: ['method', 'protocol', 'code'],
    }),
    requestSeconds: requestSeconds(metrics),
    tracing: options.tracing ?? noTracing,
  };
}
