/** The stacktrace tree while it is built: node 0 is the root, a child is found by (parent, location). */
import { finish, mix } from './hash.ts';
import { clearList, type List, pushUint32, uint32List } from './list.ts';
import { clearSlots, createSlots, enter, type Slots } from './slots.ts';

export interface StackTree {
  readonly seed: number;
  /** By node; parents come before their children. */
  readonly parent: List<Uint32Array>;
  readonly location: List<Uint32Array>;
  /** Entry `i` is node `i + 1`. */
  readonly children: Slots;
}

export function createStackTree(seed: number): StackTree {
  const tree = {
    seed,
    parent: uint32List(),
    location: uint32List(),
    children: createSlots(),
  };
  enterRoot(tree);
  return tree;
}

/** Leaves the root. */
export function clearStackTree(tree: StackTree): void {
  clearList(tree.parent);
  clearList(tree.location);
  clearSlots(tree.children);
  enterRoot(tree);
}

function enterRoot({ parent, location }: StackTree): void {
  pushUint32(parent, 0);
  pushUint32(location, 0);
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
