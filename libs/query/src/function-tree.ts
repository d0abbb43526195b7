/** Tree of function names: what flame graphs, trees and diffs are made of. */
import type { Memory } from '@flamelake/model';
import type { NodeSums } from './accumulate.ts';
import { createNameTable, internName, type NameTable } from './name-table.ts';
import { addSelf, childOf, createStackTree, mergeStackTree, type StackTree } from './stack-tree.ts';
import { addTotals } from './value.ts';

export interface FunctionTree {
  readonly names: NameTable;
  /** Frames are numbers of `names`. */
  readonly stacks: StackTree;
}

/** @param memory - it is taken from this as it grows */
export function createFunctionTree(memory?: Memory): FunctionTree {
  return { names: createNameTable(memory), stacks: createStackTree(memory) };
}

/**
 * Adds another tree; `from` stays as it is.
 * @returns node of `into` by node of `from`
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` when the tree grows too large
 */
export function mergeFunctionTree(into: FunctionTree, from: FunctionTree): Int32Array {
  return mergeStackTree(into.stacks, from.stacks, mergeNames(into.names, from.names));
}

/**
 * Adds the used nodes of another tree, with other values than its own.
 * @throws {FlamelakeError} as `mergeFunctionTree`
 */
export function mergeUsed(into: FunctionTree, from: FunctionTree, { sums, used, total }: NodeSums): void {
  into.stacks.total = addTotals(into.stacks.total, total);
  const { count, parent, frame } = from.stacks;
  const { view, offsets } = from.names;
  const nameOf = new Int32Array(from.names.count).fill(-1);
  const nodeOf = new Int32Array(count);
  for (let node = 1; node < count; node++) {
    if (used[node] === 0) continue;
    const name = frame[node];
    if (nameOf[name] < 0) nameOf[name] = internName(into.names, view, offsets[name], offsets[name + 1]);
    const to = childOf(into.stacks, nodeOf[parent[node]], nameOf[name]);
    nodeOf[node] = to;
    addSelf(into.stacks, to, sums[node]);
  }
}

/** Adds another table's names; gives the number here by the number there. */
export function mergeNames(into: NameTable, from: NameTable): Int32Array {
  const nameOf = new Int32Array(from.count);
  for (let name = 0; name < from.count; name++) {
    nameOf[name] = internName(into, from.view, from.offsets[name], from.offsets[name + 1]);
  }
  return nameOf;
}
