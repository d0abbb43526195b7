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
  const limit = nodesMax === 0 ? (weights[0] as bigint) + 1n : (ascending[ascending.length - nodesMax] as bigint);
  let room = nodesMax;
  const ties: number[] = [];
  for (let node = 1; node < count; node++) {
    const weight = weights[node] as bigint;
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
  for (let node = 1; node < nodes.count; node++) depth[node] = (depth[nodes.parent[node] as number] as number) + 1;
  const countAt = new Int32Array(depth.reduce((a, b) => Math.max(a, b), 0) + 1);
  for (const node of ties) countAt[depth[node] as number] = (countAt[depth[node] as number] as number) + 1;
  let last = 0;
  let left = room;
  while ((countAt[last] as number) <= left) left -= countAt[last++] as number;
  const partial = ties.filter((node) => depth[node] === last);
  partial.sort((a, b) => comparePaths(names, nodes, a, b));
  return [...ties.filter((node) => (depth[node] as number) < last), ...partial.slice(0, left)];
}

/** Orders two nodes of equal depth by the names on their paths from the root. */
function comparePaths(names: NameTable, { parent, frame }: NamedNodes, first: number, second: number): number {
  let [a, b] = [first, second];
  while (parent[a] !== parent[b]) [a, b] = [parent[a] as number, parent[b] as number];
  const [x, y] = [frame[a] as number, frame[b] as number];
  const { bytes, offsets } = names;
  return bytes.compare(bytes, offsets[y], offsets[y + 1], offsets[x], offsets[x + 1]);
}
