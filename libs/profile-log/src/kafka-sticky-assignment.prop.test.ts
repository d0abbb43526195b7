import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignPartitions, type GroupMember } from './kafka-sticky-assignment.ts';

/** Members that may claim anything, as after splits and restarts. */
const group = fc.nat(24).chain((partitionCount) =>
  fc.record({
    partitionCount: fc.constant(partitionCount),
    members: fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        owned: fc.uniqueArray(fc.nat(partitionCount + 2)),
        generation: fc.integer({ min: -1, max: 3 }),
      }),
      { minLength: 1, maxLength: 7, selector: ({ id }) => id },
    ),
  }),
);

test('each partition goes to one member, evenly, whatever the members say', () => {
  fc.assert(
    fc.property(group, ({ members, partitionCount }) => {
      const shares = assignPartitions(members, partitionCount);
      const all = [...shares.values()].flat().sort((a, b) => a - b);
      assert.deepEqual(
        all,
        Array.from({ length: partitionCount }, (_, i) => i),
      );
      assert.equal(shares.size, members.length);
      const sizes = [...shares.values()].map(({ length }) => length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      const again = assignPartitions(members.toReversed(), partitionCount);
      assert.deepEqual(again, shares);
    }),
  );
});

test('nothing moves without need: who joins takes its share, who leaves gives up its own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 8 }), (partitionCount, count) => {
      const first = asMembers(assignPartitions(named(count), partitionCount));
      const joined = assignPartitions([...first, { id: 'new', owned: [], generation: -1 }], partitionCount);
      assert.equal(moved(first, joined), joined.get('new')?.length);
      const left = first.slice(1);
      if (left.length === 0) return;
      assert.equal(moved(first, assignPartitions(left, partitionCount)), first[0]?.owned.length);
    }),
  );
});

test('of two that claim a partition the one of the later generation keeps it', () => {
  const members = [
    { id: 'a', owned: [0, 1], generation: 4 },
    { id: 'b', owned: [0, 1], generation: 5 },
    { id: 'c', owned: [2, 3], generation: 5 },
  ];
  assert.deepEqual(
    assignPartitions(members, 6),
    new Map([
      ['a', [4, 5]],
      ['b', [0, 1]],
      ['c', [2, 3]],
    ]),
  );
});

const named = (count: number): GroupMember[] =>
  Array.from({ length: count }, (_, i) => ({ id: `m${i}`, owned: [], generation: -1 }));
const asMembers = (shares: ReadonlyMap<string, readonly number[]>): GroupMember[] =>
  [...shares].map(([id, owned]) => ({ id, owned, generation: 1 }));

function moved(before: readonly GroupMember[], after: ReadonlyMap<string, readonly number[]>): number {
  const owner = new Map(before.flatMap(({ id, owned }) => owned.map((partition) => [partition, id])));
  return [...after].flatMap(([id, partitions]) => partitions.filter((partition) => owner.get(partition) !== id)).length;
}
