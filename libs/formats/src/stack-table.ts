/**
 * Distinct stacks of a profile. A stack is recognised whole, by a hash over its locations, so that a repeated one costs one look-up.
 */
import type { Pprof } from './pprof.ts';
import { type SymbolCompactor, tableSize } from './symbol-compactor.ts';
import type { LocationColumns, StackColumns } from './symbols.ts';

const HASH_MULTIPLIER = 0x9e37_79b1;

export interface DistinctStacks {
  readonly stacks: StackColumns;
  /** Stack by kept sample. */
  readonly stack: Uint32Array;
  /** Samples whose stack was cut. */
  readonly truncated: number;
}

/**
 * @param kept - samples whose stacks are wanted, by index
 * @param depthMax - frames of a stack; of deeper ones the root side is kept, under a frame that says so
 */
export function distinctStacks(
  pprof: Pprof,
  kept: Uint32Array,
  symbols: SymbolCompactor,
  depthMax: number,
): DistinctStacks {
  const { start, locations } = pprof.stacks;
  const linesMax = mostLines(pprof.symbols.locations);
  const mask = tableSize(kept.length) - 1;
  const table = new Uint32Array(mask + 1);
  const hashes = new Int32Array(kept.length);
  const stack = new Uint32Array(kept.length);
  const starts = new Uint32Array(kept.length + 1);
  // Distinct stacks grow into this. A stack has at most as many locations as frames.
  let longest = 0;
  for (const sample of kept) {
    longest += Math.min(depthMax, start[sample + 1] - start[sample]);
  }
  const into = new Uint32Array(longest);
  let count = 0;
  let truncated = 0;
  let length = 0;
  for (let i = 0; i < kept.length; i++) {
    const sample = kept[i];
    const end = start[sample + 1];
    let from = start[sample];
    const own = length;
    let at = own;
    if ((end - from) * linesMax > depthMax) {
      const first = firstWithin(pprof, from, end, depthMax);
      if (first > from) {
        into[at++] = symbols.truncatedLocation();
        truncated++;
        from = first;
      }
    }
    let hash = at - own;
    for (let j = from; j < end; j++) {
      const location = symbols.location(locations[j]);
      into[at++] = location;
      hash = (Math.imul(hash, HASH_MULTIPLIER) + location) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 16), HASH_MULTIPLIER);
    let slot = (hash ^ (hash >>> 15)) & mask;
    let found = table[slot] - 1;
    while (found >= 0 && !(hashes[found] === hash && isSameRun(into, starts, found, own, at))) {
      slot = (slot + 1) & mask;
      found = table[slot] - 1;
    }
    if (found < 0) {
      found = count++;
      table[slot] = count;
      hashes[found] = hash;
      starts[count] = at;
      length = at;
    }
    stack[i] = found;
  }
  return {
    stacks: { count, start: starts.slice(0, count + 1), locations: into.slice(0, length) },
    stack,
    truncated,
  };
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

function isSameRun(into: Uint32Array, starts: Uint32Array, stack: number, start: number, end: number): boolean {
  const own = starts[stack];
  if (starts[stack + 1] - own !== end - start) return false;
  for (let i = own, j = start; j < end; i++, j++) if (into[i] !== into[j]) return false;
  return true;
}
