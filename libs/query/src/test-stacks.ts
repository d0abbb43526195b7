/** Stacks as text, root first, joined by `;`: how tests write trees down and read answers back. */
import { createFunctionTree, type FunctionTree } from './function-tree.ts';
import { internText } from './name-table.ts';
import type { Flamegraph, FlamegraphDiff } from './render-flamegraph.ts';
import { addSelf, childOf } from './stack-tree.ts';
import { addTotals } from './value.ts';

/** Values by stack. */
export type StackValues = ReadonlyMap<string, bigint>;

/** One bar of an answer: where it is, by path, and its values by side. */
export interface Bar {
  readonly path: string;
  readonly start: bigint[];
  readonly total: bigint[];
  readonly self: bigint[];
}

export function treeOf(stacks: Iterable<readonly [string, bigint]>): FunctionTree {
  const tree = createFunctionTree();
  for (const [stack, value] of stacks) {
    let node = 0;
    for (const name of stack.split(';')) node = childOf(tree.stacks, node, internText(tree.names, name));
    addSelf(tree.stacks, node, value);
    tree.stacks.total = addTotals(tree.stacks.total, value);
  }
  return tree;
}

/** Bars of a flame graph (one side) or diff (two), level by level; throws where a bar lies outside its parent. */
export function barsOf(graph: Flamegraph | FlamegraphDiff): Bar[] {
  const sides = 'leftTicks' in graph ? 2 : 1;
  const width = 3 * sides + 1;
  const bars: Bar[] = [];
  let above: Bar[] = [];
  for (const level of graph.levels) {
    const here: Bar[] = [];
    const ends = Array.from({ length: sides }, () => 0n);
    let up = 0;
    for (let at = 0; at < level.length; at += width) {
      const column = (offset: number) => ends.map((_, side) => level[at + 3 * side + offset]);
      const [total, self] = [column(1), column(2)];
      const start = column(0).map((offset, side) => offset + ends[side]);
      for (let side = 0; side < sides; side++) ends[side] = start[side] + total[side];
      while (up < above.length && !holds(above[up], start, total)) up++;
      if (up === above.length && above.length > 0) throw new Error('a bar lies in no bar of the level above');
      const name = graph.names[Number(level[at + width - 1])];
      const parent = above.length === 0 ? undefined : above[up].path;
      here.push({ path: parent === undefined ? '' : parent === '' ? name : `${parent};${name}`, start, total, self });
    }
    bars.push(...here);
    above = here;
  }
  return bars;
}

/** Whether a bar lies in what a parent leaves to its children. Where a side has nothing, any place will do. */
function holds(parent: Bar, start: readonly bigint[], total: readonly bigint[]): boolean {
  return start.every(
    (at, side) =>
      at >= parent.start[side] + parent.self[side] && at + total[side] <= parent.start[side] + parent.total[side],
  );
}

/** Total of every path that is a prefix of a stack; '' is the root. */
export function prefixTotals(stacks: StackValues): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const [stack, value] of stacks) {
    const names = stack.split(';');
    for (let depth = 0; depth <= names.length; depth++) {
      const prefix = names.slice(0, depth).join(';');
      totals.set(prefix, (totals.get(prefix) ?? 0n) + value);
    }
  }
  return totals;
}

/** Self values by path, without zeros. */
export function selfsOf(bars: readonly Bar[], side = 0): Map<string, bigint> {
  return new Map(bars.filter((bar) => bar.self[side] !== 0n).map((bar) => [bar.path, bar.self[side]]));
}
