/**
 * Order of the symbols and children of a location tree that depends on their content alone, not on the order in which results were
 * merged: what makes pprof output the same bytes each time.
 */
import { LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { nameSortKey } from './name-table.ts';
import type { TupleTable } from './tuple-table.ts';

/** Numbers of a table's entries in their order, and each entry's place in it. */
export interface Ranking {
  readonly order: Uint32Array;
  readonly rankOf: Int32Array;
}

export interface LocationTreeRanks {
  readonly names: Ranking;
  readonly functions: Ranking;
  readonly mappings: Ranking;
  readonly locations: Ranking;
}

export function rankLocationTree(tree: LocationTree): LocationTreeRanks {
  const keys = Array.from({ length: tree.names.count }, (_, name) => nameSortKey(tree.names, name));
  const names = rank(keys.length, (a, b) => (keys[a] < keys[b] ? -1 : 1));
  const ranked = (table: TupleTable, toKey: (value: number, at: number) => number) => {
    const translated = translate(table, toKey);
    return rank(table.count, (a, b) => compareTuples(translated, table.offsets, a, b));
  };
  const nameRank = (name: number) => names.rankOf[name];
  const functions = ranked(tree.functions, (value, at) => (at < 3 ? nameRank(value) : value));
  const mappingKeys = ranked(tree.mappings, (value, at) => (at < 2 ? nameRank(value) : value >>> 0));
  const mappings = mostUsedFirst(tree, mappingKeys);
  const locations = ranked(tree.locations, (value, at) => {
    if (at === 0) return value === 0 ? -1 : mappings.rankOf[value - 1];
    if (at < LOCATION_HEAD) return value >>> 0;
    return at % 2 === LOCATION_HEAD % 2 ? functions.rankOf[value] : value;
  });
  return { names, functions, mappings, locations };
}

/** Tools take the first mapping for the program itself: the one with the most locations. */
function mostUsedFirst(tree: LocationTree, byContent: Ranking): Ranking {
  const uses = new Int32Array(tree.mappings.count);
  for (let location = 0; location < tree.locations.count; location++) {
    const mapping = tree.locations.values[tree.locations.offsets[location]] - 1;
    if (mapping >= 0) uses[mapping] = uses[mapping] + 1;
  }
  return rank(tree.mappings.count, (a, b) => uses[b] - uses[a] || byContent.rankOf[a] - byContent.rankOf[b]);
}

function rank(count: number, compare: (a: number, b: number) => number): Ranking {
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(compare);
  const rankOf = new Int32Array(count);
  for (let i = 0; i < count; i++) rankOf[order[i]] = i;
  return { order, rankOf };
}

/** The table's numbers with `toKey` applied; doubles, as halves of addresses are unsigned. */
function translate(table: TupleTable, toKey: (value: number, at: number) => number): Float64Array {
  const keys = new Float64Array(table.offsets[table.count]);
  for (let tuple = 0; tuple < table.count; tuple++) {
    const start = table.offsets[tuple];
    const until = table.offsets[tuple + 1];
    for (let i = start; i < until; i++) keys[i] = toKey(table.values[i], i - start);
  }
  return keys;
}

function compareTuples(keys: Float64Array, offsets: Uint32Array, a: number, b: number): number {
  const [startA, startB] = [offsets[a], offsets[b]];
  const [lengthA, lengthB] = [offsets[a + 1] - startA, offsets[b + 1] - startB];
  for (let i = 0; i < Math.min(lengthA, lengthB); i++) {
    const order = keys[startA + i] - keys[startB + i];
    if (order !== 0) return order;
  }
  return lengthA - lengthB;
}
