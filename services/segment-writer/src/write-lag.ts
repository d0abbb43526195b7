/** How old the oldest record is that was read and is in no segment yet: what queries cannot see. */
import type { Clock, ProfileLog } from '@flamelake/model';

export interface WriteLag {
  /** The log, its reads watched. */
  readonly log: ProfileLog;
  /** @returns seconds, by the log's append time; 0 when all that was read is in segments */
  seconds(partition: number): number;
}

/** Records read at once. */
interface Read {
  next: number;
  readonly appendMs: number;
}

/** Reads remembered of a partition; later ones are taken for part of the last. */
const READS_MAX = 1_024;

/** @param positionOf - end of a partition's chain */
export function createWriteLag(log: ProfileLog, clock: Clock, positionOf: (partition: number) => number): WriteLag {
  const reads = new Map<number, Read[]>();

  const settle = (partition: number): readonly Read[] => {
    const open = reads.get(partition) ?? [];
    const position = positionOf(partition);
    const done = open.findIndex(({ next }) => next > position);
    open.splice(0, done === -1 ? open.length : done);
    return open;
  };
  return {
    log: {
      ...log,
      async read(partition, fromOffset, options) {
        const records = await log.read(partition, fromOffset, options);
        const [first] = records;
        const last = records.at(-1);
        if (first === undefined || last === undefined) return records;
        settle(partition);
        const open = reads.get(partition) ?? [];
        reads.set(partition, open);
        const newest = open.at(-1);
        if (newest !== undefined && (open.length >= READS_MAX || newest.next > last.offset))
          newest.next = Math.max(newest.next, last.offset + 1);
        else open.push({ next: last.offset + 1, appendMs: first.appendMs });
        return records;
      },
    },
    seconds(partition) {
      const [oldest] = settle(partition);
      return oldest === undefined ? 0 : Math.max(0, clock.nowMs() - oldest.appendMs) / 1000;
    },
  };
}
