/**
 * Values by stack: a tree whose nodes are paths of frames from the root. A frame is a number of a table that the owner keeps.
 * Every parent has a smaller number than its children; node 0 is the root, the empty stack.
 */
import { FlamelakeError, type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';
import { addTotals } from './value.ts';

/** Most nodes one result may hold; about 50 bytes each. */
export const TREE_NODES_MAX = 16_777_216;

/** Node, parent, frame. */
const SLOT_WORDS = 3;
/** Of a node in the columns: parent, frame, self. */
export const NODE_BYTES = 16;

/** Columns by node; grows, arrays are replaced when it does. Self values are ≥ 0, so none exceeds `total`. */
export interface StackTree {
  count: number;
  parent: Int32Array;
  /** Unused for the root. */
  frame: Int32Array;
  self: BigInt64Array;
  /** Exact sum of `self`. */
  total: bigint;
  /**
   * Node number (0 where free), parent and frame by hash of the latter two: side by side, as memory is what a look-up waits for. Empty until
   * a child is looked up first.
   */
  slots: Int32Array;
  /** What the columns are taken from as they grow. */
  memory: Memory;
}

export function createStackTree(memory: Memory = UNBOUNDED_MEMORY): StackTree {
  return {
    count: 1,
    parent: new Int32Array(256),
    frame: new Int32Array(256),
    self: new BigInt64Array(256),
    total: 0n,
    slots: new Int32Array(SLOT_WORDS * 512),
    memory,
  };
}

/**
 * A tree whose nodes are there already, to be read from; it is made ready for look-ups when there is one.
 * @param columns - by node, the tree's own from now on; parents come before their children
 */
export function stackTreeOf(
  columns: Pick<StackTree, 'parent' | 'frame' | 'self' | 'total'>,
  memory: Memory,
): StackTree {
  return { ...columns, count: columns.parent.length, slots: new Int32Array(), memory };
}

/**
 * The child of a node under a frame, made when it is not there.
 * @throws {FlamelakeError} `resource_exhausted` over TREE_NODES_MAX
 */
export function childOf(tree: StackTree, parent: number, frame: number): number {
  if (tree.slots.length === 0) rehash(tree);
  const { slots } = tree;
  const mask = slots.length / SLOT_WORDS - 1;
  let slot = hashEdge(parent, frame) & mask;
  for (let at = slot * SLOT_WORDS; slots[at] !== 0; at = slot * SLOT_WORDS) {
    if (slots[at + 1] === parent && slots[at + 2] === frame) return slots[at];
    slot = (slot + 1) & mask;
  }
  const node = tree.count;
  if (node === tree.parent.length) grow(tree);
  tree.count++;
  tree.parent[node] = parent;
  tree.frame[node] = frame;
  if (tree.count * 2 > mask + 1) rehash(tree);
  else enter(tree, slot, node);
  return node;
}

function enter({ slots, parent, frame }: StackTree, slot: number, node: number): void {
  const at = slot * SLOT_WORDS;
  slots[at] = node;
  slots[at + 1] = parent[node];
  slots[at + 2] = frame[node];
}

/** Adds to the self value of a node; `total` is the caller's to keep. */
export function addSelf(tree: StackTree, node: number, value: bigint): void {
  tree.self[node] = tree.self[node] + value;
}

/**
 * Adds another tree whose frames are numbered otherwise. Associative and commutative up to the numbering of nodes.
 * @param frameOf - frame of `into` by frame of `from`
 * @returns node of `into` by node of `from`
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` over TREE_NODES_MAX
 */
export function mergeStackTree(into: StackTree, from: StackTree, frameOf: Int32Array): Int32Array {
  into.total = addTotals(into.total, from.total);
  const nodeOf = new Int32Array(from.count);
  addSelf(into, 0, from.self[0]);
  for (let node = 1; node < from.count; node++) {
    const parent = nodeOf[from.parent[node]];
    const to = childOf(into, parent, frameOf[from.frame[node]]);
    nodeOf[node] = to;
    addSelf(into, to, from.self[node]);
  }
  return nodeOf;
}

function grow(tree: StackTree): void {
  if (tree.count >= TREE_NODES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'query result has too many stack nodes; narrow the query', {
      limit: TREE_NODES_MAX,
    });
  }
  const capacity = tree.parent.length * 2;
  tree.memory.take(capacity * NODE_BYTES);
  const parent = new Int32Array(capacity);
  parent.set(tree.parent);
  tree.parent = parent;
  const name = new Int32Array(capacity);
  name.set(tree.frame);
  tree.frame = name;
  const self = new BigInt64Array(capacity);
  self.set(tree.self);
  tree.self = self;
  tree.memory.give((capacity / 2) * NODE_BYTES);
}

function rehash(tree: StackTree): void {
  // By four while it is small: each node is then entered again once rather than twice.
  let length = Math.max(tree.slots.length, SLOT_WORDS * 128) * (tree.count < 65_536 ? 4 : 2);
  while (length < SLOT_WORDS * 2 * tree.count) length *= 2;
  tree.memory.take(length * Int32Array.BYTES_PER_ELEMENT);
  tree.memory.give(tree.slots.byteLength);
  const slots = new Int32Array(length);
  const mask = length / SLOT_WORDS - 1;
  tree.slots = slots;
  for (let node = 1; node < tree.count; node++) {
    let slot = hashEdge(tree.parent[node], tree.frame[node]) & mask;
    while (slots[slot * SLOT_WORDS] !== 0) slot = (slot + 1) & mask;
    enter(tree, slot, node);
  }
}

function hashEdge(parent: number, frame: number): number {
  let hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(frame, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
