/** Deletes uploaded files that are expired, tenant by tenant, whether or not anybody uploads another one. */
import { TENANTS_PREFIX } from '@flamelake/catalog';
import type { Clock, ObjectStore, Random } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { AdHocProfiles } from './ad-hoc-profiles.ts';

export interface SweepAdHocOptions {
  readonly store: ObjectStore;
  readonly files: Pick<AdHocProfiles, 'sweep'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const INTERVAL_MS = 3_600_000;
/** Tenants looked at in one round; the next round goes on behind them. */
const TENANTS_MAX = 1_000;

/** Sweeps every hour until the signal aborts. Several may do it side by side: what one deletes, the others do not find. */
export async function sweepAdHoc(options: SweepAdHocOptions, signal: AbortSignal): Promise<void> {
  const { store, files, clock, random, logger, metrics } = options;
  const swept = metrics.counter({
    name: 'ad_hoc_swept_files_total',
    help: 'Uploaded files deleted because they were expired, or left by a crash.',
  });
  let last = '';
  const sweepSome = async (): Promise<void> => {
    const tenants = (await store.listFolders(TENANTS_PREFIX)).toSorted();
    const next = tenants.filter((tenant) => tenant > last).slice(0, TENANTS_MAX);
    for (const tenant of next) {
      if (signal.aborted) return;
      swept.add(await files.sweep(decodeURIComponent(tenant)));
      last = tenant;
    }
    if (next.length < TENANTS_MAX) last = '';
  };
  // Those that start together do not sweep together.
  for (let waitMs = random.fraction() * INTERVAL_MS; ; waitMs = INTERVAL_MS) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    try {
      await sweepSome();
    } catch (error) {
      logger.failure('uploaded files could not be swept', error);
    }
  }
}
