import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFunctionTree } from './function-tree.ts';
import { renderDot } from './render-dot.ts';
import { treeOf } from './test-stacks.ts';

test('boxes are functions, arrows are calls, recursion counts once', () => {
  const tree = treeOf([
    ['main;work;work', 3n],
    ['main;work', 1n],
    ['main;"quoted\\name"', 4n],
  ]);
  assert.equal(
    renderDot(tree, 100, 'count'),
    `digraph profile {
  node [shape=box, fontname="sans-serif"];
  label="total 8 count";
  f1 [label="main\\n0 (0.0%)\\nof 8 (100.0%)", fontsize=8];
  f2 [label="\\"quoted\\\\name\\"\\n4 (50.0%)\\nof 4 (50.0%)", fontsize=25];
  f3 [label="work\\n4 (50.0%)\\nof 4 (50.0%)", fontsize=25];
  f1 -> f2 [label="4 (50.0%)", penwidth=3.5];
  f1 -> f3 [label="4 (50.0%)", penwidth=3.5];
  f3 -> f3 [label="3 (37.5%)", penwidth=2.8];
}
`,
  );
});

test('only the functions of largest total are shown', () => {
  const tree = treeOf([
    ['a;b', 3n],
    ['a;c', 2n],
  ]);
  const names = [...renderDot(tree, 2, 'count').matchAll(/label="([a-z])\\n/g)].map(([, name]) => name);
  assert.deepEqual(names, ['a', 'b']);
});

test('no data is no text', () => {
  assert.equal(renderDot(createFunctionTree(), 100, 'count'), '');
});
