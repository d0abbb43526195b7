import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkPlacement, type PlacementTable, partitionOf, placementDifference, shardKey } from './placement.ts';

const HOUR_MS = 3_600_000;
const PARTITIONS = 8;
const SERVICES = ['a', 'b', 'c'];

const epoch = fc
  .record({
    partitionCount: fc.integer({ min: 1, max: PARTITIONS }),
    counts: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
  })
  .map(({ partitionCount, counts }) => ({
    partitionCount,
    shards: new Map(counts.map((count, i) => [shardKey('t', SERVICES[i] ?? ''), Math.min(count, partitionCount)])),
  }));
const hours = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
const table: fc.Arbitrary<PlacementTable> = fc
  .tuple(hours, fc.array(epoch, { minLength: 4, maxLength: 4 }))
  .map(([starts, epochs]) =>
    [...starts]
      .sort((x, y) => x - y)
      .map((hour, i) => ({ validFromMs: hour * HOUR_MS, ...(epochs[i] ?? { partitionCount: 1, shards: new Map() }) })),
  );
const profile = fc.record({
  service: fc.constantFrom(...SERVICES),
  series: fc.string(),
  /** Place in the range, 0 to 1. */
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
});
const place = (tables: PlacementTable, service: string, series: string, timeMs: number) =>
  partitionOf(tables, 't', service, timeMs, () => series);

test('under a new table that differs nowhere in a range, a resend from that range goes where its first copy went', () => {
  let changes = 0;
  fc.assert(
    fc.property(
      table,
      table,
      fc.nat({ max: 5 }),
      fc.array(profile, { minLength: 20, maxLength: 20 }),
      (from, other, hour, profiles) => {
        const [fromMs, untilMs] = [hour * HOUR_MS - 1_800_000, hour * HOUR_MS + 1_800_000];
        // What a cautious operator does: the past as it was, something else from a later hour on.
        const past = from.filter(({ validFromMs }, i) => i === 0 || validFromMs < untilMs);
        const appended = [
          ...past,
          ...other.filter(({ validFromMs }) => validFromMs >= untilMs && validFromMs > (past.at(-1)?.validFromMs ?? 0)),
        ];
        checkPlacement(appended, PARTITIONS);
        assert.equal(placementDifference(from, appended, fromMs, untilMs), undefined);
        for (const to of [appended, other]) {
          const differentMs = placementDifference(from, to, fromMs, untilMs);
          if (differentMs !== undefined) assert.ok(differentMs >= fromMs && differentMs < untilMs);
          for (const { service, series, at } of profiles) {
            const timeMs = fromMs + Math.floor(at * (untilMs - fromMs));
            const [first, again] = [place(from, service, series, timeMs), place(to, service, series, timeMs)];
            if (differentMs === undefined || timeMs < differentMs) assert.equal(again, first);
            else if (again !== first) changes++;
          }
        }
      },
    ),
  );
  assert.ok(changes > 100, `tables that are refused do move profiles: ${changes}`);
});
