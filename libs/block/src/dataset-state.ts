/**
 * One dataset while its block is built: symbols interned, rows and samples appended in the order they come.
 * Encoding (encode-dataset.ts) numbers everything anew, so nothing here depends on order for its meaning.
 */
import { compareBytes, type Labels, type ProfileType, profileTypeId } from '@flamelake/model';
import {
  clearList,
  float64List,
  int64List,
  type List,
  pushFloat64,
  pushInt64,
  pushUint32,
  uint32List,
} from './list.ts';
import { clearRunTable, createRunTable, type RunTable } from './run-table.ts';
import { clearStackTree, createStackTree, type StackTree } from './stack-tree.ts';
import { clearStringTable, createStringTable, type StringTable } from './string-table.ts';

/** About what a series with its labels takes in memory. */
const SERIES_BYTES = 1_000;

/** A series as it is stored: what is not made from the type and the service. */
export interface StoredSeries {
  readonly labels: Labels;
  readonly type: ProfileType;
}

/** Pushed profiles: what all their rows have in common. */
export interface Pushes {
  readonly timeMs: List<Float64Array>;
  readonly durationNanos: List<Float64Array>;
  readonly period: List<BigInt64Array>;
  /** Number among the builder's identities, in the order they were added. */
  readonly identity: List<Uint32Array>;
}

/** One row a (series, push); its samples are the entries of its list. */
export interface Rows {
  readonly series: List<Uint32Array>;
  readonly push: List<Uint32Array>;
  readonly total: List<BigInt64Array>;
  readonly group: List<Uint32Array>;
  readonly list: List<Uint32Array>;
  /** The row's values are so many from here on in `values` as its list has entries. */
  readonly valueStart: List<Uint32Array>;
}

export interface DatasetState {
  readonly tenant: string;
  readonly service: string;
  readonly strings: StringTable;
  /** Runs: name, system name, filename, start line. */
  readonly functions: RunTable;
  /** Runs: start, limit and offset (low half, high half), filename, build id, flags. */
  readonly mappings: RunTable;
  /** Runs: mapping + 1, address (low half, high half), then (function, line) by line. */
  readonly locations: RunTable;
  readonly tree: StackTree;
  readonly series: StoredSeries[];
  readonly seriesByKey: Map<string, number>;
  readonly pushes: Pushes;
  readonly rows: Rows;
  /** Lists of stacktraces: list `i` is `entries[listStart[i], listStart[i + 1])`; rows of one label set often share one. */
  readonly listStart: List<Uint32Array>;
  readonly entries: List<Uint32Array>;
  /** Low and high half of the span id by entry; may be shorter, what is missing is 0. */
  readonly spans: List<Uint32Array>;
  /** 16 bytes by entry as four words; may be shorter, what is missing is 0. */
  readonly traces: List<Uint32Array>;
  /** End of each entry's times; may be shorter, entries beyond have none. */
  readonly timeEnds: List<Uint32Array>;
  /** ms from the time of the entry's push, as int32. */
  readonly times: List<Uint32Array>;
  /** Low and high half by value. */
  readonly values: List<Uint32Array>;
}

export function createDatasetState(tenant: string, service: string, seed: number): DatasetState {
  const listStart = uint32List();
  pushUint32(listStart, 0);
  return {
    tenant,
    service,
    strings: createStringTable(seed),
    functions: createRunTable(seed),
    mappings: createRunTable(seed),
    locations: createRunTable(seed),
    tree: createStackTree(seed),
    series: [],
    seriesByKey: new Map(),
    pushes: { timeMs: float64List(), durationNanos: float64List(), period: int64List(), identity: uint32List() },
    rows: {
      series: uint32List(),
      push: uint32List(),
      total: int64List(),
      group: uint32List(),
      list: uint32List(),
      valueStart: uint32List(),
    },
    listStart,
    entries: uint32List(),
    spans: uint32List(0),
    traces: uint32List(0),
    timeEnds: uint32List(0),
    times: uint32List(0),
    values: uint32List(16),
  };
}

