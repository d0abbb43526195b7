/**
 * Placement: which partition of the log a profile goes to. A function of tenant, service, series and the profile's own
 * time, so that a resend goes where the first copy went, also across a change of the table.
 */
import { hash } from 'node:crypto';
import { FlamelakeError } from '@flamelake/model';

/** Placement of profiles whose time is at or after `validFromMs`. */
export interface PlacementEpoch {
  /** A whole hour, ms since 1970. */
  readonly validFromMs: number;
  readonly partitionCount: number;
  /** Partitions of services that have more than one, by `shardKey`. */
  readonly shards: ReadonlyMap<string, number>;
}

/** Epochs, ascending; the first serves all earlier times too. */
export type PlacementTable = readonly PlacementEpoch[];

const HOUR_MS = 3_600_000;

/** Names a service of a tenant in a table. */
export function shardKey(tenant: string, service: string): string {
  return `${tenant}\0${service}`;
}

/** One epoch over all partitions, one partition a service. */
export function defaultPlacement(partitionCount: number): PlacementTable {
  return [{ validFromMs: 0, partitionCount, shards: new Map() }];
}

/**
 * @throws {FlamelakeError} `invalid_argument` when epochs do not ascend by whole hours, or name partitions the log or the epoch lacks
 */
export function checkPlacement(table: PlacementTable, partitionCount: number): void {
  let previousMs = -1;
  for (const { validFromMs, partitionCount: count, shards } of table) {
    const isHour = Number.isSafeInteger(validFromMs) && validFromMs % HOUR_MS === 0;
    if (!isHour || validFromMs <= previousMs || count < 1 || count > partitionCount) {
      throw new FlamelakeError('invalid_argument', 'placement epochs must ascend by whole hours and fit the log', {
        validFromMs,
        epochPartitions: count,
        logPartitions: partitionCount,
      });
    }
    for (const [key, shardCount] of shards) {
      if (shardCount >= 1 && shardCount <= count) continue;
      const [tenant, service] = key.split('\0');
      const details = { tenant, service, partitions: shardCount, epochPartitions: count };
      throw new FlamelakeError('invalid_argument', 'service has more partitions than there are, or none', details);
    }
    previousMs = validFromMs;
  }
  if (table.length === 0) throw new FlamelakeError('invalid_argument', 'placement table has no epoch');
}

/**
 * The first time in a range at which two tables place profiles otherwise.
 * @returns undefined when they agree on every time from `fromMs` until `untilMs`
 */
export function placementDifference(
  a: PlacementTable,
  b: PlacementTable,
  fromMs: number,
  untilMs: number,
): number | undefined {
  const starts = [...a, ...b].map(({ validFromMs }) => validFromMs).filter((ms) => ms > fromMs && ms < untilMs);
  return [fromMs, ...starts.sort((x, y) => x - y)].find((ms) => !isSamePlacement(epochAt(a, ms), epochAt(b, ms)));
}

function isSamePlacement(a: PlacementEpoch, b: PlacementEpoch): boolean {
  const keys = new Set([...a.shards.keys(), ...b.shards.keys()]);
  return (
    a.partitionCount === b.partitionCount &&
    [...keys].every((key) => (a.shards.get(key) ?? 1) === (b.shards.get(key) ?? 1))
  );
}

function epochAt(table: PlacementTable, timeMs: number): PlacementEpoch {
  const epoch = table.findLast((candidate) => candidate.validFromMs <= timeMs) ?? table[0];
  if (epoch === undefined) throw new FlamelakeError('internal', 'placement table has no epoch');
  return epoch;
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
  const epoch = epochAt(table, timeMs);
  const key = shardKey(tenant, service);
  const first = hash32(key) % epoch.partitionCount;
  const shards = epoch.shards.get(key) ?? 1;
  if (shards <= 1) return first;
  const step = hash32(seriesKey()) % shards;
  return (first + step) % epoch.partitionCount;
}

/** Uniform over [0, 2^32) and the same in every release: resends rely on it. */
function hash32(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0);
}
