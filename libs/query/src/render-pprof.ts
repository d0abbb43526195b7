/**
 * A location tree as a pprof profile: nothing cut, every mapping, address, line and inlined function kept, one sample a stack.
 * Symbols, ids and samples are in an order of their content, so equal data gives equal bytes.
 */
import type { Pprof, StackColumns, StringColumn, Symbols } from '@flamelake/formats';
import type { ProfileType } from '@flamelake/model';
import { LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { type LocationTreeRanks, rankLocationTree } from './rank-location-tree.ts';
import type { TupleTable } from './tuple-table.ts';

/** What the profile says of itself beside its samples. */
export interface PprofHeader {
  readonly type: ProfileType;
  /** ms since 1970, both inclusive. */
  readonly startMs: number;
  readonly endMs: number;
}

export function renderPprof(tree: LocationTree, { type, startMs, endMs }: PprofHeader): Pprof {
  const ranks = rankLocationTree(tree);
  const { stacks, values } = orderedSamples(tree, ranks);
  return {
    symbols: orderedSymbols(tree, ranks),
    sampleTypes: [{ type: type.sampleType, unit: type.sampleUnit }],
    periodType: { type: type.periodType, unit: type.periodUnit },
    period: guessPeriod(type.name),
    timeNanos: BigInt(endMs) * 1_000_000n,
    durationNanos: BigInt(endMs - startMs) * 1_000_000n,
    stacks,
    sampleCount: stacks.count,
    values,
    labels: {
      start: new Uint32Array(stacks.count + 1),
      key: new Uint32Array(0),
      text: new Uint32Array(0),
      number: new BigInt64Array(0),
      numberUnit: new Uint32Array(0),
    },
    comments: [],
    defaultSampleType: type.sampleType,
  };
}

/** Profiles of many periods may be merged; readers expect the usual one of the kind. */
function guessPeriod(name: string): bigint {
  if (name === 'process_cpu') return 1_000_000_000n;
  return name === 'memory' ? 524_288n : 1n;
}

/** Stacks with a value, by a walk that takes children in the order of their locations. */
function orderedSamples(
  { stacks }: LocationTree,
  ranks: LocationTreeRanks,
): { stacks: StackColumns; values: BigInt64Array } {
  const { count, parent, frame, self } = stacks;
  const { rankOf } = ranks.locations;
  const byRank = Uint32Array.from({ length: count }, (_, node) => node)
    .subarray(1)
    .sort((a, b) => rankOf[frame[a]] - rankOf[frame[b]]);
  const first = new Int32Array(count);
  const next = new Int32Array(count);
  for (const node of byRank) {
    next[node] = first[parent[node]];
    first[parent[node]] = node;
  }
  const start = [0];
  const locations: number[] = [];
  const values: bigint[] = [];
  // The lists now run from the last child to the first, as a stack of pending nodes wants them.
  const pending = [0];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (self[node] !== 0n) {
      for (let at = node; at !== 0; at = parent[at]) locations.push(rankOf[frame[at]]);
      start.push(locations.length);
      values.push(self[node]);
    }
    for (let child = first[node]; child !== 0; child = next[child]) pending.push(child);
  }
  return {
    stacks: { count: values.length, start: Uint32Array.from(start), locations: Uint32Array.from(locations) },
    values: BigInt64Array.from(values),
  };
}

function orderedSymbols(tree: LocationTree, ranks: LocationTreeRanks): Symbols {
  const nameOf = (name: number) => ranks.names.rankOf[name];
  const functions = [...ranks.functions.order].map((i) => tupleAt(tree.functions, i));
  const mappings = [...ranks.mappings.order].map((i) => tupleAt(tree.mappings, i));
  const locations = [...ranks.locations.order].map((i) => tupleAt(tree.locations, i));
  const lineStart = new Uint32Array(locations.length + 1);
  locations.forEach((tuple, i) => {
    lineStart[i + 1] = lineStart[i] + (tuple.length - LOCATION_HEAD) / 2;
  });
  const lines = locations.flatMap((tuple) => [...tuple.subarray(LOCATION_HEAD)]);
  const columnOf = (tuples: readonly Int32Array[], at: number) => tuples.map((tuple) => tuple[at]);
  return {
    strings: orderedStrings(tree, ranks),
    functions: {
      count: functions.length,
      name: Uint32Array.from(columnOf(functions, 0), nameOf),
      systemName: Uint32Array.from(columnOf(functions, 1), nameOf),
      filename: Uint32Array.from(columnOf(functions, 2), nameOf),
      startLine: Int32Array.from(columnOf(functions, 3)),
    },
    mappings: {
      count: mappings.length,
      filename: Uint32Array.from(columnOf(mappings, 0), nameOf),
      buildId: Uint32Array.from(columnOf(mappings, 1), nameOf),
      flags: Uint8Array.from(columnOf(mappings, 2)),
      memoryStart: BigUint64Array.from(mappings, (tuple) => joinHalves(tuple, 3)),
      memoryLimit: BigUint64Array.from(mappings, (tuple) => joinHalves(tuple, 5)),
      fileOffset: BigUint64Array.from(mappings, (tuple) => joinHalves(tuple, 7)),
    },
    locations: {
      count: locations.length,
      mapping: Uint32Array.from(columnOf(locations, 0), (mapping) =>
        mapping === 0 ? 0 : ranks.mappings.rankOf[mapping - 1] + 1,
      ),
      address: BigUint64Array.from(locations, (tuple) => joinHalves(tuple, 1)),
      lineStart,
      lineFunction: Uint32Array.from(
        lines.filter((_, i) => i % 2 === 0),
        (fn) => ranks.functions.rankOf[fn],
      ),
      lineNumber: Int32Array.from(lines.filter((_, i) => i % 2 === 1)),
    },
  };
}

/** The empty string sorts first, as string 0 has to be. */
function orderedStrings({ names }: LocationTree, { names: { order } }: LocationTreeRanks): StringColumn {
  const offsets = new Uint32Array(order.length + 1);
  const parts = [...order].map((name) => names.bytes.subarray(names.offsets[name], names.offsets[name + 1]));
  parts.forEach((part, i) => {
    offsets[i + 1] = offsets[i] + part.length;
  });
  return { count: order.length, bytes: Buffer.concat(parts), offsets };
}

function tupleAt(table: TupleTable, i: number): Int32Array {
  return table.values.subarray(table.offsets[i], table.offsets[i + 1]);
}

function joinHalves(tuple: Int32Array, at: number): bigint {
  return (BigInt(tuple[at + 1] >>> 0) << 32n) | BigInt(tuple[at] >>> 0);
}
