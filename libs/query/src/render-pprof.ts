/**
 * A location tree as a pprof profile: nothing cut, every mapping, address, line and inlined function kept, one sample a stack.
 * Symbols, ids and samples are in an order of their content, so equal data gives equal bytes.
 */
import type { LocationColumns, Pprof, StackColumns, StringColumn, Symbols } from '@flamelake/formats';
import type { ProfileType } from '@flamelake/model';
import { LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { type LocationTreeRanks, type Ranking, rankLocationTree } from './rank-location-tree.ts';
import type { StackTree } from './stack-tree.ts';
import type { TupleTable } from './tuple-table.ts';
import { VALUE_MAX } from './value.ts';

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
    timeNanos: nanosOf(endMs),
    durationNanos: nanosOf(endMs - startMs),
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

/** Nanoseconds, no more than int64 holds: until the year 2262. */
function nanosOf(ms: number): bigint {
  const nanos = BigInt(ms) * 1_000_000n;
  return nanos < VALUE_MAX ? nanos : VALUE_MAX;
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
  const { first, next } = linkLastFirst(stacks, rankOf);
  const depth = new Uint32Array(count);
  let [sampleCount, frameCount] = [0, 0];
  for (let node = 0; node < count; node++) {
    if (node > 0) depth[node] = depth[parent[node]] + 1;
    if (self[node] === 0n) continue;
    sampleCount++;
    frameCount += depth[node];
  }
  const start = new Uint32Array(sampleCount + 1);
  const locations = new Uint32Array(frameCount);
  const values = new BigInt64Array(sampleCount);
  let [sample, to] = [0, 0];
  const pending = [0];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (self[node] !== 0n) {
      for (let at = node; at !== 0; at = parent[at]) locations[to++] = rankOf[frame[at]];
      values[sample++] = self[node];
      start[sample] = to;
    }
    for (let child = first[node]; child !== 0; child = next[child]) pending.push(child);
  }
  return { stacks: { count: sampleCount, start, locations }, values };
}

/** Children of each node as a linked list, the last one by rank first: as a stack of pending nodes wants them. 0 ends a list. */
function linkLastFirst({ count, parent, frame }: StackTree, rankOf: Int32Array) {
  const byRank = Uint32Array.from({ length: count }, (_, node) => node)
    .subarray(1)
    .sort((a, b) => rankOf[frame[a]] - rankOf[frame[b]]);
  const first = new Int32Array(count);
  const next = new Int32Array(count);
  for (const node of byRank) {
    next[node] = first[parent[node]];
    first[parent[node]] = node;
  }
  return { first, next };
}

function orderedSymbols(tree: LocationTree, ranks: LocationTreeRanks): Symbols {
  const functions = ordered(tree.functions, ranks.functions);
  const mappings = ordered(tree.mappings, ranks.mappings);
  const namesOf = (column: Int32Array) => Uint32Array.from(column, (name) => ranks.names.rankOf[name]);
  return {
    strings: orderedStrings(tree, ranks),
    functions: {
      count: tree.functions.count,
      name: namesOf(functions(0)),
      systemName: namesOf(functions(1)),
      filename: namesOf(functions(2)),
      startLine: functions(3),
    },
    mappings: {
      count: tree.mappings.count,
      filename: namesOf(mappings(0)),
      buildId: namesOf(mappings(1)),
      flags: Uint8Array.from(mappings(2)),
      memoryStart: joinHalves(mappings(3), mappings(4)),
      memoryLimit: joinHalves(mappings(5), mappings(6)),
      fileOffset: joinHalves(mappings(7), mappings(8)),
    },
    locations: orderedLocations(tree, ranks),
  };
}

function orderedLocations({ locations }: LocationTree, ranks: LocationTreeRanks): LocationColumns {
  const { count, values, offsets } = locations;
  const column = ordered(locations, ranks.locations);
  const lineCount = (offsets[count] - count * LOCATION_HEAD) / 2;
  const lineStart = new Uint32Array(count + 1);
  const lineFunction = new Uint32Array(lineCount);
  const lineNumber = new Int32Array(lineCount);
  let line = 0;
  for (let i = 0; i < count; i++) {
    const location = ranks.locations.order[i];
    for (let at = offsets[location] + LOCATION_HEAD; at < offsets[location + 1]; at += 2) {
      lineFunction[line] = ranks.functions.rankOf[values[at]];
      lineNumber[line++] = values[at + 1];
    }
    lineStart[i + 1] = line;
  }
  return {
    count,
    mapping: Uint32Array.from(column(0), (mapping) => (mapping === 0 ? 0 : ranks.mappings.rankOf[mapping - 1] + 1)),
    address: joinHalves(column(1), column(2)),
    lineStart,
    lineFunction,
    lineNumber,
  };
}

/** The empty string sorts first, as string 0 has to be. */
function orderedStrings({ names }: LocationTree, { names: { order } }: LocationTreeRanks): StringColumn {
  const offsets = new Uint32Array(order.length + 1);
  const bytes = new Uint8Array(names.offsets[names.count]);
  for (let i = 0; i < order.length; i++) {
    const name = names.bytes.subarray(names.offsets[order[i]], names.offsets[order[i] + 1]);
    bytes.set(name, offsets[i]);
    offsets[i + 1] = offsets[i] + name.length;
  }
  return { count: order.length, bytes, offsets };
}

/** Gives, by place in the tuples, the numbers of all tuples in their order. */
function ordered({ values, offsets }: TupleTable, { order }: Ranking): (at: number) => Int32Array {
  return (at) => Int32Array.from(order, (tuple) => values[offsets[tuple] + at]);
}

function joinHalves(low: Int32Array, high: Int32Array): BigUint64Array {
  const halves = new Int32Array(2 * low.length);
  for (let i = 0; i < low.length; i++) {
    halves[2 * i] = low[i];
    halves[2 * i + 1] = high[i];
  }
  return new BigUint64Array(halves.buffer);
}
