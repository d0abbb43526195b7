/** Addresses, selectors, times and units: what the views are made of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzyFind } from './fuzzy-find.ts';
import { asksAgain, CHOICES, DEFAULT_STATE, formatLocation, parseLocation, VIEWS } from './page-state.ts';
import { formatSelector, labelOf, parseSelector, withLabel } from './selector.ts';
import { formatRange, parseTime, rangeOf, rangeTrouble, stepOf } from './time-range.ts';
import { formatPoint, formatShare, formatValue } from './units.ts';

const NOW_MS = 1_795_000_000_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

test('an address says all of a state', () => {
  const state = fc.record({
    view: fc.constantFrom(...VIEWS),
    type: fc.string(),
    selector: fc.string(),
    from: fc.string(),
    until: fc.string(),
    rightSelector: fc.string(),
    rightFrom: fc.string(),
    rightUntil: fc.string(),
    groupBy: fc.string(),
    pane: fc.constantFrom(...CHOICES.pane),
    chart: fc.constantFrom(...CHOICES.chart),
    order: fc.constantFrom(...CHOICES.order),
    colour: fc.constantFrom(...CHOICES.colour),
    diffColour: fc.constantFrom(...CHOICES.diffColour),
    align: fc.constantFrom(...CHOICES.align),
    recursion: fc.constantFrom(...CHOICES.recursion),
    frames: fc.constantFrom(...CHOICES.frames),
    detail: fc.constantFrom(...CHOICES.detail),
    profile: fc.string(),
    focus: fc.array(fc.string()),
    about: fc.string(),
    search: fc.string(),
    find: fc.string(),
    refresh: fc.nat(1_000),
    tenant: fc.string(),
    file: fc.string(),
    rightFile: fc.string(),
    fileType: fc.string(),
  });
  fc.assert(
    fc.property(state, (one) => {
      const url = new URL(formatLocation(one), 'http://localhost');
      assert.deepEqual(parseLocation(url.pathname, url.search), { ...one });
    }),
  );
});

test('defaults make a short address, and nonsense makes defaults', () => {
  assert.equal(formatLocation(DEFAULT_STATE), '/');
  assert.equal(formatLocation({ ...DEFAULT_STATE, view: 'explore', refresh: 5 }), '/explore?refresh=5');
  assert.deepEqual(parseLocation('/nowhere', '?pane=x&refresh=-1'), DEFAULT_STATE);
});

test('another way to look at an answer asks nothing', () => {
  assert.deepEqual(
    [{ pane: 'table' as const, search: 'x' }, { frames: 'line' as const }, { search: '', from: 'now-2d' }, {}].map(
      asksAgain,
    ),
    [false, true, true, true],
  );
});

test('selectors come back as they went', () => {
  const matcher = fc.record({
    name: fc.oneof(fc.stringMatching(/^[a-z_][a-z0-9_]*$/), fc.constant('k8s.pod')),
    op: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
    value: fc.string(),
  });
  fc.assert(
    fc.property(fc.array(matcher), (matchers) => {
      assert.deepEqual(
        parseSelector(formatSelector(matchers)),
        matchers.map((one) => ({ ...one })),
      );
    }),
  );
  assert.deepEqual(parseSelector('{service_name="x",}'), [{ name: 'service_name', op: '=', value: 'x' }]);
  for (const other of ['', 'x', '{', '{a=b}', '{a="b" c="d"}']) assert.equal(parseSelector(other), undefined, other);
});

test('a label is set, replaced and taken away', () => {
  const one = withLabel('{region="eu"}', 'service_name', 'shop "2"');
  assert.equal(labelOf(one, 'service_name'), 'shop "2"');
  assert.equal(labelOf(withLabel(one, 'service_name', 'cart'), 'service_name'), 'cart');
  assert.equal(withLabel(one, 'service_name', ''), '{region="eu"}');
});

test('times are relative, absolute or none', () => {
  assert.equal(parseTime('now', NOW_MS), NOW_MS);
  assert.equal(parseTime('now-90m', NOW_MS), NOW_MS - 90 * 60_000);
  assert.equal(parseTime('1795000000000', 0), NOW_MS);
  assert.equal(parseTime('2026-11-21T03:42:00Z', 0), Date.UTC(2026, 10, 21, 3, 42));
  assert.equal(parseTime('soon', NOW_MS), undefined);
  assert.deepEqual(rangeOf('now', 'now-1h', NOW_MS), { startMs: NOW_MS - 3_600_000, endMs: NOW_MS });
  assert.equal(stepOf({ startMs: 0, endMs: 3_600_000 }), 60);
  assert.equal(stepOf({ startMs: 0, endMs: 30 * 86_400_000 }), 28_800);
});

test('what is no time, and no range, is told with what is', () => {
  for (const text of ['5', 'yesterday', '2026-13-40', 'now-1y', '2026-11-21 25:00', '']) {
    assert.equal(parseTime(text, NOW_MS), undefined, text);
  }
  assert.equal(parseTime('2026-11-21', 0), new Date(2026, 10, 21).getTime(), 'a day begins where the reader is');
  assert.deepEqual(rangeTrouble('now-1h', 'now', NOW_MS), { from: '', until: '' });
  const { from, until } = rangeTrouble('yesterday', '2026-11-21', NOW_MS);
  assert.match(from, /“yesterday” is no time: write now-90m .*, 2026-11-21 03:42 in local time, or milliseconds/);
  assert.equal(until, '');
  assert.equal(rangeTrouble('now-1h', 'now-2h', NOW_MS).until, '“now-2h” is not after “now-1h”.');
  const startMs = new Date(2026, 10, 21, 3, 42).getTime();
  assert.equal(formatRange({ startMs, endMs: startMs + 60_000 }), '2026-11-21 03:42:00 to 03:43:00');
  assert.match(formatRange({ startMs, endMs: startMs + 86_400_000 }), /42:00 to 2026-11-22 03:42:00$/);
});

test('numbers have units that people read', () => {
  assert.deepEqual(
    [1_500_000_000, 90e9, 420, 0].map((value) => formatValue(value, 'nanoseconds')),
    ['1.50 s', '1.50 min', '420 ns', '0'],
  );
  assert.deepEqual([formatValue(3 * 2 ** 30, 'bytes'), formatValue(1_234, 'count')], ['3 GiB', '1.23 k']);
  assert.equal(formatPoint(30e9, CPU, 15), '2 cores');
  assert.equal(formatPoint(2 ** 21, 'memory:alloc_space:bytes:space:bytes', 2), '1 MiB/s');
  assert.equal(formatPoint(2 ** 21, 'memory:inuse_space:bytes:space:bytes', 2), '2 MiB');
  assert.deepEqual([formatPoint(15e9, CPU, 15), formatPoint(30e6, CPU, 15)], ['1 core', '2 mcores']);
  assert.deepEqual([formatShare(1, 3), formatShare(1, 300), formatShare(0, 0)], ['33.3%', '0.33%', '0%']);
});

test('fuzzy search takes letters in their order, tightest first', () => {
  const options = ['checkout', 'cart', 'catalogue'];
  assert.deepEqual(fuzzyFind(options, 'ct'), ['catalogue', 'cart', 'checkout']);
  assert.deepEqual(fuzzyFind(options, 'out'), ['checkout']);
  assert.deepEqual(fuzzyFind(options, 'xyz'), []);
  assert.deepEqual(fuzzyFind(options, ''), options);
});
