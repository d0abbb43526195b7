import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createFunctionTree, mergeFunctionTree } from './function-tree.ts';
import { renderDiff, renderFlamegraph } from './render-flamegraph.ts';
import { renderTree } from './render-tree.ts';
import { barsOf, prefixTotals, type StackValues, selfsOf, treeOf } from './test-stacks.ts';

const name = fc.constantFrom('a', 'b', 'main', 'other', 'total', 'ü', '\u{1f525}', '\uffee');
const stack = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join(';'));
const value = fc.oneof(fc.bigInt(1n, 5n), fc.bigInt(1n, 2n ** 56n));
const stacks: fc.Arbitrary<StackValues> = fc
  .array(fc.tuple(stack, value), { maxLength: 30 })
  .map((all) => new Map(all));

test('every bar has the value of its path, whatever the order of merging', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(fc.tuple(stack, value)), fc.nat())), (parts) => {
      const merged = createFunctionTree();
      for (const [part] of parts.toSorted(([, a], [, b]) => a - b)) mergeFunctionTree(merged, treeOf(part));
      const whole = treeOf(parts.flatMap(([part]) => part));
      const graph = renderFlamegraph(whole, 1_000);
      assert.deepEqual(renderFlamegraph(merged, 1_000), graph);
      assert.deepEqual(renderFlamegraph(merged, 3), renderFlamegraph(whole, 3));
      assert.deepEqual(renderTree(merged, 3), renderTree(whole, 3));
      const sums = new Map<string, bigint>();
      for (const [path, own] of parts.flatMap(([part]) => part)) sums.set(path, (sums.get(path) ?? 0n) + own);
      assert.deepEqual(new Map(selfsOf(barsOf(graph))), sums);
    }),
  );
});

test('a node budget keeps the heaviest nodes and every total', () => {
  fc.assert(
    fc.property(stacks, fc.integer({ min: 1, max: 40 }), (values, nodesMax) => {
      const graph = renderFlamegraph(treeOf(values), nodesMax);
      const bars = barsOf(graph);
      const truth = prefixTotals(values);
      const total = truth.get('') ?? 0n;
      assert.equal(graph.total, total);
      assert.equal(bars[0].total[0], total);
      assert.equal(
        bars.reduce((sum, bar) => sum + bar.self[0], 0n),
        total,
      );
      // A path of the truth can also be met as a remainder of that name: then it is the last of two.
      const shown = new Set<string>();
      for (const bar of bars.slice(1)) {
        if (truth.get(bar.path) === bar.total[0] && !shown.has(bar.path)) shown.add(bar.path);
        else assert.match(bar.path, /(^|;)other$/);
      }
      const weights = [...truth].filter(([path]) => path !== '').map(([, weight]) => weight);
      weights.sort((a, b) => (a < b ? 1 : -1));
      if (weights.length <= nodesMax) assert.equal(bars.length, weights.length + 1);
      else
        for (const path of shown)
          if (!path.endsWith('other')) assert.ok((truth.get(path) ?? 0n) >= weights[nodesMax - 1]);
    }),
  );
});

test('both sides of a diff are their own flame graphs', () => {
  fc.assert(
    fc.property(stacks, stacks, (left, right) => {
      const diff = renderDiff(treeOf(left), treeOf(right), 1_000);
      const bars = barsOf(diff);
      assert.deepEqual(selfsOf(bars, 0), selfsOf(barsOf(renderFlamegraph(treeOf(left), 1_000))));
      assert.deepEqual(selfsOf(bars, 1), selfsOf(barsOf(renderFlamegraph(treeOf(right), 1_000))));
      const cut = renderDiff(treeOf(left), treeOf(right), 2);
      assert.deepEqual([cut.total, cut.leftTicks, cut.rightTicks], [diff.total, diff.leftTicks, diff.rightTicks]);
    }),
  );
});
