/** Where lines, points and cells of charts lie. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignSeries } from './align-series.ts';
import { axisMarks } from './axis-marks.ts';
import { chartScale, linePath, nearestPoint } from './chart-scale.ts';
import { cellRange, heatmapCells } from './heatmap-cells.ts';
import { neighbourCell } from './heatmap-walk.ts';

const RANGE = { startMs: 0, endMs: 100_000 };
const LINE = { labels: [], timesMs: [20_000, 30_000, 60_000], values: [2, 4, 1] };

test('a scale holds all values below a round number', () => {
  const scale = chartScale([LINE], RANGE, 100, 112);
  assert.deepEqual([scale.x(50_000), scale.y(0), scale.y(5)], [50, 112, 12]);
  assert.equal(chartScale([], RANGE, 100, 112).y(1), 12);
});

test('a line lies in the middle of its steps, and on the ground where there is nothing', () => {
  const scale = chartScale([LINE], RANGE, 100, 112);
  assert.equal(linePath(LINE, scale, 10), 'M5.0 112.0L15.0 72.0L25.0 32.0L35.0 112.0L45.0 112.0L55.0 92.0');
});

test('series share one axis, and a step without work is zero', () => {
  const other = { labels: [], timesMs: [30_000, 60_000], values: [9, 8] };
  assert.deepEqual(alignSeries([LINE, other], 10), [
    [5, 15, 25, 35, 45, 55],
    [0, 2, 4, 0, 0, 1],
    [0, 0, 9, 0, 0, 8],
  ]);
  assert.deepEqual(alignSeries([], 10), [[]]);
});

test('a series that is late goes on, one that has ended is zero', () => {
  const other = { labels: [], timesMs: [60_000, 70_000, 80_000], values: [1, 1, 1] };
  const early = { labels: [], timesMs: [20_000], values: [3] };
  const [, late, , ended] = alignSeries([LINE, other, early], 10);
  assert.deepEqual(late?.slice(-3), [1, null, null]);
  assert.deepEqual(ended?.slice(-3), [0, 0, 0]);
  assert.deepEqual(alignSeries([early], 10, 40_000)[1], [0, 3]);
  assert.deepEqual(alignSeries([early], 10, 90_000)[1], [0, 3, 0]);
});

test('marks of an axis are round in its unit', () => {
  const core = { one: 60e9, base: 10 } as const;
  assert.deepEqual(axisMarks(160e9, core, 3), [0, 60e9, 120e9]);
  assert.deepEqual(axisMarks(2.6, { one: 1, base: 10 }, 5), [0, 1, 2]);
  assert.deepEqual(axisMarks(5 * 2 ** 20, { one: 1, base: 2 }, 3), [0, 2 ** 21, 2 ** 22]);
  assert.deepEqual(axisMarks(0, core, 3), [0]);
});

test('keys lead to the nearest cell, and nowhere from the last', () => {
  const slot = (timeMs: number, counts: number[]) => ({ timeMs, counts, exemplars: [] });
  const slots = [slot(10_000, [1, 0, 1]), slot(20_000, [0, 1, 0]), slot(50_000, [1, 0, 1])];
  const cells = heatmapCells({ labels: [], slots, edges: [0, 10, 20] }, RANGE, 10, 100, 30);
  const walk = (at: number, ...keys: string[]): number | undefined =>
    keys.reduce<number | undefined>((from, key) => neighbourCell(cells, from ?? -1, key), at);
  assert.equal(walk(-1, 'ArrowDown'), 0);
  assert.deepEqual([walk(0, 'ArrowUp'), walk(1, 'ArrowDown')], [1, 0]);
  assert.deepEqual([walk(1, 'ArrowRight'), walk(1, 'ArrowRight', 'ArrowRight')], [2, 3]);
  assert.deepEqual(
    [walk(0, 'End'), walk(4, 'ArrowRight'), walk(2, 'ArrowUp'), walk(4, 'ArrowLeft')],
    [4, undefined, undefined, 2],
  );
  assert.equal(neighbourCell([], -1, 'ArrowDown'), undefined);
});

test('the nearest points are those of one time, largest first', () => {
  const other = { labels: [], timesMs: [30_000], values: [9] };
  assert.deepEqual(nearestPoint([LINE, other], 31_000), {
    timeMs: 30_000,
    points: [
      { series: 1, value: 9 },
      { series: 0, value: 4 },
    ],
  });
  assert.equal(nearestPoint([], 0), undefined);
});

test('cells end where their step ends, and have the largest profile of their bucket', () => {
  const exemplar = (value: number) => ({ timeMs: 45_000, profileId: `p${value}`, value, labels: [] });
  const slots = [{ timeMs: 50_000, counts: [3, 0, 1], exemplars: [exemplar(1), exemplar(30)] }];
  const cells = heatmapCells({ labels: [], slots, edges: [0, 10, 20] }, RANGE, 10, 100, 30);
  assert.deepEqual(
    cells.map(({ bucket, count, largest, x, y }) => [bucket, count, largest?.value, x, y]),
    [
      [0, 3, 1, 40, 20],
      [2, 1, 30, 40, 0],
    ],
  );
  assert.deepEqual(
    cells.map(({ strength }) => strength),
    [1, 0.575],
  );
});

test('what lies in a cell: the times of its step, the values of its bucket, and how many there are of these times', () => {
  const slots = [{ timeMs: 50_000, counts: [3, 0, 2], exemplars: [] }];
  const heatmap = { labels: [], slots, edges: [0, 10, 20] };
  const [low, high] = heatmapCells(heatmap, RANGE, 10, 100, 30).map((cell) => cellRange(heatmap, cell, 10));
  const times = { afterMs: 40_000, untilMs: 50_000, columnCount: 5 };
  assert.deepEqual(low, { ...times, fromValue: 0, belowValue: 10, count: 3 });
  assert.deepEqual(high, { ...times, fromValue: 20, belowValue: Number.POSITIVE_INFINITY, count: 2 });
});
