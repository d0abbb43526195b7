/**
 * Tree of whole locations – mapping, address, lines – as pprof output needs it. Equal symbols of different blocks become one.
 */
import type { Memory } from '@flamelake/model';
import { mergeNames } from './function-tree.ts';
import { createNameTable, internName, internText, type NameTable } from './name-table.ts';
import { createStackTree, mergeStackTree, type StackTree } from './stack-tree.ts';
import { createTupleTable, internTuple, type TupleTable } from './tuple-table.ts';

/** Names are numbers of `names`; 64-bit numbers are two halves, low first. */
export interface LocationTree {
  /** Name 0 is the empty one. */
  readonly names: NameTable;
  /** name, system name, filename, start line */
  readonly functions: TupleTable;
  /** filename, build id, flags, memory start, memory limit, file offset */
  readonly mappings: TupleTable;
  /** mapping + 1 (0 for none), address, then function and line number of each line */
  readonly locations: TupleTable;
  /** Frames are numbers of `locations`. The empty stack is the root. */
  readonly stacks: StackTree;
}

/** Numbers in a location before its lines. */
export const LOCATION_HEAD = 3;

/** @param memory - it is taken from this as it grows */
export function createLocationTree(memory?: Memory): LocationTree {
  const tree = {
    names: createNameTable(memory),
    functions: createTupleTable(memory),
    mappings: createTupleTable(memory),
    locations: createTupleTable(memory),
    stacks: createStackTree(memory),
  };
  internText(tree.names, '');
  return tree;
}

/**
 * Adds another tree; `from` stays as it is.
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` when the tree grows too large
 */
export function mergeLocationTree(into: LocationTree, from: LocationTree): void {
  const nameOf = mergeNames(into.names, from.names);
  const functionOf = mergeTuples(into.functions, from.functions, (tuple) => {
    for (let i = 0; i < 3; i++) tuple[i] = nameOf[tuple[i]];
  });
  const mappingOf = mergeTuples(into.mappings, from.mappings, (tuple) => {
    for (let i = 0; i < 2; i++) tuple[i] = nameOf[tuple[i]];
  });
  const locationOf = mergeTuples(into.locations, from.locations, (tuple, length) => {
    if (tuple[0] !== 0) tuple[0] = mappingOf[tuple[0] - 1] + 1;
    for (let i = LOCATION_HEAD; i < length; i += 2) tuple[i] = functionOf[tuple[i]];
  });
  mergeStackTree(into.stacks, from.stacks, locationOf);
}

/**
 * A tree of some stacks with only the symbols they use.
 * @param stacks - frames are numbers of `tree`'s locations
 */
export function compactLocationTree(tree: LocationTree, stacks: StackTree): LocationTree {
  const used = new Set<number>();
  for (let node = 1; node < stacks.count; node++) used.add(stacks.frame[node]);
  const into = createLocationTree();
  const nameOf = onceEach((name) =>
    internName(into.names, tree.names.view, tree.names.offsets[name], tree.names.offsets[name + 1]),
  );
  const functionOf = onceEach((fn) => internChanged(into.functions, tree.functions, fn, 3, nameOf));
  const mappingOf = onceEach((mapping) => internChanged(into.mappings, tree.mappings, mapping, 2, nameOf));
  const locationOf = new Int32Array(tree.locations.count);
  for (const location of used) {
    const tuple = tupleAt(tree.locations, location);
    if (tuple[0] !== 0) tuple[0] = mappingOf(tuple[0] - 1) + 1;
    for (let i = LOCATION_HEAD; i < tuple.length; i += 2) tuple[i] = functionOf(tuple[i]);
    locationOf[location] = internTuple(into.locations, tuple, tuple.length);
  }
  mergeStackTree(into.stacks, stacks, locationOf);
  return into;
}

function onceEach(make: (number: number) => number): (number: number) => number {
  const made = new Map<number, number>();
  return (number) => {
    const known = made.get(number) ?? make(number);
    made.set(number, known);
    return known;
  };
}

/** Interns a tuple whose first `names` numbers are names. */
function internChanged(
  into: TupleTable,
  from: TupleTable,
  number: number,
  names: number,
  nameOf: (name: number) => number,
): number {
  const tuple = tupleAt(from, number);
  for (let i = 0; i < names; i++) tuple[i] = nameOf(tuple[i]);
  return internTuple(into, tuple, tuple.length);
}

/** A copy. */
function tupleAt({ values, offsets }: TupleTable, number: number): Int32Array {
  return values.slice(offsets[number], offsets[number + 1]);
}

/** Interns every tuple of `from` after `translate` has put the numbers of `into` in place of its references. */
function mergeTuples(
  into: TupleTable,
  from: TupleTable,
  translate: (tuple: Int32Array, length: number) => void,
): Int32Array {
  const numberOf = new Int32Array(from.count);
  for (let i = 0; i < from.count; i++) {
    const tuple = tupleAt(from, i);
    translate(tuple, tuple.length);
    numberOf[i] = internTuple(into, tuple, tuple.length);
  }
  return numberOf;
}
