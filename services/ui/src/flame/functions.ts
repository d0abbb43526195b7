/** Functions of a flame graph: what each costs by itself and with what it calls. */
import { type FlameGraph, nameOf } from './flame-graph.ts';

export interface FunctionRow {
  readonly name: string;
  self: number;
  /** Counted once a stack, however often the function is on it. */
  total: number;
  /** Of the right side of a diff. */
  rightSelf: number;
  rightTotal: number;
}

/** In no order. The root is none of them. */
export function functionRows(graph: FlameGraph): FunctionRow[] {
  const rows = graph.names.map((name): FunctionRow => ({ name, self: 0, total: 0, rightSelf: 0, rightTotal: 0 }));
  for (let bar = 1; bar < graph.count; bar++) {
    const row = rows[graph.name[bar] ?? 0];
    if (row === undefined) continue;
    row.self += graph.self[bar] ?? 0;
    row.rightSelf += graph.right?.self[bar] ?? 0;
    if (isRecursive(graph, bar)) continue;
    row.total += graph.total[bar] ?? 0;
    row.rightTotal += graph.right?.total[bar] ?? 0;
  }
  return rows.slice(1).filter(({ total, rightTotal }) => total > 0 || rightTotal > 0);
}

function isRecursive(graph: FlameGraph, bar: number): boolean {
  const name = graph.name[bar];
  for (let at = graph.parent[bar] ?? -1; at > 0; at = graph.parent[at] ?? -1) if (graph.name[at] === name) return true;
  return false;
}

/** Bars of a function that are on no other bar of it. */
export function outermostBars(graph: FlameGraph, name: string): readonly number[] {
  const bars: number[] = [];
  for (let bar = 1; bar < graph.count; bar++) {
    if (nameOf(graph, bar) === name && !isRecursive(graph, bar)) bars.push(bar);
  }
  return bars;
}
