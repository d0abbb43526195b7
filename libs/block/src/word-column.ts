/** Columns out of interned runs. */
import type { Order } from './numbering.ts';
import type { RunTable } from './run-table.ts';

/** Word `word` of the runs `[from, until)` of an order; renumbered when it is a reference. */
export function wordColumn(
  table: RunTable,
  runs: Order,
  word: number,
  from: number,
  until: number,
  renumbered?: Order,
): Uint32Array {
  const { words, starts } = table;
  const column = new Uint32Array(until - from);
  for (let i = from; i < until; i++) {
    const value = words.items[starts.items[runs.old[i]] + word];
    column[i - from] = renumbered === undefined ? value : renumbered.next[value] - 1;
  }
  return column;
}
