/** Writes segments of the partitions that the group gives this process. */
import type { ProfileLog } from '@flamelake/model';
import { noTracing } from '@flamelake/runtime';
import { createSegmentWriter } from '@flamelake/segment-writer';
import { joinWriters } from './kafka-log.ts';
import type { Role, RoleContext } from './role.ts';

export async function startSegmentWriterRole(context: RoleContext, log: ProfileLog): Promise<Role> {
  const { options, store, clock, random, logger, metrics, tracing } = context;
  const adoptAfterMs = options['segment-writer.adopt-after'];
  const writer = createSegmentWriter({
    store,
    log,
    clock,
    random,
    logger,
    metrics,
    ...(tracing !== noTracing && { tracing }),
    partitions: [],
    flushIntervalMs: options['segment-writer.flush-interval'],
    ingestionWindowMs: options['limits.ingestion-window'],
    ...(adoptAfterMs > 0 && { adoptAfterMs }),
  });
  const ending = new AbortController();
  const running = writer.run(ending.signal);
  const group = await joinWriters(context, log);
  group.onChange((partitions) => {
    writer.assign(partitions).catch((error: unknown) => logger.failure('partitions could not be taken over', error));
  });
  const reporting = reportLag();

  /** Tools that show lag read the group's offsets. */
  async function reportLag(): Promise<void> {
    while (!ending.signal.aborted) {
      for (const { partition, position } of writer.health()) group.commitLag(partition, position);
      await clock.sleep(LAG_INTERVAL_MS, ending.signal);
    }
  }

  return {
    async trouble() {
      const stopped = writer.health().find(({ state, isAdopted }) => state === 'stopped' && !isAdopted);
      if (stopped !== undefined) return `partition ${stopped.partition} has stopped: ${String(stopped.error)}`;
      return group.isMember() ? undefined : 'the group that shares out partitions has not taken this process in';
    },
    async close() {
      // First what was read is cut, then others may have the partitions: they find nothing to do again.
      ending.abort();
      await Promise.all([running, reporting]);
      await group.close();
    },
  };
}

const LAG_INTERVAL_MS = 5_000;
