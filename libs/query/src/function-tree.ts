/** Tree of function names: what flame graphs, trees and diffs are made of. */
import type { Memory } from '@flamelake/model';
import { createNameTable, internName, type NameTable } from './name-table.ts';
import { createStackTree, mergeStackTree, type StackTree } from './stack-tree.ts';

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

/** Adds another table's names; gives the number here by the number there. */
export function mergeNames(into: NameTable, from: NameTable): Int32Array {
  const nameOf = new Int32Array(from.count);
  for (let name = 0; name < from.count; name++) {
    nameOf[name] = internName(into, from.view, from.offsets[name], from.offsets[name + 1]);
  }
  return nameOf;
}
