import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPlacement, defaultPlacement, type PlacementTable, partitionOf, shardKey } from './placement.ts';

const HOUR_MS = 3_600_000;
const noSeries = () => assert.fail('the series is not asked for when a service has one partition');

test('a service has one partition, services spread over all', () => {
  const table = defaultPlacement(16);
  const used = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const partition = partitionOf(table, 'anonymous', `service-${i}`, i * HOUR_MS, noSeries);
    assert.equal(partitionOf(table, 'anonymous', `service-${i}`, 0, noSeries), partition);
    used.add(partition);
  }
  assert.deepEqual(
    [...used].sort((a, b) => a - b),
    Array.from({ length: 16 }, (_, i) => i),
  );
});

test('placement is the same in every release: resends rely on it', () => {
  const table = defaultPlacement(16);
  const places = ['checkout', 'payment', 'größe'].map((service) =>
    partitionOf(table, 'anonymous', service, 0, noSeries),
  );
  assert.deepEqual(places, [14, 4, 0]);
});

test('the epoch is chosen by the time of the profile, so a resend goes where the first copy went', () => {
  const table: PlacementTable = [
    { validFromMs: 0, partitionCount: 1, shards: new Map() },
    { validFromMs: 10 * HOUR_MS, partitionCount: 8, shards: new Map([[shardKey('t', 'big'), 3]]) },
  ];
  checkPlacement(table, 8);
  const place = (timeMs: number, service: string, series: string) =>
    partitionOf(table, 't', service, timeMs, () => series);
  for (let i = 0; i < 50; i++) assert.equal(place(10 * HOUR_MS - 1, 'big', `${i}`), 0);
  const shards = new Set(Array.from({ length: 50 }, (_, i) => place(10 * HOUR_MS, 'big', `${i}`)));
  assert.equal(shards.size, 3);
  assert.equal(place(11 * HOUR_MS, 'small', 'a'), place(11 * HOUR_MS, 'small', 'b'));
});

test('a table that does not ascend by whole hours or does not fit the log is refused', () => {
  const epoch = (validFromMs: number, partitionCount = 1) => ({ validFromMs, partitionCount, shards: new Map() });
  const sharded = (count: number) => ({ ...epoch(0, 2), shards: new Map([[shardKey('t', 'big'), count]]) });
  const tables = [[], [epoch(1)], [epoch(0), epoch(0)], [epoch(HOUR_MS), epoch(0)], [epoch(0, 3)], [epoch(0, 0)]];
  tables.push([sharded(3)], [sharded(0)]);
  for (const table of tables) assert.throws(() => checkPlacement(table, 2), { code: 'invalid_argument' });
});
