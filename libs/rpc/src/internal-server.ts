/** The port our own services call, over grpc-js. */
import { type Clock, CODE_MEANINGS, FlamelakeError } from '@flamelake/model';
import { type Logger, type Metrics, readTraceContext, type TraceContext } from '@flamelake/runtime';
import { experimental, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { certificateProvider, type InternalTls, MESSAGE_BYTES_MAX } from './internal-channel.ts';
import { type ExecuteRequest, type ExecuteResponse, loadExecuteMethod } from './internal-definition.ts';
import { statusOfError } from './internal-errors.ts';

export interface InternalCall {
  /** Aborts when the caller cancels, goes away, its deadline passes, or it has taken the answer. */
  readonly signal: AbortSignal;
  readonly trace: TraceContext | undefined;
}

export interface InternalServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Without it the port speaks plain text. */
  readonly tls?: InternalTls;
  /** Runs an encoded task; a FlamelakeError reaches the caller as it is. */
  readonly execute: (task: Uint8Array, call: InternalCall) => Promise<Uint8Array>;
  /** Calls at a time; more are refused. */
  readonly callsMax?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

type Call = ServerUnaryCall<ExecuteRequest, ExecuteResponse>;

export interface RunningInternalServer {
  readonly port: number;
  /** Takes no new calls, lets those in flight finish for up to `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

export const CALLS_DEFAULT = 2_048;
/** Largest request, 17 MiB: a task of 16 MiB and its frame. */
const REQUEST_BYTES_MAX = 17_825_792;

/** @throws {FlamelakeError} `failed_precondition` when the address cannot be listened on */
export async function startInternalServer(options: InternalServerOptions): Promise<RunningInternalServer> {
  const { host, port, tls, execute, callsMax = CALLS_DEFAULT, clock, logger, metrics } = options;
  let inFlight = 0;
  metrics.gauge({ name: 'internal_calls', help: 'Internal calls that are being answered.' }, () => inFlight);
  const calls = metrics.counter({
    name: 'internal_calls_total',
    help: 'Internal calls answered, by code.',
    labels: ['code'],
  });

  const answer = async (request: ExecuteRequest, call: InternalCall): Promise<ExecuteResponse> => {
    if (inFlight >= callsMax) {
      throw new FlamelakeError('resource_exhausted', 'too many internal calls', { limit: callsMax });
    }
    inFlight++;
    try {
      return { result: await execute(request.task, call) };
    } finally {
      inFlight--;
    }
  };
  const handle = async (call: Call, done: sendUnaryData<ExecuteResponse>) => {
    const canceled = new AbortController();
    call.once('cancelled', () => canceled.abort());
    const [traceparent, tracestate] = ['traceparent', 'tracestate'].map((name) => call.metadata.get(name)[0]);
    const trace = readTraceContext(traceparent, tracestate);
    try {
      const response = await answer(call.request, { signal: canceled.signal, trace });
      calls.add(1, { code: 'ok' });
      done(null, response);
    } catch (error) {
      const code = error instanceof FlamelakeError ? error.code : 'internal';
      calls.add(1, { code });
      if (CODE_MEANINGS[code].logLevel === 'error') {
        logger.failure('internal call failed', error, { peer: call.getPeer(), traceparent: trace?.traceparent });
      }
      done(statusOfError(error));
    }
  };

  const server = new Server({
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  });
  server.addService(
    { execute: loadExecuteMethod() },
    { execute: (call: Call, done: sendUnaryData<ExecuteResponse>) => void handle(call, done) },
  );
  const bound = await bind(server, host, port, tls);
  return {
    port: bound,
    async close(graceMs) {
      const drained = new AbortController();
      const ended = new Promise<void>((resolve) => {
        server.tryShutdown(() => resolve());
      });
      ended.then(
        () => drained.abort(),
        () => {},
      );
      await clock.sleep(graceMs, drained.signal);
      if (!drained.signal.aborted) server.forceShutdown();
      await ended;
    },
  };
}

function bind(server: Server, host: string, port: number, tls: InternalTls | undefined): Promise<number> {
  const provider = tls && certificateProvider(tls);
  const secure = provider && experimental.createCertificateProviderServerCredentials(provider, provider, true);
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, secure ?? ServerCredentials.createInsecure(), (cause, boundPort) => {
      if (cause === null) resolve(boundPort);
      else {
        const details = { address };
        reject(new FlamelakeError('failed_precondition', 'internal port cannot be listened on', details, { cause }));
      }
    });
  });
}
