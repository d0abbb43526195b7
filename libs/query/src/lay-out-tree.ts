/**
 * A tree of function names as it is shown: cut to a node budget, level by level, children by the bytes of their names.
 * What the budget hides of a node is one more child, `other`, the last one: totals stay exact.
 */
import { keepHeaviest, type NamedNodes } from './keep-heaviest.ts';
import { type NameTable, nameSortKey } from './name-table.ts';

/** Frame of the root. */
export const ROOT_FRAME = -1;
/** Frame of what the node budget hides. */
export const OTHER_FRAME = -2;
/** Name of that frame. */
export const OTHER_NAME = 'other';

/** Columns by shown node, in level order. Values have one column a side: one for a flame graph, two for a diff. */
export interface TreeLayout {
  readonly count: number;
  /** Level `l` is `[levelStart[l], levelStart[l + 1])`. */
  readonly levelStart: readonly number[];
  /** Children of node `i` are `[firstChild[i], firstChild[i + 1])`. */
  readonly firstChild: Int32Array;
  /** Number of the name, or one of the two frames above. */
  readonly frame: Int32Array;
  readonly totals: readonly BigInt64Array[];
  readonly selfs: readonly BigInt64Array[];
}

/**
 * Lays a tree out.
 * @param selfs - by side, self values by node; all ≥ 0 and their sum over all sides in int64
 * @param nodesMax - nodes shown, the root and the `other`s not counted
 */
export function layOutTree(
  names: NameTable,
  nodes: NamedNodes,
  selfs: readonly BigInt64Array[],
  nodesMax: number,
): TreeLayout {
  const totals = selfs.map((self) => sumUpwards(nodes, self));
  const kept = keepHeaviest(names, nodes, addColumns(totals), nodesMax);
  const { first, next } = linkChildren(names, nodes, kept);
  const hidden = selfs.map((self, side) => hiddenBelow(nodes, kept, self, totals[side]));
  const capacity = 1 + 2 * kept.reduce((sum, flag) => sum + flag, 0);
  const node = new Int32Array(capacity);
  const frame = new Int32Array(capacity).fill(ROOT_FRAME, 0, 1);
  const firstChild = new Int32Array(capacity + 1);
  const shownTotals = totals.map((column) => new BigInt64Array(capacity).fill(column[0], 0, 1));
  const shownSelfs = selfs.map((column) => new BigInt64Array(capacity).fill(column[0], 0, 1));
  const levelStart = [0, 1];
  let count = 1;
  for (let i = 0; i < count; i++) {
    if (i === levelStart.at(-1)) levelStart.push(count);
    firstChild[i] = count;
    if (frame[i] === OTHER_FRAME) continue;
    const parent = node[i];
    for (let child = first[parent]; child !== 0; child = next[child]) {
      node[count] = child;
      frame[count] = nodes.frame[child];
      for (let side = 0; side < selfs.length; side++) {
        shownTotals[side][count] = totals[side][child];
        shownSelfs[side][count] = selfs[side][child];
      }
      count++;
    }
    if (hidden.every((column) => column[parent] === 0n)) continue;
    frame[count] = OTHER_FRAME;
    for (let side = 0; side < selfs.length; side++) {
      shownTotals[side][count] = hidden[side][parent];
      shownSelfs[side][count] = hidden[side][parent];
    }
    count++;
  }
  firstChild[count] = count;
  return { count, levelStart, firstChild, frame, totals: shownTotals, selfs: shownSelfs };
}

/** Self plus the totals of the children, by node. */
function sumUpwards({ count, parent }: NamedNodes, self: BigInt64Array): BigInt64Array {
  const totals = self.slice(0, count);
  for (let node = count - 1; node > 0; node--) {
    const up = parent[node];
    totals[up] = totals[up] + totals[node];
  }
  return totals;
}

function addColumns(columns: readonly BigInt64Array[]): BigInt64Array {
  const [sum, ...others] = columns as [BigInt64Array, ...BigInt64Array[]];
  if (others.length === 0) return sum;
  const added = sum.slice();
  for (const other of others) {
    for (let i = 0; i < added.length; i++) added[i] = added[i] + other[i];
  }
  return added;
}

/** Total less self and the totals of kept children, by node. */
function hiddenBelow(
  { count, parent }: NamedNodes,
  kept: Uint8Array,
  self: BigInt64Array,
  totals: BigInt64Array,
): BigInt64Array {
  const hidden = totals.slice();
  for (let node = 0; node < count; node++) hidden[node] = hidden[node] - self[node];
  for (let node = 1; node < count; node++) {
    if (kept[node] === 0) continue;
    const up = parent[node];
    hidden[up] = hidden[up] - totals[node];
  }
  return hidden;
}

/** Kept children of each node as a linked list by name bytes; 0 ends it. */
function linkChildren(
  names: NameTable,
  { count, parent, frame }: NamedNodes,
  kept: Uint8Array,
): { first: Int32Array; next: Int32Array } {
  // Nodes are sorted by name once, all together: sorting each child list would compare names again and again.
  const nodesOfName = new Int32Array(names.count);
  for (let node = 1; node < count; node++) {
    if (kept[node] === 1) nodesOfName[frame[node]] = nodesOfName[frame[node]] + 1;
  }
  const shown: { readonly name: number; readonly key: string }[] = [];
  for (let name = 0; name < names.count; name++) {
    if (nodesOfName[name] !== 0) shown.push({ name, key: nameSortKey(names, name) });
  }
  shown.sort((a, b) => (a.key < b.key ? -1 : 1));
  const endOfName = new Int32Array(names.count);
  let end = 0;
  for (const { name } of shown) {
    end += nodesOfName[name];
    endOfName[name] = end;
  }
  const byName = new Int32Array(end);
  for (let node = 1; node < count; node++) {
    if (kept[node] === 0) continue;
    const at = endOfName[frame[node]] - 1;
    endOfName[frame[node]] = at;
    byName[at] = node;
  }
  const first = new Int32Array(count);
  const next = new Int32Array(count);
  for (let i = byName.length - 1; i >= 0; i--) {
    const node = byName[i];
    next[node] = first[parent[node]];
    first[parent[node]] = node;
  }
  return { first, next };
}
