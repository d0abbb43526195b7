/**
 * A call graph in the DOT language of Graphviz: a box a function, an arrow a call, labelled with value and share.
 * Source of the grammar: graphviz.org/doc/info/lang.html.
 */
import { compareBytes } from '@flamelake/model';
import type { FunctionTree } from './function-tree.ts';
import { layOutTree, OTHER_FRAME, OTHER_NAME } from './lay-out-tree.ts';
import { nameText } from './name-table.ts';

/** Boxes shown unless the query says otherwise. */
export const DOT_NODES_DEFAULT = 100;
/** Nodes of the tree the graph is made from, at least. */
export const DOT_SOURCE_NODES = 512;

interface CallGraph {
  /** By function name. */
  readonly self: Map<string, bigint>;
  /** Each stack counted once a function, however often it recurs. */
  readonly total: Map<string, bigint>;
  /** Value of calls, by caller and callee. */
  readonly calls: Map<string, Map<string, bigint>>;
}

/**
 * @param shownMax - boxes shown: the functions of largest total
 * @returns no text when there is no data
 */
export function renderDot(tree: FunctionTree, shownMax: number, unit: string): string {
  const { total } = tree.stacks;
  if (total === 0n) return '';
  const graph = callGraphOf(tree, Math.max(DOT_SOURCE_NODES, shownMax));
  const shown = [...graph.total]
    .sort(([a, x], [b, y]) => (x === y ? compareBytes(a, b) : x < y ? 1 : -1))
    .slice(0, shownMax)
    .map(([name]) => name);
  const idOf = new Map(shown.map((name, i) => [name, `f${i + 1}`]));
  const lines = [
    'digraph profile {',
    '  node [shape=box, fontname="sans-serif"];',
    `  label=${quote(`total ${total} ${unit}`)};`,
  ];
  for (const name of shown) {
    const self = graph.self.get(name) ?? 0n;
    const cum = graph.total.get(name) as bigint;
    const text = `${name}\n${self} (${percent(self, total)})\nof ${cum} (${percent(cum, total)})`;
    lines.push(`  ${idOf.get(name)} [label=${quote(text)}, fontsize=${fontSize(self, total)}];`);
  }
  for (const caller of shown) {
    const callees = [...(graph.calls.get(caller) ?? [])].filter(([callee]) => idOf.has(callee));
    callees.sort(([a, x], [b, y]) => (x === y ? compareBytes(a, b) : x < y ? 1 : -1));
    for (const [callee, value] of callees) {
      const label = quote(`${value} (${percent(value, total)})`);
      lines.push(`  ${idOf.get(caller)} -> ${idOf.get(callee)} [label=${label}, penwidth=${penWidth(value, total)}];`);
    }
  }
  return `${lines.join('\n')}\n}\n`;
}

function callGraphOf({ names, stacks }: FunctionTree, nodesMax: number): CallGraph {
  const { firstChild, frame, totals, selfs } = layOutTree(names, stacks, [stacks.self], nodesMax);
  const [total, self] = [totals[0], selfs[0]];
  const graph: CallGraph = { self: new Map(), total: new Map(), calls: new Map() };
  const onPath = new Map<string, number>();
  // A node is met twice: on the way down and, as its complement, on the way up.
  const callers: string[] = [];
  const pending = [0];
  for (let i = pending.pop(); i !== undefined; i = pending.pop()) {
    if (i < 0) {
      const left = callers.pop() as string;
      onPath.set(left, (onPath.get(left) as number) - 1);
      continue;
    }
    if (i > 0) {
      const name = frame[i] === OTHER_FRAME ? OTHER_NAME : nameText(names, frame[i]);
      add(graph.self, name, self[i]);
      const depth = onPath.get(name) ?? 0;
      if (depth === 0) add(graph.total, name, total[i]);
      onPath.set(name, depth + 1);
      const caller = callers.at(-1);
      if (caller !== undefined) {
        let callees = graph.calls.get(caller);
        if (callees === undefined) graph.calls.set(caller, (callees = new Map()));
        add(callees, name, total[i]);
      }
      callers.push(name);
      pending.push(~i);
    }
    for (let child = firstChild[i]; child < firstChild[i + 1]; child++) {
      pending.push(child);
    }
  }
  return graph;
}

function add(sums: Map<string, bigint>, key: string, value: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + value);
}

/** Tenths of a percent, rounded down. */
function percent(value: bigint, total: bigint): string {
  const tenths = (value * 1000n) / total;
  return `${tenths / 10n}.${tenths % 10n}%`;
}

function fontSize(self: bigint, total: bigint): number {
  return 8 + Math.round(24 * Math.sqrt(Number((self * 10_000n) / total) / 10_000));
}

function penWidth(value: bigint, total: bigint): number {
  return 1 + Number((value * 50n) / total) / 10;
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
