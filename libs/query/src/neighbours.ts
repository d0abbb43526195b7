/** What calls a function, and what it calls. */
import type { FunctionTree } from './function-tree.ts';
import { internText, nameText } from './name-table.ts';

export interface Neighbours {
  /** Value of the stacks that hold the function. */
  readonly total: bigint;
  /** Value of those that end in it. */
  readonly self: bigint;
  /** By the frame above the outermost of its frames; '' where there is none. Together they are the total. */
  readonly callers: ReadonlyMap<string, bigint>;
  /** By the frame below the innermost of its frames. Together with `self` they are the total. */
  readonly callees: ReadonlyMap<string, bigint>;
}

/** Marks of a stack on the way down to a node. */
const NOT_YET = -2;
const ENDS_THERE = -1;

export function neighboursOf({ names, stacks }: FunctionTree, functionName: string): Neighbours {
  const wanted = internText(names, functionName);
  const { count, parent, frame, self } = stacks;
  /** Frame above the outermost occurrence, `ENDS_THERE` for the root. */
  const caller = new Int32Array(count).fill(NOT_YET);
  /** Frame below the innermost, `ENDS_THERE` when the stack ends in it. */
  const callee = new Int32Array(count).fill(NOT_YET);
  const callers = new Map<number, bigint>();
  const callees = new Map<number, bigint>();
  let total = 0n;
  for (let node = 1; node < count; node++) {
    const up = parent[node];
    const isWanted = frame[node] === wanted;
    if (caller[up] !== NOT_YET) caller[node] = caller[up];
    else if (isWanted) caller[node] = up === 0 ? ENDS_THERE : frame[up];
    if (isWanted) callee[node] = ENDS_THERE;
    else callee[node] = callee[up] === ENDS_THERE ? frame[node] : callee[up];
    if (caller[node] === NOT_YET || self[node] === 0n) continue;
    total += self[node];
    callers.set(caller[node], (callers.get(caller[node]) ?? 0n) + self[node]);
    callees.set(callee[node], (callees.get(callee[node]) ?? 0n) + self[node]);
  }
  const own = callees.get(ENDS_THERE) ?? 0n;
  callees.delete(ENDS_THERE);
  const named = (sums: ReadonlyMap<number, bigint>): ReadonlyMap<string, bigint> =>
    new Map([...sums].map(([name, value]) => [name === ENDS_THERE ? '' : nameText(names, name), value]));
  return { total, self: own, callers: named(callers), callees: named(callees) };
}