/** Forgets everything added. The memory stays for what comes next. */
export function clearDatasetState(state: DatasetState): void {
  const { strings, functions, mappings, locations, tree, pushes, rows, listStart, spans, traces } = state;
  clearStringTable(strings);
  for (const table of [functions, mappings, locations]) clearRunTable(table);
  clearStackTree(tree);
  state.series.length = 0;
  state.seriesByKey.clear();
  for (const list of [...Object.values(pushes), ...Object.values(rows)]) clearList(list);
  for (const list of [listStart, state.entries, state.timeEnds, state.times, state.values]) clearList(list);
  pushUint32(listStart, 0);
  // What is missing in them is 0, so they begin with new memory.
  for (const list of [spans, traces]) Object.assign(list, uint32List(0));
}

/** Number of a series, entered if it is new. @param labels - sorted, without the made ones */
export function internSeries(state: DatasetState, labels: Labels, labelsText: string, type: ProfileType): number {
  const key = `${profileTypeId(type)}\n${labelsText}`;
  const known = state.seriesByKey.get(key);
  if (known !== undefined) return known;
  state.seriesByKey.set(key, state.series.length);
  state.series.push({ labels, type });
  return state.series.length - 1;
}

/** Enters a pushed profile; returns its number. */
export function addPush(
  { pushes }: DatasetState,
  timeMs: number,
  durationNanos: number,
  period: bigint,
  identity: number,
): number {
  pushFloat64(pushes.timeMs, timeMs);
  pushFloat64(pushes.durationNanos, durationNanos);
  pushInt64(pushes.period, period);
  pushUint32(pushes.identity, identity);
  return pushes.identity.count - 1;
}

/** Orders series as blocks store them: by type id, then label by label. */
export function compareSeries(a: StoredSeries, b: StoredSeries): number {
  const byType = compareBytes(profileTypeId(a.type), profileTypeId(b.type));
  if (byType !== 0) return byType;
  const shared = Math.min(a.labels.length, b.labels.length);
  for (let i = 0; i < shared; i++) {
    const x = a.labels[i] as { name: string; value: string };
    const y = b.labels[i] as { name: string; value: string };
    const order = compareBytes(x.name, y.name) || compareBytes(x.value, y.value);
    if (order !== 0) return order;
  }
  return a.labels.length - b.labels.length;
}

/** A rough, usually generous estimate of the encoded bytes. */
export function estimateBytes(state: DatasetState): number {
  return (
    512 +
    state.strings.bytes.count +
    state.functions.words.count +
    state.locations.words.count +
    state.mappings.words.count * 4 +
    state.tree.parent.count * 3 +
    state.entries.count * 2 +
    state.values.count +
    state.spans.count * 4 +
    state.traces.count * 4 +
    state.timeEnds.count +
    state.times.count * 2 +
    state.pushes.identity.count * 8 +
    state.rows.series.count * 24
  );
}

/** About what the objects of a dataset take in memory beside what is in its arrays. */
const OBJECTS_BYTES = 10_000;

/** Bytes of the memory that a dataset holds while it is built; its texts of labels and its objects are guessed. */
export function memoryBytes(state: DatasetState): number {
  const { strings, functions, mappings, locations, tree, pushes, rows } = state;
  const tables = [strings.slots, functions.slots, mappings.slots, locations.slots, tree.children];
  const lists: List<Uint8Array | Uint32Array | Float64Array | BigInt64Array>[] = [
    strings.bytes,
    strings.offsets,
    tree.parent,
    tree.location,
    state.listStart,
    state.entries,
    state.spans,
    state.traces,
    state.timeEnds,
    state.times,
    state.values,
    ...Object.values(pushes),
    ...Object.values(rows),
  ];
  for (const { words, starts } of [functions, mappings, locations]) lists.push(words, starts);
  for (const { hashes } of tables) lists.push(hashes);
  let bytes = OBJECTS_BYTES + state.series.length * SERIES_BYTES;
  for (const { items } of lists) bytes += items.byteLength;
  for (const { table } of tables) bytes += table.byteLength;
  return bytes;
}
