/**
 * The stacktrace tree while it is built: node 0 is the root, a child is found by (parent, location).
 * Most stacks were seen before, so whole stacks are found first: by the hash of their locations, verified by walking the parents.
 */
import { finish, mix } from './hash.ts';
import { type List, pushUint32, uint32List } from './list.ts';
import { createSlots, enter, type Slots } from './slots.ts';

export interface StackTree {
  readonly seed: number;
  /** By node; parents come before their children. */
  readonly parent: List<Uint32Array>;
  readonly location: List<Uint32Array>;
  /** Entry `i` is node `i + 1`. */
  readonly children: Slots;
  /** Entry `i` is a whole stack, whose node is `stackNodes[i]`. */
  readonly stacks: Slots;
  readonly stackNodes: List<Uint32Array>;
}

export function createStackTree(seed: number): StackTree {
  const tree = {
    seed,
    parent: uint32List(1024),
    location: uint32List(1024),
    children: createSlots(2048),
    stacks: createSlots(),
    stackNodes: uint32List(),
  };
  pushUint32(tree.parent, 0);
  pushUint32(tree.location, 0);
  return tree;
}

/** The child of `parent` at `location`, made if there is none. */
export function internChild(tree: StackTree, parent: number, location: number): number {
  const hash = finish(mix(mix(tree.seed, parent), location), 2);
  const { children } = tree;
  const mask = children.table.length - 1;
  let slot = hash & mask;
  for (;;) {
    const node = children.table[slot];
    if (node === 0) break;
    if (tree.parent.items[node] === parent && tree.location.items[node] === location) return node;
    slot = (slot + 1) & mask;
  }
  pushUint32(tree.parent, parent);
  pushUint32(tree.location, location);
  enter(children, hash, slot);
  return children.hashes.count;
}

/**
 * Node of the stack `frames[from, until)`, leaf first; the root for an empty one.
 * @param location - number in the tree of each frame's location
 */
export function internStack(
  tree: StackTree,
  frames: Uint32Array,
  from: number,
  until: number,
  location: Uint32Array,
): number {
  let hash = tree.seed;
  for (let i = from; i < until; i++) hash = mix(hash, location[frames[i]]);
  hash = finish(hash, until - from);
  const { stacks, stackNodes } = tree;
  const mask = stacks.table.length - 1;
  let slot = hash & mask;
  for (;;) {
    const entry = stacks.table[slot];
    if (entry === 0) break;
    if (stacks.hashes.items[entry - 1] === hash) {
      const node = stackNodes.items[entry - 1];
      if (isStack(tree, node, frames, from, until, location)) return node;
    }
    slot = (slot + 1) & mask;
  }
  let node = 0;
  for (let i = until - 1; i >= from; i--) node = internChild(tree, node, location[frames[i]]);
  pushUint32(stackNodes, node);
  enter(stacks, hash, slot);
  return node;
}

function isStack(
  tree: StackTree,
  leaf: number,
  frames: Uint32Array,
  from: number,
  until: number,
  location: Uint32Array,
): boolean {
  const parents = tree.parent.items;
  const locations = tree.location.items;
  let node = leaf;
  for (let i = from; i < until; i++) {
    if (node === 0 || locations[node] !== location[frames[i]]) return false;
    node = parents[node];
  }
  return node === 0;
}
