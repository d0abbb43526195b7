/** Puts the samples of a dataset into their stored order: stacktraces ascend within each list. */
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';

export interface OrderedEntries {
  /** New number of the stacktrace, by position; lists keep their places. */
  readonly stacktrace: Uint32Array;
  /** Which entry it was before. */
  readonly source: Uint32Array;
}

/** Sorts all lists at once by counting: entries in the order of their nodes are dealt to their lists. Stable. */
export function orderEntries(state: DatasetState, numbering: Numbering): OrderedEntries {
  const { items: entries, count } = state.entries;
  const { next } = numbering.nodes;
  const starts = state.listStart.items;
  const firstOfNode = new Uint32Array(numbering.nodes.count + 1);
  const listOf = new Uint32Array(count);
  for (let list = 0; list + 1 < state.listStart.count; list++) {
    listOf.fill(list, starts[list], starts[list + 1]);
  }
  // `next` is the number + 1, so counts land one place up and become starts when added up.
  for (let i = 0; i < count; i++) {
    const number = next[entries[i]];
    firstOfNode[number] = firstOfNode[number] + 1;
  }
  for (let i = 1; i < firstOfNode.length; i++) {
    firstOfNode[i] = firstOfNode[i] + firstOfNode[i - 1];
  }
  const byNode = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const node = next[entries[i]] - 1;
    const at = firstOfNode[node];
    byNode[at] = i;
    firstOfNode[node] = at + 1;
  }
  const free = starts.slice(0, state.listStart.count);
  const stacktrace = new Uint32Array(count);
  const source = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const entry = byNode[i];
    const list = listOf[entry];
    const at = free[list];
    free[list] = at + 1;
    stacktrace[at] = next[entries[entry]] - 1;
    source[at] = entry;
  }
  return { stacktrace, source };
}
