/** Callers and callees of a function, wherever it is called: two flame graphs made of one. */
import { addBar, type CallNode, childOf, createNode, largestFirst, layOut } from './call-tree.ts';
import { type FlameGraph, nameOf } from './flame-graph.ts';
import { outermostBars } from './functions.ts';

/** What the function calls, all its calls together; its own bar is the root. */
export function calleesOf(graph: FlameGraph, name: string): FlameGraph {
  const nodes = new Map<number, CallNode>();
  const root = createNode(name);
  for (const bar of outermostBars(graph, name)) nodes.set(bar, root);
  for (let bar = 1; bar < graph.count; bar++) {
    let at = nodes.get(bar);
    const parent = nodes.get(graph.parent[bar] ?? -1);
    if (at === undefined && parent !== undefined) {
      at = childOf(parent, nameOf(graph, bar), graph.inlined?.[bar] === 1);
      nodes.set(bar, at);
    }
    if (at !== undefined) addBar(at, graph, bar);
  }
  return layOut(root, graph.right !== undefined, largestFirst, graph.hasLines);
}

/** Who calls the function: its own bar is the root, its callers lie on it. */
export function callersOf(graph: FlameGraph, name: string): FlameGraph {
  const root = createNode(name);
  for (const bar of outermostBars(graph, name)) {
    const total = graph.total[bar] ?? 0;
    const rightTotal = graph.right?.total[bar] ?? 0;
    let at = root;
    at.total += total;
    at.rightTotal += rightTotal;
    for (let caller = graph.parent[bar] ?? -1; caller > 0; caller = graph.parent[caller] ?? -1) {
      at = childOf(at, nameOf(graph, caller), graph.inlined?.[caller] === 1);
      at.total += total;
      at.rightTotal += rightTotal;
    }
    at.self += total;
    at.rightSelf += rightTotal;
  }
  return layOut(root, graph.right !== undefined, largestFirst, graph.hasLines);
}
