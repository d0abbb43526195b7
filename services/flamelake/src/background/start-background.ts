/**
 * Segment-writer and compactor beside the thread that serves requests, so that building segments and merging blocks never
 * blocks it and a second core is used. With `workers.count` 0 they run in the same thread.
 */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import type { Logger, MetricsSnapshot } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import type { BackgroundRoles } from './background-roles.ts';
import { type LogFacts, logFacts, logMethods } from './log-over-port.ts';
import { portCaller, servePort } from './port-calls.ts';

export interface BackgroundOptions {
  readonly log: ProfileLog;
  readonly options: ServeOptions;
  readonly logger: Logger;
  /** Called when the thread ends by itself: without it nothing becomes queryable. */
  readonly onFatal: (error: unknown) => void;
}

/** What the thread is started with. */
export interface BackgroundData {
  readonly options: ServeOptions;
  readonly log: LogFacts;
  readonly logPort: import('node:worker_threads').MessagePort;
  readonly controlPort: import('node:worker_threads').MessagePort;
}

/** Starts the roles; resolves when they have begun. */
export async function startBackground({ log, options, logger, onFatal }: BackgroundOptions): Promise<BackgroundRoles> {
  if (options['workers.count'] === 0) {
    const { startBackgroundRoles } = await import('./background-roles.ts');
    return startBackgroundRoles({ log, options, logger });
  }
  const logChannel = new MessageChannel();
  const controlChannel = new MessageChannel();
  servePort(logChannel.port1, logMethods(log));
  const workerData: BackgroundData = {
    options,
    log: logFacts(log),
    logPort: logChannel.port2,
    controlPort: controlChannel.port2,
  };
  const worker = new Worker(new URL('./background-thread.ts', import.meta.url), {
    workerData,
    transferList: [logChannel.port2, controlChannel.port2],
  });
  let isClosing = false;
  worker.on('error', onFatal);
  const exited = once(worker, 'exit');
  void exited.then(([code]) => {
    if (!isClosing) onFatal(new FlamelakeError('internal', 'the background thread ended', { code: Number(code) }));
  });
  const control = portCaller(controlChannel.port1);
  await control.call('started');
  return {
    trouble: () => control.call<string | undefined>('trouble'),
    metrics: () => control.call<MetricsSnapshot>('metrics'),
    async close() {
      isClosing = true;
      await control.call('close');
      logChannel.port1.close();
      controlChannel.port1.close();
      await exited;
    },
  };
}
