/** Merged trees as the query's stack trace selector wants them. */
import { focusFunctionTree, focusLocationTree, keepLeaves, type LocationTree } from '@flamelake/query';
import type { StacktraceQuery } from './queries.ts';

type FunctionTree = ReturnType<typeof focusFunctionTree>;

export function focused(tree: FunctionTree, { callSite = [] }: StacktraceQuery): FunctionTree {
  return callSite.length === 0 ? tree : focusFunctionTree(tree, callSite);
}

/** Leaves override the call site. */
export function focusedLocations(tree: LocationTree, { callSite = [], leaves }: StacktraceQuery): LocationTree {
  if (leaves !== undefined)
    return keepLeaves(tree, leaves.locations || Number.POSITIVE_INFINITY, leaves.aggregatesCallees);
  return callSite.length === 0 ? tree : focusLocationTree(tree, callSite);
}
