/** Stacks of a profile's samples as one tree, in which what stacks share on their root side is there once. */
import type { Pprof } from './pprof.ts';
import type { SymbolCompactor } from './symbol-compactor.ts';
import type { LocationColumns, StackTreeColumns } from './symbols.ts';

const HASH_MULTIPLIER = 0x9e37_79b1;
const SLOTS_MIN = 8_192;
/** Largest table kept for the next profile: every profile clears it. */
const RETAINED_SLOTS_MAX = 65_536;

export interface SampleStacks {
  readonly stacks: StackTreeColumns;
  /** Node by kept sample. */
  readonly stack: Uint32Array;
  /** Samples whose stack was cut. */
  readonly truncated: number;
}

/** The tree while it grows. */
interface Nodes {
  count: number;
  parent: Uint32Array;
  location: Uint32Array;
  /** Location as sent that last led to the node, + 1. */
  source: Uint32Array;
  /** The child that was last gone to: mostly the next stack goes there too. 0 is none, for the root is nobody's child. */
  lastChild: Uint32Array;
  /** Open addressing by (parent, location), twice as long as the columns; 0 is free. */
  table: Uint32Array;
}

/** The tree of the last profile, for the next one. */
let nodes = emptyTree(SLOTS_MIN);

/**
 * @param kept - samples whose stacks are wanted, by index
 * @param depthMax - frames of a stack; of deeper ones the root side is kept, under a frame that says so
 */
export function sampleStacks(
  pprof: Pprof,
  kept: Uint32Array,
  symbols: SymbolCompactor,
  depthMax: number,
): SampleStacks {
  const { start, locations } = pprof.stacks;
  const linesMax = mostLines(pprof.symbols.locations);
  begin(nodes);
  let { source, lastChild } = nodes;
  const stack = new Uint32Array(kept.length);
  const { sampleStack } = pprof;
  /** By stack that samples share: node + 1, and whether it was cut. */
  const known = new Uint32Array(sampleStack === undefined ? 0 : pprof.stacks.count);
  const isCut = new Uint8Array(known.length);
  let truncated = 0;
  for (let i = 0; i < kept.length; i++) {
    const sample = kept[i];
    const own = sampleStack === undefined ? sample : sampleStack[sample];
    if (known[own] > 0) {
      stack[i] = known[own] - 1;
      truncated += isCut[own];
      continue;
    }
    const end = start[own + 1];
    const from = start[own];
    const first = (end - from) * linesMax > depthMax ? firstWithin(pprof, from, end, depthMax) : from;
    let node = 0;
    for (let at = end - 1; at >= first; at--) {
      const location = locations[at];
      const guess = lastChild[node];
      if (source[guess] === location + 1) {
        node = guess;
        continue;
      }
      const child = childOf(nodes, node, symbols.location(location));
      ({ source, lastChild } = nodes);
      source[child] = location + 1;
      lastChild[node] = child;
      node = child;
    }
    if (first > from) {
      node = childOf(nodes, node, symbols.truncatedLocation());
      ({ source, lastChild } = nodes);
      truncated++;
    }
    stack[i] = node;
    if (sampleStack === undefined) continue;
    known[own] = node + 1;
    isCut[own] = first > from ? 1 : 0;
  }
  const { count, parent, location } = nodes;
  const stacks = { count, parent: parent.slice(0, count), location: location.slice(0, count) };
  if (nodes.table.length > RETAINED_SLOTS_MAX) nodes = emptyTree(SLOTS_MIN);
  return { stacks, stack, truncated };
}

function emptyTree(slots: number): Nodes {
  const capacity = slots / 2;
  return {
    count: 1,
    parent: new Uint32Array(capacity),
    location: new Uint32Array(capacity),
    source: new Uint32Array(capacity),
    lastChild: new Uint32Array(capacity),
    table: new Uint32Array(slots),
  };
}

/** Leaves nothing but the root. */
function begin(nodes: Nodes): void {
  nodes.count = 1;
  nodes.lastChild[0] = 0;
  nodes.table.fill(0);
}

/** The node of a location called from a stack, made if there is none. */
function childOf(nodes: Nodes, parent: number, location: number): number {
  const { table } = nodes;
  const mask = table.length - 1;
  let slot = slotOf(parent, location) & mask;
  for (let node = table[slot]; node !== 0; slot = (slot + 1) & mask, node = table[slot]) {
    if (nodes.parent[node] === parent && nodes.location[node] === location) return node;
  }
  const made = nodes.count++;
  table[slot] = made;
  nodes.parent[made] = parent;
  nodes.location[made] = location;
  nodes.lastChild[made] = 0;
  if (nodes.count === nodes.parent.length) grow(nodes);
  return made;
}

function slotOf(parent: number, location: number): number {
  const hash = Math.imul(Math.imul(parent, HASH_MULTIPLIER) + location, HASH_MULTIPLIER);
  return hash ^ (hash >>> 15);
}

function grow(nodes: Nodes): void {
  const { count } = nodes;
  const grown = emptyTree(nodes.table.length * 2);
  for (const column of ['parent', 'location', 'source', 'lastChild'] as const) grown[column].set(nodes[column]);
  const { parent, location, table } = grown;
  const mask = table.length - 1;
  for (let node = 1; node < count; node++) {
    let slot = slotOf(parent[node], location[node]) & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = node;
  }
  Object.assign(nodes, grown, { count });
}

/** Most frames any location stands for. */
function mostLines({ lineStart, count }: LocationColumns): number {
  let most = 1;
  for (let i = 0; i < count; i++) most = Math.max(most, lineStart[i + 1] - lineStart[i]);
  return most;
}

/**
 * Where to cut the stack at `[start, end)`: its start when it fits, else the first location of the root side that fits with one
 * more frame. Inlined functions are frames too; a location is kept or cut as a whole.
 */
function firstWithin(pprof: Pprof, start: number, end: number, depthMax: number): number {
  const { lineStart } = pprof.symbols.locations;
  let frames = 0;
  let first = end;
  for (let at = end - 1; at >= start; at--) {
    const location = pprof.stacks.locations[at];
    frames += Math.max(1, lineStart[location + 1] - lineStart[location]);
    if (frames > depthMax) return first;
    if (frames < depthMax) first = at;
  }
  return start;
}
