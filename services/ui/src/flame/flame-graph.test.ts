/** Flame graphs of the wire as columns, and what is made of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barColour, diffColour, packageOf } from './colours.ts';
import { barAt, placeBars, ROW_HEIGHT } from './draw.ts';
import { commandLine, curlLine, foldedText } from './export-text.ts';
import { decodeFlameGraph, nameOf, pathTo, searchBars } from './flame-graph.ts';
import { functionRows } from './functions.ts';
import { calleesOf, callersOf } from './sandwich.ts';

/** Stacks `a;b 3`, `a;b;a 2`, `a 1`, `c;b 4`. */
const GRAPH = decodeFlameGraph({
  names: ['total', 'a', 'c', 'b'],
  levels: [
    { values: ['0', '10', '0', '0'] },
    { values: ['0', '6', '1', '1', '0', '4', '0', '2'] },
    { values: ['1', '5', '3', '3', '0', '4', '4', '3'] },
    { values: ['4', '2', '2', '1'] },
  ],
  total: '10',
});

test('bars know their parents and where they lie', () => {
  assert.equal(GRAPH.count, 6);
  assert.deepEqual([...GRAPH.parent], [-1, 0, 0, 1, 2, 3]);
  assert.deepEqual([...GRAPH.start], [0, 0, 6, 1, 6, 4]);
  assert.deepEqual(pathTo(GRAPH, 5), ['a', 'b', 'a']);
  assert.equal(foldedText(GRAPH), 'a 1\na;b 3\nc;b 4\na;b;a 2\n');
  assert.equal(decodeFlameGraph({}).count, 0);
});

test('functions are counted once a stack', () => {
  const rows = Object.fromEntries(functionRows(GRAPH).map(({ name, self, total }) => [name, [self, total]]));
  assert.deepEqual(rows, { a: [3, 6], b: [7, 9], c: [0, 4] });
});

test('a search covers what is found and what it calls, once', () => {
  const { found, width } = searchBars(GRAPH, 'B');
  assert.deepEqual([...found], [0, 0, 0, 1, 1, 0]);
  assert.equal(width, 9);
  assert.equal(searchBars(GRAPH, 'total').width, 0);
});

test('a sandwich has all callers and all callees', () => {
  const callers = callersOf(GRAPH, 'b');
  assert.deepEqual(
    Array.from({ length: callers.count }, (_, bar) => [nameOf(callers, bar), callers.total[bar]]),
    [
      ['b', 9],
      ['a', 5],
      ['c', 4],
    ],
  );
  const callees = calleesOf(GRAPH, 'b');
  assert.deepEqual(
    Array.from({ length: callees.count }, (_, bar) => [nameOf(callees, bar), callees.total[bar], callees.self[bar]]),
    [
      ['b', 9, 7],
      ['a', 2, 2],
    ],
  );
  assert.equal(calleesOf(GRAPH, 'none').width[0], 0);
});

test('a diff has two sides under one width', () => {
  const diff = decodeFlameGraph({
    names: ['total', 'a', 'b'],
    levels: [
      { values: ['0', '3', '0', '0', '5', '0', '0'] },
      { values: ['0', '3', '3', '0', '1', '1', '1', '0', '0', '0', '0', '4', '4', '2'] },
    ],
    leftTicks: '3',
    rightTicks: '5',
  });
  assert.deepEqual([...diff.width], [8, 4, 4]);
  assert.deepEqual([...diff.start], [0, 0, 4]);
  const rows = functionRows(diff).map(({ name, total, rightTotal }) => [name, total, rightTotal]);
  assert.deepEqual(rows, [
    ['a', 3, 1],
    ['b', 0, 4],
  ]);
});

test('bars are placed where they are found again, and none below half a pixel', () => {
  const bars = placeBars({ graph: GRAPH, zoom: 0, widthPx: 100 });
  assert.equal(bars.length, 6);
  for (const { bar, x, width, row } of bars) assert.equal(barAt(bars, x + width / 2, (row + 0.5) * ROW_HEIGHT), bar);
  assert.equal(barAt(bars, 99, 3.5 * ROW_HEIGHT), -1);
  assert.equal(placeBars({ graph: GRAPH, zoom: 0, widthPx: 1 }).length, 3);
  const zoomed = placeBars({ graph: GRAPH, zoom: 3, widthPx: 100 });
  assert.deepEqual(
    zoomed.map(({ bar, x, width }) => [bar, x, width]),
    [
      [0, 0, 100],
      [1, 0, 100],
      [3, 0, 100],
      [5, 60, 40],
    ],
  );
});

test('a package has one colour, a change its own', () => {
  const palette = { isDark: false };
  assert.equal(barColour('net/http.(*conn).serve', palette), barColour('net/http.Get', palette));
  assert.deepEqual(['runtime.main', 'libc.so!0x1f', 'std::vec::push', 'a/b.c[int].d'].map(packageOf), [
    'runtime',
    'libc.so',
    'std::vec',
    'a/b',
  ]);
  assert.notEqual(diffColour(0.1, 0.5, palette), diffColour(0.5, 0.1, palette));
  assert.match(diffColour(0, 0, palette), /^hsl\(/);
});

test('a query is a line for a shell', () => {
  const query = { type: 'a:b:c:d:e', selector: `{x="it's"}`, startMs: 1, endMs: 2 };
  assert.equal(
    commandLine(query, 'http://h:1'),
    `flamelake query flamegraph --url=http://h:1 --type=a:b:c:d:e '--selector={x="it'\\''s"}' --from=1 --until=2`,
  );
  assert.match(curlLine(query, 'http://h:1'), /SelectMergeStacktraces$/);
});
