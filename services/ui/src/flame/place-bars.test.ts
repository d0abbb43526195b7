/** Where bars lie, and how many are drawn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { byName, childOf, createNode, layOut } from './call-tree.ts';
import { decodeFlameGraph, type FlameGraph } from './flame-graph.ts';
import { BAR_WIDTH_MIN, placeAt, placeBars, THIN } from './place-bars.ts';

/** A tree of random stacks. */
function graphOf(seed: number, leaves: number): FlameGraph {
  const root = createNode('total');
  let state = seed >>> 0;
  for (let i = 0; i < leaves; i++) {
    let at = root;
    const value = 1 + (state % 50);
    root.total += value;
    for (let depth = 0; depth < 20; depth++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      if (depth > 3 && state % 7 === 0) break;
      at = childOf(at, `f${(state >>> 8) % (4 + 3 * depth)}`);
      at.total += value;
    }
    at.self += value;
  }
  return layOut(root, false, byName);
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

test('bars are placed where they are found again, thin ones together', () => {
  const view = { zoom: 0, widthPx: 100, firstRow: 0, untilRow: 9 };
  const bars = placeBars(GRAPH, view);
  assert.equal(bars.count, 6);
  for (let at = 0; at < bars.count; at++) {
    const row = GRAPH.depth[bars.bar[at] ?? 0] ?? 0;
    assert.equal(placeAt(bars, (bars.x[at] ?? 0) + (bars.width[at] ?? 0) / 2, row), at);
  }
  assert.equal(placeAt(bars, 99, 3), -1);
  assert.equal(placeAt(bars, 50, 4), -1);
  const zoomed = placeBars(GRAPH, { ...view, zoom: 3 });
  assert.deepEqual([...zoomed.bar.subarray(0, zoomed.count)], [0, 1, 3, 5]);
  assert.deepEqual([...zoomed.x.subarray(0, 4), ...zoomed.width.subarray(0, 4)], [0, 0, 0, 60, 100, 100, 100, 40]);
  const below = placeBars(GRAPH, { ...view, firstRow: 2, untilRow: 3 });
  assert.deepEqual([...below.bar.subarray(0, below.count)], [3, 4]);
  const narrow = placeBars(GRAPH, { ...view, widthPx: 1 });
  assert.deepEqual([...narrow.bar.subarray(0, narrow.count)], [0, THIN, THIN, THIN]);
});

test('what is drawn is bounded by the pixels, and covers every bar', () => {
  const shape = fc.record({
    seed: fc.integer(),
    leaves: fc.integer({ min: 1, max: 800 }),
    widthPx: fc.integer({ min: 1, max: 900 }),
  });
  fc.assert(
    fc.property(shape, fc.nat(), ({ seed, leaves, widthPx }, pick) => {
      const graph = graphOf(seed, leaves);
      const zoom = pick % graph.count;
      const bars = placeBars(graph, { zoom, widthPx, firstRow: 0, untilRow: graph.levels });
      const scale = widthPx / (graph.width[zoom] ?? 1);
      const from = graph.start[zoom] ?? 0;
      for (let row = 0; row < graph.levels; row++) {
        const [first, end] = [bars.rowStart[row] ?? 0, bars.rowStart[row + 1] ?? 0];
        assert.ok(
          end - first <= (2 * widthPx) / BAR_WIDTH_MIN + 2,
          `row ${row} has ${end - first} rectangles on ${widthPx} px`,
        );
        for (let at = first + 1; at < end; at++) assert.ok((bars.x[at] ?? 0) >= (bars.x[at - 1] ?? 0));
      }
      for (let bar = zoom + 1; bar < graph.count; bar++) {
        const x = ((graph.start[bar] ?? 0) - from) * scale;
        if (x < 0 || x >= widthPx - 1e-6 || (graph.width[bar] ?? 0) * scale < BAR_WIDTH_MIN) continue;
        const at = placeAt(bars, x + ((graph.width[bar] ?? 0) * scale) / 2, graph.depth[bar] ?? 0);
        assert.equal(bars.bar[at], bar);
      }
    }),
    { numRuns: 40 },
  );
});

test('a hundred thousand bars are a screenful of rectangles', () => {
  const graph = graphOf(7, 60_000);
  assert.ok(graph.count > 100_000, `${graph.count} bars`);
  const bars = placeBars(graph, { zoom: 0, widthPx: 1_400, firstRow: 0, untilRow: 36 });
  assert.ok(bars.count < 20_000, `${bars.count} rectangles`);
  const zoomed = placeBars(graph, { zoom: graph.levelStart[4] ?? 0, widthPx: 1_400, firstRow: 0, untilRow: 36 });
  assert.ok(zoomed.count < 20_000, `${zoomed.count} rectangles`);
});
