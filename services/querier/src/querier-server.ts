/** A querier for other processes: tasks come in and results go out over internal gRPC. */
import type { Clock } from '@flamelake/model';
import { decodeTask } from '@flamelake/query';
import { type InternalTls, type RunningInternalServer, startInternalServer } from '@flamelake/rpc/internal';
import { type Logger, type Metrics, noTracing, type Tracing } from '@flamelake/runtime';
import type { Querier } from './querier.ts';

export interface QuerierServerOptions {
  readonly querier: Querier;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly tls?: InternalTls;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** None by default. */
  readonly tracing?: Tracing;
}

/** @throws {FlamelakeError} `failed_precondition` when the address cannot be listened on */
export function startQuerierServer(options: QuerierServerOptions): Promise<RunningInternalServer> {
  const { querier, tracing = noTracing, ...server } = options;
  return startInternalServer({
    ...server,
    execute: (task, { signal, trace }) =>
      tracing.span('execute task', { kind: 'server', parent: trace }, () =>
        querier.answer(decodeTask(task), signal, abortOf(signal)),
      ),
  });
}

/** Resolves when a call has ended: what it was answered is not in memory any more. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
