/**
 * The placement table, from a file that is read again as it changes. A table that would place otherwise what is placed already changes
 * nothing: a resend must go where its first copy went, since nobody else recognises it.
 */
import { checkPlacement, defaultPlacement, type PlacementTable, placementDifference } from '@flamelake/distributor';
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import { watchFile } from '../watched-file/watch-file.ts';
import { readPlacement } from './read-placement.ts';

export interface WatchedPlacement {
  /** The table in force. */
  table(): PlacementTable;
  close(): Promise<void>;
}

/** Profiles come with times up to 10 min ahead; as long again, so that every distributor has read the file when the first one comes. */
const AHEAD_MS = 1_200_000;

/**
 * The table found at the start is taken as it is: what was in force before is not known then.
 * @throws {FlamelakeError} `invalid_argument` when that one is broken or names partitions the log lacks
 */
export async function watchPlacement({
  options,
  partitionCount,
  clock,
  logger,
  metrics,
}: {
  readonly options: ServeOptions;
  readonly partitionCount: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}): Promise<WatchedPlacement> {
  const file = options['distributor.placement-file'];
  if (file === '') {
    const table = defaultPlacement(partitionCount);
    return { table: () => table, close: () => Promise.resolve() };
  }
  const watched = await watchFile({
    file,
    what: 'placement',
    intervalMs: options['runtime-config.reload-interval'],
    clock,
    logger,
    parse(text) {
      const table = readPlacement(text, file);
      checkPlacement(table, partitionCount);
      return table;
    },
    checkChange(from, to) {
      const nowMs = clock.nowMs();
      checkChange(from, to, nowMs - options['limits.ingestion-window'], nowMs + AHEAD_MS);
    },
  });
  metrics.gauge(
    { name: 'placement_entries', help: 'Entries of the placement table in force.' },
    () => watched.value().length,
  );
  metrics.gauge(
    { name: 'placement_last_reload_successful', help: '0 while the placement file is not what is in force.' },
    () => (watched.isSound() ? 1 : 0),
  );
  return { table: () => watched.value(), close: () => watched.close() };
}

function checkChange(from: PlacementTable, to: PlacementTable, fromMs: number, untilMs: number): void {
  const differentMs = placementDifference(from, to, fromMs, untilMs);
  if (differentMs === undefined) return;
  throw new FlamelakeError('failed_precondition', 'placement of profiles that may have come already cannot change', {
    changesAt: new Date(differentMs).toISOString(),
    mayChangeFrom: new Date(untilMs).toISOString(),
  });
}
