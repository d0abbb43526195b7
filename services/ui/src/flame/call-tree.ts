/** Call trees that are built up call by call, and the flame graphs they make. */
import { emptyGraph, type FlameGraph } from './flame-graph.ts';

export interface CallNode {
  readonly name: string;
  readonly isInlined: boolean;
  total: number;
  self: number;
  /** Of the right side of a diff. */
  rightTotal: number;
  rightSelf: number;
  readonly children: Map<string, CallNode>;
}

export type CallOrder = (a: CallNode, b: CallNode) => number;

/** As the server orders calls. */
export const byName: CallOrder = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
export const largestFirst: CallOrder = (a, b) => b.total + b.rightTotal - a.total - a.rightTotal || byName(a, b);

export function createNode(name: string, isInlined = false): CallNode {
  return { name, isInlined, total: 0, self: 0, rightTotal: 0, rightSelf: 0, children: new Map() };
}

/** The call of a name below a node, made if there is none. */
export function childOf(parent: CallNode, name: string, isInlined = false): CallNode {
  const known = parent.children.get(name);
  if (known !== undefined) return known;
  const child = createNode(name, isInlined);
  parent.children.set(name, child);
  return child;
}

/** Adds a bar's values to a node: what it takes, and of that by itself. */
export function addBar(node: CallNode, graph: FlameGraph, bar: number): void {
  node.total += graph.total[bar] ?? 0;
  node.self += graph.self[bar] ?? 0;
  node.rightTotal += graph.right?.total[bar] ?? 0;
  node.rightSelf += graph.right?.self[bar] ?? 0;
}

/** The tree as columns, level by level. */
export function layOut(root: CallNode, isDiff: boolean, order: CallOrder, hasLines = false): FlameGraph {
  const nodes: CallNode[] = [root];
  const parents = [-1];
  const depths = [0];
  const starts = [0];
  let hasInlined = false;
  for (let bar = 0; bar < nodes.length; bar++) {
    const node = nodes[bar];
    hasInlined ||= node.isInlined;
    let next = (starts[bar] ?? 0) + node.self + node.rightSelf;
    for (const child of [...node.children.values()].sort(order)) {
      nodes.push(child);
      parents.push(bar);
      depths.push((depths[bar] ?? 0) + 1);
      starts.push(next);
      next += child.total + child.rightTotal;
    }
  }
  const numbers = new Map<string, number>();
  for (const { name } of nodes) if (!numbers.has(name)) numbers.set(name, numbers.size);
  const levels = (depths.at(-1) ?? 0) + 1;
  const graph: FlameGraph = {
    ...emptyGraph(nodes.length, [...numbers.keys()], levels, isDiff),
    hasLines,
    inlined: hasInlined ? Uint8Array.from(nodes, ({ isInlined }) => Number(isInlined)) : undefined,
  };
  graph.parent.set(parents);
  graph.depth.set(depths);
  graph.start.set(starts);
  for (const [bar, node] of nodes.entries()) {
    graph.name[bar] = numbers.get(node.name) ?? 0;
    graph.total[bar] = node.total;
    graph.self[bar] = node.self;
    graph.width[bar] = node.total + node.rightTotal;
    graph.right?.total.fill(node.rightTotal, bar, bar + 1);
    graph.right?.self.fill(node.rightSelf, bar, bar + 1);
    graph.levelStart[(depths[bar] ?? 0) + 1] = bar + 1;
  }
  return graph;
}
