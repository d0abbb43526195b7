/** Sums by frame over all stacks: what a function, or a line of code, takes itself and with all that it calls. */
import type { FunctionTree } from './function-tree.ts';
import { LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { nameText } from './name-table.ts';
import type { StackTree } from './stack-tree.ts';
import { createTupleTable, internTuple } from './tuple-table.ts';

/** Columns by frame. */
export interface FrameTable {
  readonly count: number;
  /** Value of the stacks that end in the frame. */
  readonly self: BigInt64Array;
  /** Value of the stacks that hold the frame, however often they do. */
  readonly total: BigInt64Array;
  /** Value of all stacks. */
  readonly whole: bigint;
}

export interface FunctionTable extends FrameTable {
  name(frame: number): string;
}

export interface Line {
  readonly functionName: string;
  readonly filename: string;
  /** 0 when unknown. */
  readonly line: number;
}

export interface LineTable extends FrameTable {
  line(frame: number): Line;
}

/** Frames of each edge of a stack tree: several, caller first, where one location stands for inlined functions. */
interface EdgeFrames {
  /** Frames of edge `e` are `frames[start[e], start[e + 1])`. */
  readonly start: Uint32Array;
  readonly frames: Uint32Array;
  readonly count: number;
}

export function functionTable({ names, stacks }: FunctionTree): FunctionTable {
  const count = names.count;
  const edges = {
    start: Uint32Array.from({ length: count + 1 }, (_, i) => i),
    frames: Uint32Array.from({ length: count }, (_, i) => i),
    count,
  };
  return { ...frameTable(stacks, edges), name: (frame) => nameText(names, frame) };
}

/** By function, file and line. Code without symbols is in no line. */
export function lineTable(tree: LocationTree): LineTable {
  const lines = createTupleTable();
  const edges = lineEdges(tree, lines);
  const { names, functions } = tree;
  const textOf = (fn: number, column: number) => nameText(names, functions.values[functions.offsets[fn] + column]);
  return {
    ...frameTable(tree.stacks, edges),
    line(frame) {
      const at = lines.offsets[frame];
      const fn = lines.values[at];
      return {
        functionName: textOf(fn, 0) || textOf(fn, 1),
        filename: textOf(fn, 2),
        line: lines.values[at + 1],
      };
    },
  };
}

function lineEdges({ locations }: LocationTree, lines: ReturnType<typeof createTupleTable>): EdgeFrames {
  const { count, values, offsets } = locations;
  const start = new Uint32Array(count + 1);
  const frames: number[] = [];
  for (let location = 0; location < count; location++) {
    // The last line is the caller the others were inlined into.
    for (let at = offsets[location + 1] - 2; at >= offsets[location] + LOCATION_HEAD; at -= 2) {
      frames.push(internTuple(lines, values.subarray(at, at + 2), 2));
    }
    start[location + 1] = frames.length;
  }
  return { start, frames: Uint32Array.from(frames), count: lines.count };
}

function frameTable(stacks: StackTree, { start, frames, count }: EdgeFrames): FrameTable {
  const { parent, frame } = stacks;
  const totals = subtreeTotals(stacks);
  const { first, next } = linkChildren(stacks);
  const self = new BigInt64Array(count);
  const total = new BigInt64Array(count);
  /** How often a frame is on the stack walked down. */
  const depth = new Uint32Array(count);
  const leave = (node: number) => {
    for (let i = start[frame[node]]; i < start[frame[node] + 1]; i++) depth[frames[i]]--;
  };
  let node = first[0];
  while (node !== 0) {
    const from = start[frame[node]];
    const until = start[frame[node] + 1];
    for (let i = from; i < until; i++) if (depth[frames[i]]++ === 0) total[frames[i]] += totals[node];
    if (until > from) self[frames[until - 1]] += stacks.self[node];
    if (first[node] !== 0) {
      node = first[node];
      continue;
    }
    while (node !== 0 && next[node] === 0) {
      leave(node);
      node = parent[node];
    }
    if (node === 0) break;
    leave(node);
    node = next[node];
  }
  return { count, self, total, whole: stacks.total };
}

/** Value of each node with all below it. */
function subtreeTotals({ count, parent, self }: StackTree): BigInt64Array {
  const totals = self.slice(0, count);
  // Parents have smaller numbers than their children.
  for (let node = count - 1; node > 0; node--) if (totals[node] !== 0n) totals[parent[node]] += totals[node];
  return totals;
}

/** First child and next sibling by node; 0 for none. */
function linkChildren({ count, parent }: StackTree): { first: Int32Array; next: Int32Array } {
  const first = new Int32Array(count);
  const next = new Int32Array(count);
  for (let node = count - 1; node > 0; node--) {
    next[node] = first[parent[node]];
    first[parent[node]] = node;
  }
  return { first, next };
}
