/**
 * Trees cut down to what a call site leads to, and to the frames nearest to the leaves: `StackTraceSelector` of querier.v1.
 * The tree given is used up: its tables may grow, and may become the result's.
 */
import { addressFrame } from './fold-function-tree.ts';
import type { FunctionTree } from './function-tree.ts';
import { compactLocationTree, LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { internText, nameText } from './name-table.ts';
import { addSelf, childOf, createStackTree, type StackTree } from './stack-tree.ts';
import { internTuple, type TupleTable } from './tuple-table.ts';

/**
 * The stacks that begin with the call site; the path to it is kept.
 * @param callSite - function names, root first
 */
export function focusFunctionTree(tree: FunctionTree, callSite: readonly string[]): FunctionTree {
  const wanted = callSite.map((name) => internText(tree.names, name));
  const stacks = focusStacks(tree.stacks, wanted.length, (frame, matched) => (frame === wanted[matched] ? 1 : -1));
  return { names: tree.names, stacks };
}

/** The same of whole locations: each may stand for several functions, inlined into one another. */
export function focusLocationTree(tree: LocationTree, callSite: readonly string[]): LocationTree {
  const named = new Map<number, readonly string[]>();
  const stacks = focusStacks(tree.stacks, callSite.length, (frame, matched) => {
    const names = named.get(frame) ?? frameNames(tree, frame);
    named.set(frame, names);
    const expected = callSite.slice(matched, matched + names.length);
    return expected.every((name, i) => name === names[i]) ? names.length : -1;
  });
  return compactLocationTree(tree, stacks);
}

/**
 * Stacks of the `frames` locations nearest to the leaf.
 * @param aggregatesCallees - takes all places of a leaf function for one
 */
export function keepLeaves(tree: LocationTree, frames: number, aggregatesCallees: boolean): LocationTree {
  const { count, parent, frame, self } = tree.stacks;
  const stacks = createStackTree();
  stacks.total = tree.stacks.total;
  const leafOf = new Map<number, number>();
  for (let node = 0; node < count; node++) {
    if (self[node] === 0n) continue;
    const kept: number[] = [];
    for (let at = node; at !== 0 && kept.length < frames; at = parent[at]) kept.push(frame[at]);
    const [leaf] = kept;
    if (aggregatesCallees && leaf !== undefined) {
      const general = leafOf.get(leaf) ?? withoutPlace(tree.locations, leaf);
      leafOf.set(leaf, general);
      kept[0] = general;
    }
    let to = 0;
    for (const location of kept.reverse()) to = childOf(stacks, to, location);
    addSelf(stacks, to, self[node]);
  }
  return compactLocationTree(tree, stacks);
}

/** The heavier half of the stacks, without those as light as the heaviest of the other half: none, when all weigh the same. */
export function dropLighterStacks(tree: LocationTree): LocationTree {
  const { count, parent, frame, self } = tree.stacks;
  const weights = self
    .slice(0, count)
    .filter((weight) => weight !== 0n)
    .sort();
  const limit = weights[weights.length >> 1] ?? 0n;
  const stacks = createStackTree();
  const nodeOf = new Int32Array(count);
  const used = new Uint8Array(count);
  for (let node = count - 1; node > 0; node--) {
    if (used[node] === 0 && self[node] <= limit) continue;
    used[node] = 1;
    used[parent[node]] = 1;
  }
  for (let node = 0; node < count; node++) {
    if (node > 0 && used[node] === 0) continue;
    if (node > 0) nodeOf[node] = childOf(stacks, nodeOf[parent[node]], frame[node]);
    if (self[node] <= limit) continue;
    addSelf(stacks, nodeOf[node], self[node]);
    stacks.total += self[node];
  }
  return compactLocationTree(tree, stacks);
}

/** @param matches - how many more names of the call site a frame behind `matched` ones covers, -1 when it is another */
function focusStacks(
  { count, parent, frame, self }: StackTree,
  length: number,
  matches: (frame: number, matched: number) => number,
): StackTree {
  const matched = new Int32Array(count);
  for (let node = 1; node < count; node++) {
    const before = matched[parent[node]];
    const more = before < 0 || before >= length ? 0 : matches(frame[node], before);
    matched[node] = more < 0 ? -1 : before + more;
  }
  const used = new Uint8Array(count);
  for (let node = count - 1; node > 0; node--) {
    if (used[node] === 0 && (matched[node] < length || self[node] === 0n)) continue;
    used[node] = 1;
    used[parent[node]] = 1;
  }
  const stacks = createStackTree();
  const nodeOf = new Int32Array(count);
  for (let node = 0; node < count; node++) {
    if (node > 0 && used[node] === 0) continue;
    if (node > 0) nodeOf[node] = childOf(stacks, nodeOf[parent[node]], frame[node]);
    if (matched[node] < length) continue;
    addSelf(stacks, nodeOf[node], self[node]);
    stacks.total += self[node];
  }
  return stacks;
}

/** Names of a location's functions, the caller of all others first; as flame graphs name them. */
function frameNames({ names, functions, mappings, locations }: LocationTree, location: number): readonly string[] {
  const from = locations.offsets[location];
  const { values } = locations;
  const address = (): string => {
    const low = BigInt(values[from + 1] >>> 0);
    const high = BigInt(values[from + 2] >>> 0);
    const mapping = values[from] - 1;
    const path = mapping < 0 ? '' : nameText(names, mappings.values[mappings.offsets[mapping]]);
    return addressFrame(path, (high << 32n) | low);
  };
  const found: string[] = [];
  for (let at = from + LOCATION_HEAD; at < locations.offsets[location + 1]; at += 2) {
    const fn = functions.offsets[values[at]];
    found.push(nameText(names, functions.values[fn]) || nameText(names, functions.values[fn + 1]) || address());
  }
  return found.length === 0 ? [address()] : found.reverse();
}

/** The location without its address and its innermost line number. */
function withoutPlace(locations: TupleTable, location: number): number {
  const tuple = locations.values.slice(locations.offsets[location], locations.offsets[location + 1]);
  tuple.fill(0, 1, LOCATION_HEAD);
  if (tuple.length > LOCATION_HEAD + 1) tuple[LOCATION_HEAD + 1] = 0;
  return internTuple(locations, tuple, tuple.length);
}
