/**
 * Where the bars of a flame graph lie that are seen. The work is bounded by the pixels there are, not by the bars: only rows on the screen
 * are looked at, the first bar of a row is found by halving, and a run of bars too thin to be seen is stepped over pixel by pixel.
 */
import type { FlameGraph } from './flame-graph.ts';

export const ROW_HEIGHT = 20;
/** Thinner bars are not drawn alone, px. */
export const BAR_WIDTH_MIN = 0.75;
/** In place of a bar: a run of bars that are too thin. */
export const THIN = -1;

export interface PlacedBars {
  readonly count: number;
  /** Number of the bar, or `THIN`. */
  readonly bar: Int32Array;
  /** px. */
  readonly x: Float64Array;
  readonly width: Float64Array;
  readonly firstRow: number;
  /** First placed bar of each row from `firstRow` on, and their count behind the last. */
  readonly rowStart: Int32Array;
}

export interface View {
  /** Bar that fills the width; its callers lie above it over the whole width. */
  readonly zoom: number;
  readonly widthPx: number;
  /** Rows that are seen, [first, until). */
  readonly firstRow: number;
  readonly untilRow: number;
}

export function placeBars(graph: FlameGraph, { zoom, widthPx, firstRow, untilRow }: View): PlacedBars {
  const rows = Math.max(0, Math.min(untilRow, graph.levels) - firstRow);
  const most = rows * (2 * Math.ceil(widthPx / BAR_WIDTH_MIN) + 2);
  const size = Math.min(most, graph.count + rows);
  const placed = { bar: new Int32Array(size), x: new Float64Array(size), width: new Float64Array(size) };
  const rowStart = new Int32Array(rows + 1);
  const from = graph.start[zoom] ?? 0;
  const until = from + (graph.width[zoom] ?? 0);
  const scale = widthPx / Math.max(until - from, Number.MIN_VALUE);
  const zoomRow = graph.depth[zoom] ?? 0;
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const row = firstRow + i;
    if (row <= zoomRow) {
      placed.bar[count] = callerAt(graph, zoom, row);
      placed.width[count++] = widthPx;
    } else placeRow(row);
    rowStart[i + 1] = count;
  }
  return { count, ...placed, firstRow, rowStart };

  function placeRow(row: number): void {
    const end = graph.levelStart[row + 1] ?? 0;
    let bar = firstEndingAfter(graph, graph.levelStart[row] ?? 0, end, from);
    for (let thinUntil = -2; bar < end && (graph.start[bar] ?? 0) < until; ) {
      const x = ((graph.start[bar] ?? 0) - from) * scale;
      const width = (graph.width[bar] ?? 0) * scale;
      if (width >= BAR_WIDTH_MIN) {
        if (thinUntil > x) placed.width[count - 1] = x - (placed.x[count - 1] ?? 0);
        placed.bar[count] = bar++;
        placed.x[count] = x;
        placed.width[count++] = width;
        thinUntil = -2;
        continue;
      }
      if (x - thinUntil > BAR_WIDTH_MIN) {
        placed.bar[count] = THIN;
        placed.x[count] = x;
        placed.width[count++] = 0;
      }
      thinUntil = x + BAR_WIDTH_MIN;
      placed.width[count - 1] = thinUntil - (placed.x[count - 1] ?? 0);
      const next = Math.max(bar + 1, firstStartingFrom(graph, bar, end, from + thinUntil / scale));
      // The last to begin within the step may be wide.
      const isLastWide = next - 1 > bar && (graph.width[next - 1] ?? 0) * scale >= BAR_WIDTH_MIN;
      bar = isLastWide ? next - 1 : next;
    }
  }
}

function callerAt(graph: FlameGraph, bar: number, row: number): number {
  let at = bar;
  while ((graph.depth[at] ?? 0) > row) at = graph.parent[at] ?? 0;
  return at;
}

function firstEndingAfter({ start, width }: FlameGraph, first: number, end: number, value: number): number {
  let [low, high] = [first, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((start[middle] ?? 0) + (width[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstStartingFrom({ start }: FlameGraph, first: number, end: number, value: number): number {
  let [low, high] = [first, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((start[middle] ?? 0) >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Where a bar is among the placed ones, or -1. */
export function placeAt({ x, width, firstRow, rowStart }: PlacedBars, px: number, row: number): number {
  const i = row - firstRow;
  if (i < 0 || i + 1 >= rowStart.length) return -1;
  let [low, high] = [rowStart[i] ?? 0, rowStart[i + 1] ?? 0];
  const end = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) + (width[middle] ?? 0) > px) high = middle;
    else low = middle + 1;
  }
  return low < end && (x[low] ?? 0) <= px ? low : -1;
}
