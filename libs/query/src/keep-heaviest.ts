/** Which nodes of a tree a node budget shows: the heaviest, and so with every node its parents. */
import type { NameTable } from './name-table.ts';

/** Tree columns as StackTree has them; frames are numbers of a NameTable. */
export interface NamedNodes {
  readonly count: number;
  readonly parent: Int32Array;
  readonly frame: Int32Array;
}

/**
 * Marks, with 1, the root and `nodesMax` more nodes. Of nodes of equal weight the ones nearer to the root go first, then those with the
 * smaller path by name bytes: the choice depends on the stacks alone, not on how the tree was built.
 * @param weights - by node, ≥ 0, none above its parent's
 */
export function keepHeaviest(
  names: NameTable,
  nodes: NamedNodes,
  weights: BigInt64Array,
  nodesMax: number,
): Uint8Array {
  const { count } = nodes;
  const kept = new Uint8Array(count).fill(1);
  if (count - 1 <= nodesMax) return kept;
  const ascending = weights.slice(1, count).sort();
  const limit = nodesMax === 0 ? weights[0] + 1n : ascending[ascending.length - nodesMax];
  let room = nodesMax;
  const ties: number[] = [];
  for (let node = 1; node < count; node++) {
    const weight = weights[node];
    if (weight > limit) room--;
    else {
      kept[node] = 0;
      if (weight === limit) ties.push(node);
    }
  }
  for (const node of firstTies(names, nodes, ties, room)) kept[node] = 1;
  return kept;
}

/** The first `room` of nodes of equal weight: whole depths while they fit, then by path. */
function firstTies(names: NameTable, nodes: NamedNodes, ties: readonly number[], room: number): readonly number[] {
  if (ties.length <= room) return ties;
  const depth = new Int32Array(nodes.count);
  for (let node = 1; node < nodes.count; node++) depth[node] = depth[nodes.parent[node]] + 1;
  const countAt = new Int32Array(depth.reduce((a, b) => Math.max(a, b), 0) + 1);
  for (const node of ties) countAt[depth[node]] = countAt[depth[node]] + 1;
  let last = 0;
  let left = room;
  while (countAt[last] <= left) left -= countAt[last++];
  const partial = ties.filter((node) => depth[node] === last);
  partial.sort((a, b) => comparePaths(names, nodes, a, b));
  return [...ties.filter((node) => depth[node] < last), ...partial.slice(0, left)];
}

/** Orders two nodes of equal depth by the names on their paths from the root. */
function comparePaths(names: NameTable, { parent, frame }: NamedNodes, first: number, second: number): number {
  let [a, b] = [first, second];
  while (parent[a] !== parent[b]) [a, b] = [parent[a], parent[b]];
  const [x, y] = [frame[a], frame[b]];
  const { bytes, offsets } = names;
  return bytes.compare(bytes, offsets[y], offsets[y + 1], offsets[x], offsets[x + 1]);
}
