/** Segment-writer and compactor of the embedded server, over a store of their own. */
import { createCompactor } from '@flamelake/compactor';
import type { ProfileLog } from '@flamelake/model';
import { createMetrics, type Logger, type MetricsSnapshot, systemClock, systemRandom } from '@flamelake/runtime';
import { createSegmentWriter } from '@flamelake/segment-writer';
import { compactorSettings } from '../options/compactor-settings.ts';
import type { ServeOptions } from '../options/serve-options.ts';
import { watchOverrides } from '../overrides/watch-overrides.ts';
import { openObjectStore } from '../server/open-object-store.ts';

export interface BackgroundRoles {
  /** What is wrong, in words, if anything. */
  trouble(): Promise<string | undefined>;
  /** Metrics of the roles. */
  metrics(): Promise<MetricsSnapshot>;
  /** Cuts the last segment and ends the roles. */
  close(): Promise<void>;
}

export interface BackgroundRolesOptions {
  readonly log: ProfileLog;
  readonly options: ServeOptions;
  readonly logger: Logger;
}

export async function startBackgroundRoles({ log, options, logger }: BackgroundRolesOptions): Promise<BackgroundRoles> {
  const [clock, random, metrics] = [systemClock, systemRandom, createMetrics()];
  const store = await openObjectStore({ options, clock, random, metrics });
  // Said by the thread that serves; here its metrics would be there twice.
  const tenantOptions = await watchOverrides({ options, clock, logger, metrics: createMetrics() });
  const writer = createSegmentWriter({
    store,
    log,
    clock,
    random,
    logger,
    metrics,
    flushIntervalMs: options['segment-writer.flush-interval'],
    ingestionWindowMs: options['limits.ingestion-window'],
  });
  const compactor = createCompactor({
    store,
    clock,
    random,
    logger,
    metrics,
    ...compactorSettings(options, tenantOptions, clock),
  });
  const ending = new AbortController();
  const running = Promise.all([writer.run(ending.signal), compactor.run(ending.signal)]);
  return {
    async trouble() {
      const stopped = writer.health().find(({ state }) => state === 'stopped');
      return stopped && `partition ${stopped.partition} has stopped: ${String(stopped.error)}`;
    },
    metrics: metrics.snapshot,
    async close() {
      ending.abort();
      await running;
      await tenantOptions.close();
      await store.close();
    },
  };
}
