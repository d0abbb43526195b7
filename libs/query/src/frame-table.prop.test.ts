/** Tables of functions and their neighbours against plain sums over stacks as texts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { functionTable } from './frame-table.ts';
import { neighboursOf } from './neighbours.ts';
import { treeOf } from './test-stacks.ts';

const frame = fc.constantFrom('a', 'b', 'c', 'main', 'ü');
const stack = fc.array(frame, { minLength: 1, maxLength: 7 });
const value = fc.oneof(fc.bigInt(1n, 9n), fc.bigInt(1n, 2n ** 57n));
const stacks = fc.array(fc.tuple(stack, value), { maxLength: 30 });
const tree = (all: readonly (readonly [readonly string[], bigint])[]) =>
  treeOf(all.map(([frames, own]) => [frames.join(';'), own] as const));

function sumBy<Item>(items: readonly Item[], keys: (item: Item) => Iterable<string>, weight: (item: Item) => bigint) {
  const sums = new Map<string, bigint>();
  for (const item of items) for (const key of keys(item)) sums.set(key, (sums.get(key) ?? 0n) + weight(item));
  return sums;
}

test('a function has its own value, and each stack it is on once', () => {
  fc.assert(
    fc.property(stacks, (all) => {
      const table = functionTable(tree(all));
      const weight = ([, own]: readonly [unknown, bigint]) => own;
      const self = sumBy(all, ([frames]) => [frames.at(-1) ?? ''], weight);
      const total = sumBy(all, ([frames]) => new Set(frames), weight);
      const frames = Array.from({ length: table.count }, (_, i) => i);
      const nonzero = (column: BigInt64Array) =>
        new Map(frames.filter((i) => column[i] !== 0n).map((i) => [table.name(i), column[i]]));
      assert.deepEqual(nonzero(table.self), self);
      assert.deepEqual(nonzero(table.total), total);
      assert.equal(
        table.whole,
        all.reduce((sum, [, own]) => sum + own, 0n),
      );
    }),
  );
});

test('callers add up to the total, callees and the function itself too', () => {
  fc.assert(
    fc.property(stacks, frame, (all, name) => {
      const { total, self, callers, callees } = neighboursOf(tree(all), name);
      const holding = all.filter(([frames]) => frames.includes(name));
      const weight = ([, own]: readonly [unknown, bigint]) => own;
      assert.deepEqual(
        callers,
        sumBy(holding, ([frames]) => [frames[frames.indexOf(name) - 1] ?? ''], weight),
      );
      const below = holding.filter(([frames]) => frames.at(-1) !== name);
      assert.deepEqual(
        callees,
        sumBy(below, ([frames]) => [frames[frames.lastIndexOf(name) + 1] ?? ''], weight),
      );
      const sum = (sums: ReadonlyMap<string, bigint>) => [...sums.values()].reduce((a, b) => a + b, 0n);
      assert.equal(sum(callers), total);
      assert.equal(sum(callees) + self, total);
    }),
  );
});
