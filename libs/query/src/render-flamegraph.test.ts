import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createFunctionTree, mergeFunctionTree } from './function-tree.ts';
import { renderDiff, renderFlamegraph } from './render-flamegraph.ts';
import { renderTree } from './render-tree.ts';
import { barsOf, treeOf } from './test-stacks.ts';

test('a flame graph is levels of bars, own part left, children by name', () => {
  const graph = renderFlamegraph(
    treeOf([
      ['c', 2n],
      ['a;b', 3n],
      ['a', 1n],
    ]),
    10,
  );
  assert.deepEqual(graph.names, ['total', 'a', 'c', 'b']);
  assert.deepEqual(graph.levels, [
    BigInt64Array.of(0n, 6n, 0n, 0n),
    BigInt64Array.of(0n, 4n, 1n, 1n, 0n, 2n, 2n, 2n),
    BigInt64Array.of(1n, 3n, 3n, 3n),
  ]);
  assert.equal(graph.total, 6n);
  assert.equal(graph.maxSelf, 3n);
});

test('no data is a root of nothing', () => {
  assert.deepEqual(renderFlamegraph(createFunctionTree(), 10), {
    names: ['total'],
    levels: [BigInt64Array.of(0n, 0n, 0n, 0n)],
    total: 0n,
    maxSelf: 0n,
  });
  assert.equal(renderTree(createFunctionTree(), 10).length, 0);
});

test('hidden nodes become the last child, other, of their own parent', () => {
  const tree = treeOf([
    ['a;x', 5n],
    ['a;y', 1n],
    ['a;z', 1n],
    ['b', 1n],
  ]);
  const bars = barsOf(renderFlamegraph(tree, 2));
  assert.deepEqual(
    bars.map(({ path, total: [total] }) => [path, total]),
    [
      ['', 8n],
      ['a', 7n],
      ['other', 1n],
      ['a;x', 5n],
      ['a;other', 2n],
    ],
  );
});

test('of equal nodes the ones nearer to the root are kept, then the first by name bytes', () => {
  const tree = treeOf([
    ['z', 1n],
    ['\u{10000}', 1n],
    ['\uffff', 1n],
    ['b;c', 1n],
  ]);
  const shown = (nodes: number) => barsOf(renderFlamegraph(tree, nodes)).map(({ path }) => path);
  assert.deepEqual(shown(1), ['', 'b', 'other', 'b;other']);
  assert.deepEqual(shown(3), ['', 'b', 'z', '\uffff', 'other', 'b;other']);
  assert.deepEqual(shown(4), ['', 'b', 'z', '\uffff', '\u{10000}', 'b;other']);
  assert.deepEqual(shown(5), ['', 'b', 'z', '\uffff', '\u{10000}', 'b;c']);
});

test('a function named like the root or the remainder keeps its own bar', () => {
  const graph = renderFlamegraph(
    treeOf([
      ['total;other', 4n],
      ['total;x', 1n],
    ]),
    2,
  );
  assert.deepEqual(graph.names, ['total', 'total', 'other', 'other']);
  assert.deepEqual(
    barsOf(graph).map(({ path, self: [self] }) => [path, self]),
    [
      ['', 0n],
      ['total', 0n],
      ['total;other', 4n],
      ['total;other', 1n],
    ],
  );
});

test('a diff has the same bars on both sides', () => {
  const diff = renderDiff(
    treeOf([
      ['a;b', 3n],
      ['c', 2n],
    ]),
    treeOf([
      ['a', 4n],
      ['d', 1n],
    ]),
    10,
  );
  assert.deepEqual(diff.names, ['total', 'a', 'c', 'd', 'b']);
  assert.deepEqual(diff.levels, [
    BigInt64Array.of(0n, 5n, 0n, 0n, 5n, 0n, 0n),
    BigInt64Array.of(0n, 3n, 0n, 0n, 4n, 4n, 1n, 0n, 2n, 2n, 0n, 0n, 0n, 2n, 0n, 0n, 0n, 0n, 1n, 1n, 3n),
    BigInt64Array.of(0n, 3n, 3n, 4n, 0n, 0n, 4n),
  ]);
  assert.deepEqual([diff.total, diff.leftTicks, diff.rightTicks, diff.maxSelf], [10n, 5n, 5n, 4n]);
});

test('sums beyond 2^53 are exact, beyond int64 an error', () => {
  const large = treeOf([
    ['a', 2n ** 62n],
    ['b', 2n ** 53n + 1n],
  ]);
  assert.equal(renderFlamegraph(large, 10).total, 2n ** 62n + 2n ** 53n + 1n);
  const isOutOfRange = (error: unknown) => error instanceof FlamelakeError && error.code === 'out_of_range';
  assert.throws(() => renderDiff(large, large, 10), isOutOfRange);
  assert.throws(() => mergeFunctionTree(large, treeOf([['c', 2n ** 62n]])), isOutOfRange);
});

test('tree bytes are depth first with varints', () => {
  const bytes = renderTree(
    treeOf([
      ['a;b', 300n],
      ['c', 1n],
    ]),
    10,
  );
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    ['000002', '0161', '0001', '0162', 'ac0200', '0163', '0100'].join(''),
  );
});
