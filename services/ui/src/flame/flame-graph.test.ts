/** Flame graphs of the wire as columns, and what is made of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted } from './draw.ts';
import { commandLine, curlLine, foldedText, profilecliLine } from './export-text.ts';
import { callSiteOf, decodeFlameGraph, type FlameGraph, nameOf, pathTo, searchBars } from './flame-graph.ts';
import { functionRows } from './functions.ts';
import { graphOfProfile } from './profile-graph.ts';
import { collapseRecursion, diffOf, sideOf } from './reshape.ts';
import { calleesOf, callersOf } from './sandwich.ts';
import { flameSvg } from './svg.ts';

const PALETTE = { isDark: false, by: 'package', diff: 'blue-orange' } as const;

function rowsOf(graph: FlameGraph): string[] {
  return Array.from(
    { length: graph.count },
    (_, bar) => `${nameOf(graph, bar)} ${graph.total[bar]} ${graph.self[bar]}`,
  );
}

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

test('recursion collapses into one bar, totals kept', () => {
  const tree = decodeFlameGraph({
    names: ['total', 'a', 'b'],
    // a;a;b 2, a;a 1, a;b 3: as one a with self 1 and b 5.
    levels: [
      { values: ['0', '6', '0', '0'] },
      { values: ['0', '6', '0', '1'] },
      { values: ['0', '3', '1', '1', '0', '3', '3', '2'] },
      { values: ['1', '2', '2', '2'] },
    ],
  });
  const collapsed = collapseRecursion(tree);
  assert.deepEqual(rowsOf(collapsed), ['total 6 0', 'a 6 1', 'b 5 5']);
  assert.equal(collapsed.levels, 3);
  assert.deepEqual(rowsOf(collapseRecursion(GRAPH)), rowsOf(GRAPH));
});

test('two graphs make a diff that keeps both', () => {
  const diff = diffOf(
    GRAPH,
    decodeFlameGraph({
      names: ['total', 'c', 'x'],
      levels: [{ values: ['0', '7', '0', '0'] }, { values: ['0', '5', '5', '1', '0', '2', '2', '2'] }],
    }),
  );
  assert.deepEqual([diff.total[0], diff.right?.total[0], diff.width[0]], [10, 7, 17]);
  const rows = functionRows(diff).map(({ name, total, rightTotal }) => `${name} ${total} ${rightTotal}`);
  assert.deepEqual(rows.sort(), ['a 6 0', 'b 9 0', 'c 4 5', 'x 0 2']);
  assert.deepEqual(rowsOf(sideOf(diff, 'left')).sort(), rowsOf(GRAPH).sort());
  assert.deepEqual(rowsOf(sideOf(diff, 'right')), ['total 7 0', 'c 5 5', 'x 2 2']);
});

test('a profile becomes lines, with inlined calls marked', () => {
  const graph = graphOfProfile({
    sample: [
      { locationId: ['2', '1'], value: ['5'] },
      { locationId: ['3', '1'], value: ['2'] },
    ],
    location: [
      { id: '1', line: [{ functionId: '1', line: '10' }] },
      {
        id: '2',
        line: [
          { functionId: '3', line: '3' },
          { functionId: '2', line: '20' },
        ],
      },
      { id: '3', address: '31' },
    ],
    function: [
      { id: '1', name: '1' },
      { id: '2', name: '2' },
      { id: '3', name: '3' },
    ],
    stringTable: ['', 'main', 'run', 'tiny'],
  });
  assert.deepEqual(rowsOf(graph), ['total 7 0', 'main:10 7 0', '0x1f 2 2', 'run:20 5 0', 'tiny:3 5 5']);
  assert.deepEqual([...(graph.inlined ?? [])], [0, 0, 0, 0, 1]);
  assert.deepEqual(callSiteOf(graph, 4), ['main', 'run', 'tiny']);
});

test('a name is cut to its room, by its measured width', () => {
  const widthOf = (text: string): number => text.split('').reduce((sum, one) => sum + (one === 'i' ? 3 : 9), 0);
  assert.equal(fitted('iiiiiiii', 24, false, widthOf), 'iiiiiiii');
  assert.equal(fitted('example.com/run', 30, false, widthOf), 'run');
  assert.equal(fitted('wwwwww', 40, false, widthOf), 'www…');
  assert.equal(fitted('a/wwwwww', 40, true, widthOf), '…www');
  assert.equal(fitted('wwwwww', 12, false, widthOf), '');
  assert.ok(fitted('w'.repeat(10_000), 90, false, widthOf).length <= 10);
});

test('a picture holds names as text, whatever they are', () => {
  const hostile = decodeFlameGraph({
    names: ['total', '<script>"&\u0000\ud800'],
    levels: [{ values: ['0', '1', '0', '0'] }, { values: ['0', '1', '1', '1'] }],
  });
  const svg = flameSvg(hostile, 0, 400, { palette: PALETTE, align: 'left', found: undefined });
  assert.match(svg, /<text [^>]*>&#60;script&#62;&#34;&#38;\uFFFD\uFFFD<\/text>/);
});

test('a query is a line for a shell', () => {
  const query = { type: 'a:b:c:d:e', selector: `{x="it's"}`, startMs: 1, endMs: 2 };
  assert.equal(
    commandLine(query, 'http://h:1', 't'),
    `flamelake query flamegraph --url=http://h:1 --type=a:b:c:d:e '--selector={x="it'\\''s"}' --from=1 --until=2 --tenant=t`,
  );
  const all = { focus: [], profile: '' };
  const narrow = { focus: ['main', 'run it'], profile: 'p1' };
  assert.match(
    curlLine(query, narrow, 'http://h:1', ''),
    /"callSite":\[\{"name":"main"\},\{"name":"run it"\}\]\},"profileIdSelector":\["p1"\]/,
  );
  assert.match(
    profilecliLine(query, narrow, 'http://h:1', ''),
    / --stacktrace-selector=main '--stacktrace-selector=run it' --profile-id=p1 /,
  );
  assert.match(curlLine(query, all, 'http://h:1', ''), /SelectMergeStacktraces$/);
  assert.match(curlLine(query, all, 'http://h:1', "o'x"), /-H 'X-Scope-OrgID: o'\\''x'/);
  assert.match(
    profilecliLine(query, all, 'http://h:1', ''),
    /^profilecli query profile --url=http:\/\/h:1 .*--from=1970-01-01T00:00:00.001Z/,
  );
});
