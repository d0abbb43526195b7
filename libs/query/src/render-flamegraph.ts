/**
 * Flame graphs and diffs in levels, as querier.v1 has them: bars of four (seven) int64, offsets counted from the end of the bar before
 * in the same level. A bar's own part is at its left, its first child starts behind that.
 */
import { createFunctionTree, type FunctionTree, mergeFunctionTree } from './function-tree.ts';
import { layOutTree, OTHER_FRAME, OTHER_NAME, ROOT_FRAME, type TreeLayout } from './lay-out-tree.ts';
import { type NameTable, nameText } from './name-table.ts';

/** Name of the root. */
export const ROOT_NAME = 'total';

/** A bar is `offset, total, self, name index`. */
export interface Flamegraph {
  /** Name 0 is the root's. */
  readonly names: readonly string[];
  readonly levels: readonly BigInt64Array[];
  readonly total: bigint;
  readonly maxSelf: bigint;
}

/** A bar is `left offset, left total, left self, right offset, right total, right self, name index`; `total` is left plus right. */
export interface FlamegraphDiff extends Flamegraph {
  readonly leftTicks: bigint;
  readonly rightTicks: bigint;
}

/** @param nodesMax - bars shown beside the root and the `other`s */
export function renderFlamegraph(tree: FunctionTree, nodesMax: number): Flamegraph {
  const layout = layOutTree(tree.names, tree.stacks, [tree.stacks.self], nodesMax);
  return { ...renderLevels(tree.names, layout), total: tree.stacks.total };
}

/**
 * Both trees side by side: same bars, zeros where a side lacks one.
 * @throws {FlamelakeError} `out_of_range` when left plus right leaves int64
 */
export function renderDiff(left: FunctionTree, right: FunctionTree, nodesMax: number): FlamegraphDiff {
  const both = createFunctionTree();
  const nodesOf = [mergeFunctionTree(both, left), mergeFunctionTree(both, right)] as const;
  const selfs = [scatter(left, nodesOf[0], both), scatter(right, nodesOf[1], both)];
  const layout = layOutTree(both.names, both.stacks, selfs, nodesMax);
  return {
    ...renderLevels(both.names, layout),
    total: both.stacks.total,
    leftTicks: left.stacks.total,
    rightTicks: right.stacks.total,
  };
}

function scatter({ stacks }: FunctionTree, nodeOf: Int32Array, both: FunctionTree): BigInt64Array {
  const self = new BigInt64Array(both.stacks.count);
  for (let node = 0; node < stacks.count; node++) self[nodeOf[node]] = stacks.self[node];
  return self;
}

function renderLevels(table: NameTable, layout: TreeLayout): Omit<Flamegraph, 'total'> {
  const { count, levelStart, firstChild, frame, totals, selfs } = layout;
  const { names, indexes } = indexNames(table, frame, count);
  const sides = totals.length;
  const barLength = 3 * sides + 1;
  const levels: BigInt64Array[] = [];
  for (let level = 0; level + 1 < levelStart.length; level++) {
    const from = levelStart[level];
    const bars = new BigInt64Array((levelStart[level + 1] - from) * barLength);
    for (let i = 0; i * barLength < bars.length; i++) bars[(i + 1) * barLength - 1] = BigInt(indexes[from + i]);
    levels.push(bars);
  }
  let maxSelf = 0n;
  for (let side = 0; side < sides; side++) {
    const [total, self] = [totals[side], selfs[side]];
    const starts = startsOf(count, firstChild, total, self);
    for (const [level, bars] of levels.entries()) {
      let at = 3 * side;
      const until = levelStart[level + 1];
      for (let i = levelStart[level], end = 0n; i < until; i++, at += barLength) {
        bars[at] = starts[i] - end;
        bars[at + 1] = total[i];
        bars[at + 2] = self[i];
        end = starts[i] + total[i];
      }
    }
    for (let i = 0; i < count; i++) if (self[i] > maxSelf) maxSelf = self[i];
  }
  return { names, levels, maxSelf };
}

/** Where each bar starts. */
function startsOf(count: number, firstChild: Int32Array, total: BigInt64Array, self: BigInt64Array): BigInt64Array {
  const starts = new BigInt64Array(count);
  for (let i = 0; i < count; i++) {
    let at = starts[i] + self[i];
    const until = firstChild[i + 1];
    for (let child = firstChild[i]; child < until; child++) {
      starts[child] = at;
      at += total[child];
    }
  }
  return starts;
}

/** The names shown, in order of their first bar, and each bar's place among them. */
function indexNames(table: NameTable, frame: Int32Array, count: number): { names: string[]; indexes: Int32Array } {
  const names = [ROOT_NAME];
  const indexes = new Int32Array(count);
  const indexOf = new Int32Array(table.count);
  let other = 0;
  for (let i = 0; i < count; i++) {
    const name = frame[i];
    if (name === ROOT_FRAME) continue;
    const isOther = name === OTHER_FRAME;
    let index = isOther ? other : indexOf[name];
    if (index === 0) {
      index = names.push(isOther ? OTHER_NAME : nameText(table, name)) - 1;
      if (isOther) other = index;
      else indexOf[name] = index;
    }
    indexes[i] = index;
  }
  return { names, indexes };
}
