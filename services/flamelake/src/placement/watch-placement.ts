/**
 * The placement table, from a file that is read again as it changes. A table that would place otherwise what is placed already changes
 * nothing: a resend must go where its first copy went, since nobody else recognises it.
 */
import { readFile } from 'node:fs/promises';
import { checkPlacement, defaultPlacement, type PlacementTable, placementDifference } from '@flamelake/distributor';
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
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
  const read = async (): Promise<{ readonly text: string; readonly table: PlacementTable }> => {
    const text = await readText(file);
    const table = readPlacement(text, file);
    checkPlacement(table, partitionCount);
    return { text, table };
  };
  let current = await read();
  let isSound = true;
  metrics.gauge(
    { name: 'placement_entries', help: 'Entries of the placement table in force.' },
    () => current.table.length,
  );
  metrics.gauge(
    { name: 'placement_last_reload_successful', help: '0 while the placement file is not what is in force.' },
    () => (isSound ? 1 : 0),
  );

  const reload = async (): Promise<void> => {
    try {
      const found = await read();
      if (found.text === current.text && isSound) return;
      const nowMs = clock.nowMs();
      checkChange(current.table, found.table, nowMs - options['limits.ingestion-window'], nowMs + AHEAD_MS);
      current = found;
      isSound = true;
      logger.info('placement is read', { file, entries: current.table.length });
    } catch (error) {
      if (isSound) logger.failure('placement is refused, the one there was stays', error, { file });
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
    table: () => current.table,
    async close() {
      ending.abort();
      await watching;
    },
  };
}

function checkChange(from: PlacementTable, to: PlacementTable, fromMs: number, untilMs: number): void {
  const differentMs = placementDifference(from, to, fromMs, untilMs);
  if (differentMs === undefined) return;
  throw new FlamelakeError('failed_precondition', 'placement of profiles that may have come already cannot change', {
    changesAt: new Date(differentMs).toISOString(),
    mayChangeFrom: new Date(untilMs).toISOString(),
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new FlamelakeError('invalid_argument', 'placement file cannot be read', { file, reason }, { cause });
  }
}
