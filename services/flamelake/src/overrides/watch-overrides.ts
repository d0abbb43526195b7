/** Options by tenant, from a file that is read again as it changes. A broken file keeps the values there were. */
import { readFile } from 'node:fs/promises';
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import { readOverrides } from './read-overrides.ts';

export interface TenantOptions {
  /** Options of a tenant now: the same object until the file changes. */
  of(tenant: string): ServeOptions;
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
  if (file === '') return { of: () => options, close: () => Promise.resolve() };
  let text = await readText(file);
  let tenants = readOverrides(text, options, file);
  let isSound = true;
  metrics.gauge({ name: 'overrides_tenants', help: 'Tenants with options of their own.' }, () => tenants.size);
  metrics.gauge(
    { name: 'overrides_last_reload_successful', help: '0 while the overrides file is broken and older values hold.' },
    () => (isSound ? 1 : 0),
  );
  const failures = metrics.counter({
    name: 'overrides_reload_failures_total',
    help: 'Times the overrides file was found broken or unreadable.',
  });

  const reload = async (): Promise<void> => {
    try {
      const now = await readText(file);
      if (now === text && isSound) return;
      const read = readOverrides(now, options, file);
      [text, tenants, isSound] = [now, read, true];
      logger.info('overrides are read', { file, tenants: read.size });
    } catch (error) {
      failures.add(1);
      if (isSound) logger.failure('overrides are broken, the values there were stay', error, { file });
      isSound = false;
    }
  };
  const ending = new AbortController();
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(options['runtime-config.reload-interval'], ending.signal);
      if (ending.signal.aborted) return;
      await reload();
    }
  };
  const watching = watch();
  return {
    of: (tenant) => tenants.get(tenant) ?? options,
    async close() {
      ending.abort();
      await watching;
    },
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new FlamelakeError('invalid_argument', 'overrides file cannot be read', { file, reason }, { cause });
  }
}
