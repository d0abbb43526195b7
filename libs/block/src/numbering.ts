/**
 * Numbers under which a dataset's tree and symbols are stored: only what some sample uses, in the order of first use.
 * Nodes are numbered depth first, so that a stack is a run of numbers; then locations by node, functions by location, strings by function.
 */
import type { DatasetState } from './dataset-state.ts';
import { elements } from './list.ts';
import { LOCATION_HEAD_WORDS, type RunTable, runCount } from './run-table.ts';

/** Old numbers in the order of their new ones, and the way back. */
export interface Order {
  /** New number → old number. */
  readonly old: Uint32Array;
  /** Old number → new number + 1; 0 for what is not stored. */
  readonly next: Uint32Array;
  count: number;
}

export interface Numbering {
  readonly nodes: Order;
  readonly locations: Order;
  readonly functions: Order;
  readonly mappings: Order;
  readonly strings: Order;
}

export function numberDataset(state: DatasetState): Numbering {
  const nodes = numberNodes(state);
  const locations = createOrder(runCount(state.locations));
  const functions = createOrder(runCount(state.functions));
  const mappings = createOrder(runCount(state.mappings));
  for (let node = 1; node < nodes.count; node++) {
    take(locations, state.tree.location.items[nodes.old[node]]);
  }
  const { words, starts } = state.locations;
  for (let i = 0; i < locations.count; i++) {
    const run = locations.old[i];
    const mapping = words.items[starts.items[run]];
    if (mapping !== 0) take(mappings, mapping - 1);
    for (let at = starts.items[run] + LOCATION_HEAD_WORDS; at < starts.items[run + 1]; at += 2) {
      take(functions, words.items[at]);
    }
  }
  return { nodes, locations, functions, mappings, strings: numberStrings(state, functions, mappings) };
}

/** Strings of one kind stay together: all names, then system names, filenames, and those of mappings. */
function numberStrings(state: DatasetState, functions: Order, mappings: Order): Order {
  const strings = createOrder(state.strings.slots.hashes.count);
  take(strings, 0);
  for (let word = 0; word < 3; word++) takeWords(strings, state.functions, functions, word);
  for (let word = 6; word < 8; word++) takeWords(strings, state.mappings, mappings, word);
  return strings;
}

function takeWords(order: Order, table: RunTable, runs: Order, word: number): void {
  const { words, starts } = table;
  for (let i = 0; i < runs.count; i++) {
    take(order, words.items[starts.items[runs.old[i]] + word]);
  }
}

function createOrder(count: number): Order {
  return { old: new Uint32Array(count), next: new Uint32Array(count), count: 0 };
}

function take(order: Order, old: number): void {
  if (order.next[old] !== 0) return;
  order.old[order.count++] = old;
  order.next[old] = order.count;
}

/** Depth first, children in the order they came; parents come before children in the old numbers too, so no stack is needed. */
function numberNodes(state: DatasetState): Order {
  const parent = elements(state.tree.parent);
  const count = parent.length;
  const size = new Uint32Array(count);
  for (const node of elements(state.entries)) size[node] = 1;
  size[0] = 1;
  for (let node = count - 1; node > 0; node--) {
    const own = size[node];
    if (own === 0) continue;
    const above = parent[node];
    // The first child that is seen makes an unsampled parent used.
    size[above] = (size[above] === 0 ? 1 : size[above]) + own;
  }
  const nodes = { old: new Uint32Array(size[0]), next: new Uint32Array(count), count: size[0] };
  /** By old node: new number of its next child. */
  const free = new Uint32Array(count);
  nodes.next[0] = 1;
  free[0] = 1;
  for (let node = 1; node < count; node++) {
    if (size[node] === 0) continue;
    const above = parent[node];
    const number = free[above];
    free[above] = number + size[node];
    free[node] = number + 1;
    nodes.old[number] = node;
    nodes.next[node] = number + 1;
  }
  return nodes;
}
