/**
 * Folds a dataset's stacktrace tree into the tree of function names: every used node once, parents before children.
 * Only names that used nodes need are looked up.
 */
import type { TreeColumns } from '@flamelake/block';
import type { FunctionColumns, LocationColumns, MappingColumns, StringColumn } from '@flamelake/formats';
import type { FunctionTree } from './function-tree.ts';
import { internName, internText } from './name-table.ts';
import { addSelf, childOf } from './stack-tree.ts';
import type { StacktraceSums } from './sum-stacktraces.ts';
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
  for (let node = 1; node < tree.count; node++) {
    if (used[node] === 0) continue;
    const location = tree.location[node];
    const from = locations.lineStart[location];
    const until = locations.lineStart[location + 1];
    if (from === until) return true;
    for (let line = from; line < until; line++) {
      if (functionNameString(functions, locations.lineFunction[line]) === 0) return true;
    }
  }
  return false;
}

/** @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` when the tree grows too large */
export function foldFunctionTree(
  target: FunctionTree,
  { sums, used, total }: StacktraceSums,
  tree: TreeColumns,
  symbols: FrameSymbols,
): void {
  const { stacks } = target;
  stacks.total = addTotals(stacks.total, total);
  const { lineStart, lineFunction } = symbols.locations;
  const nameOfFunction = new Int32Array(symbols.functions.count).fill(-1);
  const nodeOf = new Int32Array(tree.count);
  if (sums[0] !== 0n) addSelf(stacks, childOf(stacks, 0, internText(target.names, NO_STACK_NAME)), sums[0]);
  for (let node = 1; node < tree.count; node++) {
    if (used[node] === 0) continue;
    const location = tree.location[node];
    const firstLine = lineStart[location];
    let line = lineStart[location + 1];
    let at = nodeOf[tree.parent[node]];
    if (line === firstLine) at = childOf(stacks, at, internAddress(target, symbols, location));
    // The last line is the caller the others were inlined into, so it comes first from the root.
    while (line > firstLine) {
      const fn = lineFunction[--line];
      let name = nameOfFunction[fn];
      if (name < 0) {
        const string = functionNameString(symbols.functions, fn);
        if (string !== 0) name = nameOfFunction[fn] = internString(target, symbols.strings, string);
        else name = internAddress(target, symbols, location);
      }
      at = childOf(stacks, at, name);
    }
    nodeOf[node] = at;
    addSelf(stacks, at, sums[node]);
  }
}

/** Name of a function, else its system name; string 0 is the empty one. */
function functionNameString(functions: FunctionColumns, fn: number): number {
  return functions.name[fn] || functions.systemName[fn];
}

function internString(target: FunctionTree, { bytes, offsets }: StringColumn, string: number): number {
  return internName(target.names, bytes, offsets[string], offsets[string + 1]);
}

/** `binary!0xaddress`, by the last part of the mapping's path. */
function internAddress(target: FunctionTree, { strings, locations, mappings }: FrameSymbols, location: number): number {
  const mapping = locations.mapping[location] - 1;
  const file = mapping < 0 ? 0 : (mappings?.filename[mapping] ?? 0);
  const path = Buffer.from(strings.bytes.subarray(strings.offsets[file], strings.offsets[file + 1])).toString('utf8');
  const binary = path.slice(path.lastIndexOf('/') + 1) || 'unknown';
  return internText(target.names, `${binary}!0x${(locations.address[location]).toString(16)}`);
}
