/**
 * Folds a dataset's stacktrace tree into the tree of function names: every used node once, parents before children.
 * Only names that used nodes need are looked up.
 */
import type { TreeColumns } from '@flamelake/block';
import {
  type FunctionColumns,
  type LocationColumns,
  type MappingColumns,
  type StringColumn,
  stringAt,
} from '@flamelake/formats';
import { halvesOf, type NodeSums } from './accumulate.ts';
import type { FunctionTree } from './function-tree.ts';
import { internName, internText, viewOf } from './name-table.ts';
import { addSelf, childOf } from './stack-tree.ts';
import { addTotals } from './value.ts';

/** Frame of samples that have no stack. */
export const NO_STACK_NAME = '[no stack]';

/** Symbols of a dataset, as far as names of frames need them. */
export interface FrameSymbols {
  readonly strings: StringColumn;
  readonly functions: FunctionColumns;
  readonly locations: LocationColumns;
  /** Only needed when `needsMappings` says so. */
  readonly mappings: MappingColumns | undefined;
}

/** Whether a used frame has no function name, and so is named by its mapping. */
export function needsMappings(
  used: Uint8Array,
  tree: TreeColumns,
  functions: FunctionColumns,
  locations: LocationColumns,
): boolean {
  const { count, lineStart, lineFunction } = locations;
  const isNameless = new Uint8Array(count);
  for (let location = 0; location < count; location++) {
    const until = lineStart[location + 1];
    let line = lineStart[location];
    if (line === until) isNameless[location] = 1;
    for (; line < until; line++) {
      if (functionNameString(functions, lineFunction[line]) === 0) isNameless[location] = 1;
    }
  }
  for (let node = 1; node < tree.count; node++) {
    if (used[node] === 1 && isNameless[tree.location[node]] === 1) return true;
  }
  return false;
}

/**
 * @returns node of the target by used node
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` when the tree grows too large
 */
export function foldFunctionTree(
  target: FunctionTree,
  { sums, used, total }: NodeSums,
  tree: TreeColumns,
  symbols: FrameSymbols,
): Int32Array {
  const { stacks } = target;
  stacks.total = addTotals(stacks.total, total);
  const { lineStart, lineFunction } = symbols.locations;
  const names: FrameNames = {
    symbols,
    bytes: viewOf(symbols.strings.bytes),
    ofFunction: new Int32Array(symbols.functions.count).fill(-1),
    ofLocation: new Int32Array(symbols.locations.count).fill(-1),
  };
  // Most nodes have no value of their own; zero is found by its halves, as comparing 64 bits would cost more.
  const halves = halvesOf(sums);
  const nodeOf = new Int32Array(tree.count);
  const noStack = sums[0] === 0n ? 0 : childOf(stacks, 0, internText(target.names, NO_STACK_NAME));
  addSelf(stacks, noStack, sums[0]);
  for (let node = 1; node < tree.count; node++) {
    if (used[node] === 0) continue;
    const location = tree.location[node];
    const firstLine = lineStart[location];
    let line = lineStart[location + 1];
    let at = nodeOf[tree.parent[node]];
    if (line === firstLine) at = childOf(stacks, at, addressName(target, names, location));
    // The last line is the caller the others were inlined into, so it comes first from the root.
    while (line > firstLine) {
      const fn = lineFunction[--line];
      const known = names.ofFunction[fn];
      at = childOf(stacks, at, known >= 0 ? known : functionName(target, names, fn, location));
    }
    nodeOf[node] = at;
    if ((halves[2 * node] | halves[2 * node + 1]) !== 0) addSelf(stacks, at, sums[node]);
  }
  nodeOf[0] = noStack;
  return nodeOf;
}

/** Numbers of names in the target by numbers in the dataset, -1 where not yet known. */
interface FrameNames {
  readonly symbols: FrameSymbols;
  readonly bytes: DataView;
  readonly ofFunction: Int32Array;
  /** Of locations that are named by their address. */
  readonly ofLocation: Int32Array;
}

function functionName(target: FunctionTree, names: FrameNames, fn: number, location: number): number {
  const { strings, functions } = names.symbols;
  const string = functionNameString(functions, fn);
  if (string === 0) return addressName(target, names, location);
  const name = internName(target.names, names.bytes, strings.offsets[string], strings.offsets[string + 1]);
  names.ofFunction[fn] = name;
  return name;
}

/** Number of the frame of a location without a name. */
function addressName(target: FunctionTree, { symbols, ofLocation }: FrameNames, location: number): number {
  if (ofLocation[location] >= 0) return ofLocation[location];
  const { strings, locations, mappings } = symbols;
  const mapping = locations.mapping[location] - 1;
  const path = mapping < 0 || mappings === undefined ? '' : stringAt(strings, mappings.filename[mapping]);
  const name = internText(target.names, addressFrame(path, locations.address[location]));
  ofLocation[location] = name;
  return name;
}

/** Frame of code without a name: `binary!0xaddress`, by the last part of its mapping's path. */
export function addressFrame(path: string, address: bigint): string {
  return `${path.slice(path.lastIndexOf('/') + 1) || 'unknown'}!0x${address.toString(16)}`;
}

/** Name of a function, else its system name; string 0 is the empty one. */
function functionNameString(functions: FunctionColumns, fn: number): number {
  return functions.name[fn] || functions.systemName[fn];
}
