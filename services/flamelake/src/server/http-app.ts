/** Plain HTTP beside the RPCs: ingestion, readiness, metrics, profiles of ourselves, the home page. */
import { gzipSync } from 'node:zlib';
import { INGEST_PATHS, OTLP_PATH } from '@flamelake/distributor';
import { encodePprof, type Pprof } from '@flamelake/formats';
import { type Clock, CODE_MEANINGS, describeError, FlamelakeError } from '@flamelake/model';
import type { DataAction, PlainRoute } from '@flamelake/query-frontend';
import { requestLabels, requestSeconds } from '@flamelake/rpc';
import { type Logger, type Metrics, type MetricsSnapshot, readTraceContext, type Tracing } from '@flamelake/runtime';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { SelfProfiler } from '../self-profile/self-profiler.ts';
import { serveAction } from './serve-action.ts';
import { serveRoute } from './serve-route.ts';
import { hasUi, serveUi } from './serve-ui.ts';

export interface HttpAppOptions {
  /** Serves `/ingest`, in a process that takes profiles in. */
  readonly ingest: RequestHandler | undefined;
  /** Queries over plain HTTP. */
  readonly routes: readonly PlainRoute[];
  /** Deletes and pins, whoever has the token; no token is asked for if it is empty. */
  readonly actions: readonly DataAction[];
  readonly adminToken: string;
  readonly multitenancy: boolean;
  /** Serves OTLP profiles, in such a process. */
  readonly otlp: RequestHandler | undefined;
  /** undefined when the server can do its work, else what keeps it from it. */
  readonly notReady: () => Promise<string | undefined>;
  readonly metrics: Metrics;
  /** Metrics of other threads. */
  readonly otherMetrics: () => Promise<readonly MetricsSnapshot[]>;
  readonly clock: Clock;
  readonly tracing: Tracing;
  readonly profiler: SelfProfiler;
  /** In a process that answers queries. */
  readonly homePage: ((url: string) => Promise<string>) | undefined;
  /** Further routes. */
  readonly more: readonly ((app: Express) => void)[];
  readonly logger: Logger;
}

/** Longest CPU profile served, s. */
const PROFILE_SECONDS_MAX = 300;
const PROFILE_SECONDS_DEFAULT = 10;
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

export function createHttpApp(options: HttpAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(measureRequests(options.metrics, options.clock));
  const { ingest, otlp, homePage } = options;
  if (ingest !== undefined) for (const path of INGEST_PATHS) app.all(path, traced(ingest, path, options.tracing));
  for (const route of options.routes) app.get([...route.paths], serveRoute(route, options.multitenancy));
  for (const action of options.actions) app.post(action.path, ...serveAction(action, options));
  if (otlp !== undefined) app.all(OTLP_PATH, otlp);
  for (const serve of options.more) serve(app);
  // Alive is who answers; whether it can do its work is for /ready, and no reason to be started again.
  app.get('/healthz', (_, response) => void response.type('text/plain').send('ok'));
  app.get('/ready', async (_, response) => {
    const reason = await options.notReady();
    response
      .status(reason === undefined ? 200 : 503)
      .type('text/plain')
      .send(reason ?? 'ready');
  });
  app.get('/metrics', async (_, response) => {
    const text = await options.metrics.text(await options.otherMetrics());
    response.setHeader('content-type', options.metrics.contentType);
    response.end(text);
  });
  app.get('/debug/pprof/profile', async (request, response) => {
    const text = request.query.seconds;
    const seconds = text === undefined ? PROFILE_SECONDS_DEFAULT : Number(text);
    if (!(seconds > 0 && seconds <= PROFILE_SECONDS_MAX)) {
      throw new FlamelakeError('invalid_argument', 'seconds must be a number above 0, and at most the limit', {
        seconds: typeof text === 'string' ? text.slice(0, 64) : 'given several times',
        limit: PROFILE_SECONDS_MAX,
      });
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    sendProfile(response, await options.profiler.cpu(seconds * 1000, gone.signal));
  });
  app.get('/debug/pprof/heap', async (_, response) => sendProfile(response, await options.profiler.heap()));
  if (homePage !== undefined) {
    if (hasUi()) serveUi(app);
    // For the first steps, and for who has no JavaScript.
    app.get(['/start', '/'], async (request, response) => {
      response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
      response.type('html').send(await homePage(`${request.protocol}://${request.get('host') ?? 'localhost:4040'}`));
    });
  }
  app.use((request) => {
    throw new FlamelakeError('not_found', 'there is nothing at this path', { path: request.path });
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    sendError(error, request, response, options.logger);
  });
  return app;
}

/** Runs a handler within a span that ends with its answer. */
function traced(handler: RequestHandler, path: string, tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    const { traceparent, tracestate } = request.headers;
    const parent = readTraceContext(traceparent, tracestate);
    const answer = () =>
      new Promise<void>((resolve) => {
        response.once('close', resolve);
        void handler(request, response, next);
      });
    void tracing.span(`${request.method} ${path}`, { kind: 'server', parent }, async (span) => {
      await answer();
      span.set({ 'http.response.status_code': response.statusCode });
    });
  };
}

/** Answers by route; what has none is counted together, whatever paths clients think of. */
function measureRequests(metrics: Metrics, clock: Clock): RequestHandler {
  const seconds = requestSeconds(metrics);
  return (request, response, next) => {
    const startMs = clock.monotonicMs();
    response.once('close', () => {
      const { path } = (request.route ?? {}) as { readonly path?: unknown };
      const method = METHODS.has(request.method) ? request.method : 'other';
      const labels = requestLabels(typeof path === 'string' ? path : 'other', method, response.statusCode);
      seconds.observe((clock.monotonicMs() - startMs) / 1000, labels);
    });
    next();
  };
}

function sendProfile(response: Response, profile: Pprof): void {
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-disposition', 'attachment; filename="flamelake.pb.gz"');
  response.end(gzipSync(encodePprof(profile)));
}

/** Errors as JSON `{code, message}`; what is no FlamelakeError is logged and not shown. */
function sendError(error: unknown, request: Request, response: Response, logger: Logger): void {
  const known =
    error instanceof FlamelakeError ? error : new FlamelakeError('internal', 'the server failed', {}, { cause: error });
  if (CODE_MEANINGS[known.code].logLevel === 'error') logger.failure('request failed', error, { path: request.path });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.status(CODE_MEANINGS[known.code].http).json({ code: known.code, message: describeError(known) });
}
