/** Callers and callees of a function, wherever it is called: two flame graphs made of one. */
import { emptyGraph, type FlameGraph, nameOf } from './flame-graph.ts';
import { outermostBars } from './functions.ts';

interface Node {
  readonly name: string;
  total: number;
  self: number;
  readonly children: Map<string, Node>;
}

/** What the function calls, all its calls together; its own bar is the root. */
export function calleesOf(graph: FlameGraph, name: string): FlameGraph {
  const nodes = new Map<number, Node>();
  const root = node(name);
  for (const bar of outermostBars(graph, name)) nodes.set(bar, root);
  for (let bar = 1; bar < graph.count; bar++) {
    let at = nodes.get(bar);
    const parent = nodes.get(graph.parent[bar] ?? -1);
    if (at === undefined && parent !== undefined) {
      at = childOf(parent, nameOf(graph, bar));
      nodes.set(bar, at);
    }
    if (at === undefined) continue;
    at.total += graph.width[bar] ?? 0;
    at.self += (graph.self[bar] ?? 0) + (graph.right?.self[bar] ?? 0);
  }
  return layOut(root);
}

/** Who calls the function: its own bar is the root, its callers lie on it. */
export function callersOf(graph: FlameGraph, name: string): FlameGraph {
  const root = node(name);
  for (const bar of outermostBars(graph, name)) {
    const width = graph.width[bar] ?? 0;
    let at = root;
    at.total += width;
    for (let caller = graph.parent[bar] ?? -1; caller > 0; caller = graph.parent[caller] ?? -1) {
      at = childOf(at, nameOf(graph, caller));
      at.total += width;
    }
    at.self += width;
  }
  return layOut(root);
}

function node(name: string): Node {
  return { name, total: 0, self: 0, children: new Map() };
}

function childOf(parent: Node, name: string): Node {
  const child = parent.children.get(name) ?? node(name);
  parent.children.set(name, child);
  return child;
}

/** Level by level, the largest child first. */
function layOut(root: Node): FlameGraph {
  const placed: { readonly node: Node; readonly parent: number; readonly depth: number; readonly start: number }[] = [
    { node: root, parent: -1, depth: 0, start: 0 },
  ];
  for (const [bar, { node: at, depth, start }] of placed.entries()) {
    let next = start + at.self;
    const children = [...at.children.values()].sort((a, b) => b.total - a.total);
    for (const child of children) {
      placed.push({ node: child, parent: bar, depth: depth + 1, start: next });
      next += child.total;
    }
  }
  const names = [...new Set(placed.map(({ node: { name } }) => name))];
  const numberOf = new Map(names.map((name, number) => [name, number]));
  const graph = emptyGraph(placed.length, names, (placed.at(-1)?.depth ?? 0) + 1, false);
  for (const [bar, { node: at, parent, depth, start }] of placed.entries()) {
    graph.name[bar] = numberOf.get(at.name) ?? 0;
    graph.parent[bar] = parent;
    graph.depth[bar] = depth;
    graph.start[bar] = start;
    graph.total[bar] = at.total;
    graph.self[bar] = at.self;
    graph.width[bar] = at.total;
  }
  return graph;
}
