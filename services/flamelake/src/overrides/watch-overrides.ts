/** Options by tenant, from a file that is read again as it changes. A broken file keeps the values there were. */
import type { Clock } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import { watchFile } from '../watched-file/watch-file.ts';
import { readOverrides } from './read-overrides.ts';

export interface TenantOptions {
  /** Options of a tenant now: the same object until the file changes. */
  of(tenant: string): ServeOptions;
  /** All options that some tenant has now. */
  all(): readonly ServeOptions[];
  close(): Promise<void>;
}

export interface WatchOverridesOptions {
  readonly options: ServeOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Without a file every tenant has the process's own options. @throws {FlamelakeError} `invalid_argument` when the file is broken at the start */
export async function watchOverrides({
  options,
  clock,
  logger,
  metrics,
}: WatchOverridesOptions): Promise<TenantOptions> {
  const file = options['runtime-config.file'];
  if (file === '') return { of: () => options, all: () => [options], close: () => Promise.resolve() };
  const failures = metrics.counter({
    name: 'overrides_reload_failures_total',
    help: 'Times the overrides file was found broken or unreadable.',
  });
  const watched = await watchFile({
    file,
    what: 'overrides',
    intervalMs: options['runtime-config.reload-interval'],
    clock,
    logger,
    parse: (text) => readOverrides(text, options, file),
    onFailure: () => failures.add(1),
  });
  metrics.gauge({ name: 'overrides_tenants', help: 'Tenants with options of their own.' }, () => watched.value().size);
  metrics.gauge(
    { name: 'overrides_last_reload_successful', help: '0 while the overrides file is broken and older values hold.' },
    () => (watched.isSound() ? 1 : 0),
  );
  return {
    of: (tenant) => watched.value().get(tenant) ?? options,
    all: () => [options, ...watched.value().values()],
    close: () => watched.close(),
  };
}
