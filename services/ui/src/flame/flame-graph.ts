/**
 * A flame graph as columns: what canvas, table and sandwich look at. Bars are in the order of their levels; a bar's parent has a smaller
 * number. A diff has a second side.
 */
import type { WireFlameGraph } from '../api/querier.ts';

export interface FlameGraph {
  readonly count: number;
  readonly names: readonly string[];
  /** By bar. */
  readonly name: Int32Array;
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** Where the bar begins, in the graph's values. */
  readonly start: Float64Array;
  readonly total: Float64Array;
  readonly self: Float64Array;
  /** The right side of a diff; `total` and `self` are then of the left one, `start` and widths of both together. */
  readonly right: { readonly total: Float64Array; readonly self: Float64Array } | undefined;
  /** Width of a bar: its total, of both sides of a diff. */
  readonly width: Float64Array;
  readonly levels: number;
  /** First bar of each level, and the number of bars behind the last: bars of a level are in the order they lie in. */
  readonly levelStart: Int32Array;
  /** 1 where a bar was inlined into its caller; undefined where that is not known. */
  readonly inlined: Uint8Array | undefined;
  /** Whether names end in the line: `main.run:42`. */
  readonly hasLines: boolean;
}

/** Name of the bar that stands for what a node budget hides. */
export const OTHER = 'other';

export function decodeFlameGraph(wire: WireFlameGraph): FlameGraph {
  const isDiff = wire.leftTicks !== undefined || wire.rightTicks !== undefined;
  const stride = isDiff ? 7 : 4;
  const levels = (wire.levels ?? []).map(({ values = [] }) => values);
  const count = levels.reduce((sum, values) => sum + Math.floor(values.length / stride), 0);
  const graph = emptyGraph(count, wire.names ?? [], levels.length, isDiff);
  let bar = 0;
  let above = 0;
  for (const [depth, values] of levels.entries()) {
    const first = bar;
    let parent = above;
    let end = 0;
    for (let at = 0; at + stride <= values.length; at += stride, bar++) {
      const read = (i: number): number => Number(values[at + i] ?? 0);
      const offset = isDiff ? read(0) + read(3) : read(0);
      graph.start[bar] = end + offset;
      graph.total[bar] = read(1);
      graph.self[bar] = read(2);
      if (graph.right !== undefined) {
        graph.right.total[bar] = read(4);
        graph.right.self[bar] = read(5);
      }
      graph.name[bar] = read(stride - 1);
      graph.depth[bar] = depth;
      graph.width[bar] = graph.total[bar] + (graph.right?.total[bar] ?? 0);
      end = graph.start[bar] + graph.width[bar];
      while (parent + 1 < first && graph.start[bar] >= graph.start[parent] + graph.width[parent]) parent++;
      graph.parent[bar] = depth === 0 ? -1 : parent;
    }
    above = first;
    graph.levelStart[depth + 1] = bar;
  }
  return graph;
}

/** Columns for bars to be filled in, level by level. */
export function emptyGraph(count: number, names: readonly string[], levels: number, isDiff: boolean): FlameGraph {
  return {
    count,
    names,
    name: new Int32Array(count),
    parent: new Int32Array(count),
    depth: new Int32Array(count),
    start: new Float64Array(count),
    total: new Float64Array(count),
    self: new Float64Array(count),
    right: isDiff ? { total: new Float64Array(count), self: new Float64Array(count) } : undefined,
    width: new Float64Array(count),
    levels,
    levelStart: new Int32Array(levels + 1),
    inlined: undefined,
    hasLines: false,
  };
}

export function nameOf(graph: FlameGraph, bar: number): string {
  return graph.names[graph.name[bar] ?? 0] ?? '';
}

/** Names from below the root to a bar. */
export function pathTo(graph: FlameGraph, bar: number): readonly string[] {
  const path: string[] = [];
  for (let at = bar; at > 0; at = graph.parent[at] ?? -1) path.push(nameOf(graph, at));
  return path.reverse();
}

/** The call site of a bar, as a query takes it: functions from below the root; of what a node budget hides, its parent's. */
export function callSiteOf(graph: FlameGraph, bar: number): readonly string[] {
  const path = pathTo(graph, isOther(graph, bar) ? (graph.parent[bar] ?? 0) : bar);
  return graph.hasLines ? path.map((name) => name.replace(/:\d+$/, '')) : path;
}

/** Whether a bar is hidden content: a focused query shows it. */
export function isOther(graph: FlameGraph, bar: number): boolean {
  return bar > 0 && nameOf(graph, bar) === OTHER;
}

/** Marks bars whose name contains the text, in any case; and what share of the whole they and what they call are. */
export function searchBars(graph: FlameGraph, text: string): { readonly found: Uint8Array; readonly width: number } {
  const found = new Uint8Array(graph.count);
  const wanted = text.toLowerCase();
  const isFound = graph.names.map((name) => name.toLowerCase().includes(wanted));
  const covered = new Uint8Array(graph.count);
  let width = 0;
  for (let bar = 0; bar < graph.count; bar++) {
    const parent = graph.parent[bar] ?? -1;
    if (parent >= 0) covered[bar] = covered[parent] ?? 0;
    if (bar === 0 || !isFound[graph.name[bar] ?? 0]) continue;
    found[bar] = 1;
    // Counted once a stack, however often it is found on it.
    if (covered[bar] === 0) width += graph.width[bar] ?? 0;
    covered[bar] = 1;
  }
  return { found, width };
}
