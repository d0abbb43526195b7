/** Trees of function names made of a profile that is in no block, and of a flame graph that was drawn before. */
import type { NormalizedProfile } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { settleInt64s } from './accumulate.ts';
import { foldFunctionTree } from './fold-function-tree.ts';
import { createFunctionTree, type FunctionTree } from './function-tree.ts';
import { internText } from './name-table.ts';
import type { Flamegraph } from './render-flamegraph.ts';
import { addSelf, childOf } from './stack-tree.ts';

/** Numbers of a bar: offset, total, self, name. */
const BAR_LENGTH = 4;

/** @param type - which of the sample types, by its place */
export function profileFunctionTree({ stacks, symbols, groups }: NormalizedProfile, type: number): FunctionTree {
  const sums = new BigInt64Array(stacks.count);
  for (const { sampleCount, stack, values } of groups) {
    const from = type * sampleCount;
    // Of a normalised profile all values together are in int64.
    for (let sample = 0; sample < sampleCount; sample++) sums[stack[sample]] += values[from + sample];
  }
  const tree = createFunctionTree();
  foldFunctionTree(tree, settleInt64s(sums, stacks.parent), stacks, symbols);
  return tree;
}

/**
 * The tree that `renderFlamegraph` draws as `graph`.
 * @throws {FlamelakeError} `invalid_argument` when bars are outside of their parents, or do not add up
 */
export function flamegraphFunctionTree({ names, levels }: Pick<Flamegraph, 'names' | 'levels'>): FunctionTree {
  const tree = createFunctionTree();
  const numbers = names.map((name) => internText(tree.names, name));
  const [first] = levels;
  if (first !== undefined && first.length !== BAR_LENGTH) throw wrongGraph('flame graph must have one root');
  tree.stacks.total = first?.[1] ?? 0n;
  if (tree.stacks.total < 0n) throw wrongGraph('flame graph has a negative value');
  let rest = tree.stacks.total;
  let above: readonly PlacedNode[] = [{ node: 0, start: 0n, end: tree.stacks.total }];
  for (const [depth, bars] of levels.entries()) {
    const here: PlacedNode[] = [];
    let parent = 0;
    let end = 0n;
    for (let at = 0; at + BAR_LENGTH <= bars.length; at += BAR_LENGTH) {
      const [start, total, self] = [end + bars[at], bars[at + 1], bars[at + 2]];
      if (start < end || total < 0n || self < 0n) throw wrongGraph('flame graph has a negative value');
      if (self > total) throw wrongGraph('bar of the flame graph has more of its own than in all');
      end = start + total;
      rest -= self;
      if (total === 0n) continue;
      while (parent < above.length - 1 && start >= above[parent].end) parent++;
      const over = above[parent];
      if (over === undefined || start < over.start || end > over.end || rest < 0n) {
        throw wrongGraph('bar of the flame graph is outside of its parent');
      }
      const name = numbers[Number(bars[at + 3])];
      if (name === undefined) throw wrongGraph('bar of the flame graph has no name');
      const node = depth === 0 ? 0 : childOf(tree.stacks, over.node, name);
      addSelf(tree.stacks, node, self);
      here.push({ node, start, end });
    }
    above = here;
  }
  if (rest !== 0n) throw wrongGraph('values of the flame graph do not add up to its total');
  return tree;
}

interface PlacedNode {
  readonly node: number;
  readonly start: bigint;
  readonly end: bigint;
}

function wrongGraph(message: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', message);
}
