/** Flame graphs made of others: without direct recursion, and of two a diff. */
import { addBar, byName, type CallNode, childOf, createNode, layOut } from './call-tree.ts';
import { type FlameGraph, nameOf } from './flame-graph.ts';

/** Calls of a function by itself become one bar; what they call is called by that. */
export function collapseRecursion(graph: FlameGraph): FlameGraph {
  if (graph.count === 0) return graph;
  const root = createNode(nameOf(graph, 0));
  const nodes: CallNode[] = [root];
  addBar(root, graph, 0);
  for (let bar = 1; bar < graph.count; bar++) {
    const caller = graph.parent[bar] ?? 0;
    const above = nodes[caller] ?? root;
    if (caller > 0 && graph.name[caller] === graph.name[bar]) {
      // Its total is within its caller's already.
      above.self += graph.self[bar] ?? 0;
      above.rightSelf += graph.right?.self[bar] ?? 0;
      nodes.push(above);
      continue;
    }
    const node = childOf(above, nameOf(graph, bar), graph.inlined?.[bar] === 1);
    addBar(node, graph, bar);
    nodes.push(node);
  }
  return layOut(root, graph.right !== undefined, byName, graph.hasLines);
}

/** Two flame graphs of one unit as the sides of a diff. */
export function diffOf(left: FlameGraph, right: FlameGraph): FlameGraph {
  const root = createNode('total');
  addSide(root, left, (node, total, self) => {
    node.total += total;
    node.self += self;
  });
  addSide(root, right, (node, total, self) => {
    node.rightTotal += total;
    node.rightSelf += self;
  });
  return layOut(root, true, byName);
}

/** One side of a diff as a flame graph of its own, without what is on the other side alone. */
export function sideOf(graph: FlameGraph, side: 'left' | 'right'): FlameGraph {
  const { total, self } = side === 'left' || graph.right === undefined ? graph : graph.right;
  const root = createNode(nameOf(graph, 0));
  const nodes: CallNode[] = [];
  for (let bar = 0; bar < graph.count; bar++) {
    const parent = nodes[graph.parent[bar] ?? 0] ?? root;
    // Below nothing there is nothing.
    const isThere = (total[bar] ?? 0) > 0;
    const node = bar === 0 ? root : isThere ? childOf(parent, nameOf(graph, bar)) : createNode('');
    nodes.push(node);
    node.total += total[bar] ?? 0;
    node.self += self[bar] ?? 0;
  }
  return layOut(root, false, byName, graph.hasLines);
}

function addSide(root: CallNode, graph: FlameGraph, add: (node: CallNode, total: number, self: number) => void): void {
  const nodes: CallNode[] = [];
  for (let bar = 0; bar < graph.count; bar++) {
    const node = bar === 0 ? root : childOf(nodes[graph.parent[bar] ?? 0] ?? root, nameOf(graph, bar));
    nodes.push(node);
    add(node, graph.total[bar] ?? 0, graph.self[bar] ?? 0);
  }
}
