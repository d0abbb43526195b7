/**
 * Placement: which partition of the log a profile goes to. A function of tenant, service, series and the profile's own
 * time, so that a resend goes where the first copy went, also across a change of the table.
 */
import { hash } from 'node:crypto';
import { FlamelakeError } from '@flamelake/model';

/** How many partitions share one service. */
interface ShardCount {
  readonly tenant: string;
  readonly service: string;
  readonly count: number;
}

/** Placement of profiles whose time is at or after `validFromMs`. */
export interface PlacementEpoch {
  /** A whole hour, ms since 1970. */
  readonly validFromMs: number;
  readonly partitionCount: number;
  /** Services on more than one partition. */
  readonly shards: readonly ShardCount[];
}

/** Epochs, ascending; the first serves all earlier times too. */
export type PlacementTable = readonly PlacementEpoch[];

const HOUR_MS = 3_600_000;

/** One epoch over all partitions, one partition a service. */
export function defaultPlacement(partitionCount: number): PlacementTable {
  return [{ validFromMs: 0, partitionCount, shards: [] }];
}

/** @throws {FlamelakeError} `invalid_argument` when epochs do not ascend by whole hours or name partitions the log lacks */
export function checkPlacement(table: PlacementTable, partitionCount: number): void {
  let previousMs = -1;
  for (const epoch of table) {
    const isHour = Number.isSafeInteger(epoch.validFromMs) && epoch.validFromMs % HOUR_MS === 0;
    const isCount = epoch.partitionCount >= 1 && epoch.partitionCount <= partitionCount;
    if (!isHour || epoch.validFromMs <= previousMs || !isCount) {
      throw new FlamelakeError('invalid_argument', 'placement epochs must ascend by whole hours and fit the log', {
        validFromMs: epoch.validFromMs,
        epochPartitions: epoch.partitionCount,
        logPartitions: partitionCount,
      });
    }
    previousMs = epoch.validFromMs;
  }
  if (table.length === 0) throw new FlamelakeError('invalid_argument', 'placement table has no epoch');
}

/**
 * The partition of a profile.
 * @param seriesKey - equal for equal label sets; read only when the service has several partitions
 */
export function partitionOf(
  table: PlacementTable,
  tenant: string,
  service: string,
  timeMs: number,
  seriesKey: () => string,
): number {
  const epoch = table.findLast((candidate) => candidate.validFromMs <= timeMs) ?? table[0];
  if (epoch === undefined) throw new FlamelakeError('internal', 'placement table has no epoch');
  const first = hash32(`${tenant}\0${service}`) % epoch.partitionCount;
  const shards = epoch.shards.find((shard) => shard.tenant === tenant && shard.service === service)?.count ?? 1;
  if (shards <= 1) return first;
  const step = hash32(seriesKey()) % Math.min(shards, epoch.partitionCount);
  return (first + step) % epoch.partitionCount;
}

/** Uniform over [0, 2^32) and the same in every release: resends rely on it. */
function hash32(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0);
}
