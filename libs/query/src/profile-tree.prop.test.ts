/** Trees of single profiles and of drawn flame graphs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flamegraphFunctionTree } from './profile-tree.ts';
import { renderFlamegraph } from './render-flamegraph.ts';
import { treeOf } from './test-stacks.ts';

const frame = fc.constantFrom('a', 'b', 'main', 'ü', 'other');
const stack = fc.array(frame, { minLength: 1, maxLength: 6 }).map((frames) => frames.join(';'));
const value = fc.oneof(fc.bigInt(1n, 9n), fc.bigInt(1n, 2n ** 57n));

test('a flame graph read back is drawn as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(stack, value), { maxLength: 30 }), (stacks) => {
      const graph = renderFlamegraph(treeOf(stacks), 1_000);
      assert.deepEqual(renderFlamegraph(flamegraphFunctionTree(graph), 1_000), graph);
    }),
  );
});

test('whatever numbers it has, reading back refuses or keeps the total', () => {
  const level = fc.array(fc.bigInt(-3n, 12n), { maxLength: 16 }).map((all) => BigInt64Array.from(all));
  const levels = fc.array(level, { maxLength: 4 });
  const rooted = fc
    .tuple(fc.bigInt(0n, 12n), levels)
    .map(([total, rest]) => [
      BigInt64Array.of(0n, total, 0n, 0n),
      ...rest.map((bars) => bars.subarray(0, bars.length - (bars.length % 4))),
    ]);
  fc.assert(
    fc.property(fc.oneof(levels, rooted), (bars) => {
      const graph = { names: ['total', 'a', 'b'], levels: bars };
      try {
        const { stacks } = flamegraphFunctionTree(graph);
        assert.equal(stacks.total, bars[0]?.[1] ?? 0n);
        const sum = stacks.self.reduce((all, self) => all + self, 0n);
        assert.equal(sum, stacks.total);
        assert.ok(stacks.self.every((self) => self >= 0n));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid_argument', String(error));
      }
    }),
    { numRuns: 500, examples: [[[BigInt64Array.of(0n, 5n, 0n, 0n), BigInt64Array.of(0n, 0n, 5n, 0n)]]] },
  );
});
