/** A connection to one querier, over grpc-js. Connects when first used, again when lost; never queues behind a lost connection. */
import { FlamelakeError } from '@flamelake/model';
import type { TraceContext } from '@flamelake/runtime';
import { Client, credentials, experimental, Metadata } from '@grpc/grpc-js';
import { certificateProvider, type InternalTls, MESSAGE_BYTES_MAX } from './internal-channel.ts';
import { loadExecuteMethod } from './internal-definition.ts';
import { errorOfStatus } from './internal-errors.ts';

export interface InternalClientOptions {
  /** `host:port`; IPv6 in brackets. */
  readonly address: string;
  /** Without it the connection is plain text. */
  readonly tls?: InternalTls;
}

export interface InternalCallOptions {
  readonly signal: AbortSignal;
  /** Wall clock, ms since 1970; the other side stops its work then. */
  readonly deadlineMs: number;
  readonly trace: TraceContext;
}

export interface InternalClient {
  /**
   * Runs an encoded task.
   * @returns the encoded result, owned by the caller
   * @throws {FlamelakeError} what the querier threw; `unavailable` when it does not answer, `deadline_exceeded`, `canceled`
   */
  execute(task: Uint8Array, options: InternalCallOptions): Promise<Uint8Array>;
  /** Whether there is a connection, or one can be made by then. @param deadlineMs - wall clock, ms since 1970 */
  isReachable(deadlineMs: number): Promise<boolean>;
  /** Calls in flight end as `unavailable`. */
  close(): void;
}

/** Silence after which a connection in use is asked whether it is alive, and how long its answer may take. */
const KEEPALIVE_MS = 5_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const RECONNECT_MS = 100;
/** Bytes of results under way on a connection: HTTP/2's 64 KiB would make a result of 110 KB wait for several answers. */
const WINDOW_BYTES = 4_194_304;
const RECONNECT_MS_MAX = 2_000;

export function createInternalClient({ address, tls }: InternalClientOptions): InternalClient {
  const method = loadExecuteMethod();
  const provider = tls && certificateProvider(tls);
  const secure = provider && experimental.createCertificateProviderChannelCredentials(provider, provider);
  const client = new Client(address, secure ?? credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
    // Whoever calls knows better where to try again.
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    // A channel of its own: closing it closes the connection.
    'grpc.use_local_subchannel_pool': 1,
    ...(tls?.serverName === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName }),
  });
  return {
    execute: (task, { signal, deadlineMs, trace }) =>
      new Promise((resolve, reject) => {
        const canceled = () =>
          new FlamelakeError('canceled', 'internal call was canceled', {}, { cause: signal.reason });
        if (signal.aborted) {
          reject(canceled());
          return;
        }
        const metadata = new Metadata();
        metadata.set('traceparent', trace.traceparent);
        if (trace.tracestate !== undefined) metadata.set('tracestate', trace.tracestate);
        const cancel = () => call.cancel();
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          { task },
          metadata,
          { deadline: deadlineMs },
          (failure, response) => {
            signal.removeEventListener('abort', cancel);
            if (response !== undefined && failure === null) resolve(response.result);
            else if (signal.aborted || failure === null) reject(canceled());
            else reject(errorOfStatus(failure, address));
          },
        );
        signal.addEventListener('abort', cancel, { once: true });
      }),
    isReachable: (deadlineMs) =>
      new Promise((resolve) => {
        client.waitForReady(deadlineMs, (failure) => resolve(failure === undefined));
      }),
    close: () => client.close(),
  };
}
