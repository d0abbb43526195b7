/** Folds a dataset's stacktrace tree into the tree of whole locations: every used node once, parents before children. */
import type { TreeColumns } from '@flamelake/block';
import type { Symbols } from '@flamelake/formats';
import type { NodeSums } from './accumulate.ts';
import { LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { internName, viewOf } from './name-table.ts';
import { addSelf, childOf } from './stack-tree.ts';
import { internTuple } from './tuple-table.ts';
import { addTotals } from './value.ts';

/** @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` when the tree grows too large */
export function foldLocationTree(
  target: LocationTree,
  { sums, used, total }: NodeSums,
  tree: TreeColumns,
  symbols: Symbols,
): void {
  const { stacks } = target;
  stacks.total = addTotals(stacks.total, total);
  const folded: Folded = {
    symbols,
    bytes: viewOf(symbols.strings.bytes),
    functionOf: new Int32Array(symbols.functions.count).fill(-1),
    mappingOf: new Int32Array(symbols.mappings.count).fill(-1),
    scratch: new Int32Array(64),
  };
  const locationOf = new Int32Array(symbols.locations.count).fill(-1);
  const nodeOf = new Int32Array(tree.count);
  addSelf(stacks, 0, sums[0]);
  for (let node = 1; node < tree.count; node++) {
    if (used[node] === 0) continue;
    const location = tree.location[node];
    let frame = locationOf[location];
    if (frame < 0) frame = locationOf[location] = internLocation(target, folded, location);
    const at = childOf(stacks, nodeOf[tree.parent[node]], frame);
    nodeOf[node] = at;
    addSelf(stacks, at, sums[node]);
  }
}

/** Numbers in the target by numbers in the dataset, -1 where not yet known. */
interface Folded {
  readonly symbols: Symbols;
  readonly bytes: DataView;
  readonly functionOf: Int32Array;
  readonly mappingOf: Int32Array;
  scratch: Int32Array;
}

function internLocation(target: LocationTree, folded: Folded, location: number): number {
  const { mapping, address, lineStart, lineFunction, lineNumber } = folded.symbols.locations;
  const from = lineStart[location];
  const until = lineStart[location + 1];
  const length = LOCATION_HEAD + 2 * (until - from);
  if (length > folded.scratch.length) folded.scratch = new Int32Array(length * 2);
  const lines: number[] = [];
  for (let line = from; line < until; line++) lines.push(internFunction(target, folded, lineFunction[line]));
  const mapped = mapping[location] === 0 ? 0 : internMapping(target, folded, mapping[location] - 1) + 1;
  const { scratch } = folded;
  scratch[0] = mapped;
  putHalves(scratch, 1, address[location]);
  lines.forEach((fn, i) => {
    scratch[LOCATION_HEAD + 2 * i] = fn;
    scratch[LOCATION_HEAD + 2 * i + 1] = lineNumber[from + i];
  });
  return internTuple(target.locations, scratch, length);
}

function internFunction(target: LocationTree, folded: Folded, fn: number): number {
  const { symbols, functionOf, scratch } = folded;
  const known = functionOf[fn];
  if (known >= 0) return known;
  const { name, systemName, filename, startLine } = symbols.functions;
  scratch[0] = internString(target, folded, name[fn]);
  scratch[1] = internString(target, folded, systemName[fn]);
  scratch[2] = internString(target, folded, filename[fn]);
  scratch[3] = startLine[fn];
  return (functionOf[fn] = internTuple(target.functions, scratch, 4));
}

function internMapping(target: LocationTree, folded: Folded, mapping: number): number {
  const { symbols, mappingOf, scratch } = folded;
  const known = mappingOf[mapping];
  if (known >= 0) return known;
  const { filename, buildId, flags, memoryStart, memoryLimit, fileOffset } = symbols.mappings;
  scratch[0] = internString(target, folded, filename[mapping]);
  scratch[1] = internString(target, folded, buildId[mapping]);
  scratch[2] = flags[mapping];
  putHalves(scratch, 3, memoryStart[mapping]);
  putHalves(scratch, 5, memoryLimit[mapping]);
  putHalves(scratch, 7, fileOffset[mapping]);
  return (mappingOf[mapping] = internTuple(target.mappings, scratch, 9));
}

function internString(target: LocationTree, { symbols, bytes }: Folded, string: number): number {
  const { offsets } = symbols.strings;
  return internName(target.names, bytes, offsets[string], offsets[string + 1]);
}

function putHalves(tuple: Int32Array, at: number, value: bigint): void {
  tuple[at] = Number(value & 0xffff_ffffn);
  tuple[at + 1] = Number(value >> 32n);
}
