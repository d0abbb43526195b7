/** Takes another block's dataset into the one being built: symbols are interned again, rows keep everything they had. */
import { labelsKey } from '@flamelake/model';
import { storedLabels } from './add-profile.ts';
import { addSymbols } from './add-symbols.ts';
import { addTimes } from './add-times.ts';
import { addPush, type DatasetState, internSeries } from './dataset-state.ts';
import { halvesOf, scale } from './int64.ts';
import { pushInt64, pushUint32, reserve } from './list.ts';
import { internChild } from './stack-tree.ts';
import type {
  DatasetInfo,
  DatasetReader,
  ProfileColumns,
  RowRange,
  SampleColumns,
  Series,
  SpanColumns,
  TimeColumns,
  TreeColumns,
} from './types.ts';

/**
 * @param stateOf - makes the dataset; not called when no row is kept
 * @param identityOf - identity of the read block → number in the block being built; asked once for each pushed profile
 * @param keep - which rows to take; all when absent
 * @returns how many pushed profiles were taken
 */
export async function addDataset(
  stateOf: () => DatasetState,
  reader: DatasetReader,
  identityOf: (identity: number) => number,
  keep?: (dataset: DatasetInfo, series: Series, timeMs: number) => boolean,
): Promise<number> {
  await reader.load(['series', 'profiles']);
  const series = await reader.series();
  const profiles = await reader.profiles();
  const runs = keptRuns(profiles, (row) =>
    keep === undefined ? true : keep(reader.info, series[profiles.series[row]], profiles.timeMs[row]),
  );
  if (runs.length === 0) return 0;
  await reader.load(
    ['samples', 'spans', 'times', 'tree', 'locations', 'functions', 'strings', 'mappings'],
    undefined,
    runs,
  );
  const state = stateOf();
  const symbols = {
    strings: await reader.strings(),
    functions: await reader.functions(),
    mappings: await reader.mappings(),
    locations: await reader.locations(),
  };
  const tree = await reader.tree();
  const used = new Uint8Array(tree.count);
  await reader.visitSamples(runs, (_row, stacktraces, stackFrom, _values, _valueFrom, count) => {
    for (let i = stackFrom, end = stackFrom + count; i < end; i++) used[stacktraces[i]] = 1;
  });
  const node = addTree(state, tree, addSymbols(state, symbols), used);
  const seriesOf = addSeries(state, series, runs, profiles);
  const spans = await reader.spans();
  const spanned = spans && { spans, samples: await reader.samples() };
  const rows = createRowAdder(state, profiles, node, seriesOf, identityOf, spanned, await reader.times());
  await reader.visitSamples(runs, rows.add);
  return rows.pushCount();
}

/** Runs of neighbouring rows that are kept. */
function keptRuns(profiles: ProfileColumns, isKept: (row: number) => boolean): readonly RowRange[] {
  const runs: RowRange[] = [];
  let from = 0;
  for (let row = 0; row <= profiles.count; row++) {
    if (row < profiles.count && isKept(row)) continue;
    if (row > from) runs.push({ from, until: row });
    from = row + 1;
  }
  return runs;
}

/** By series of the read dataset: its number in the one being built; only series of kept rows are entered. */
function addSeries(
  state: DatasetState,
  series: readonly Series[],
  runs: readonly RowRange[],
  profiles: ProfileColumns,
): Uint32Array {
  const number = new Uint32Array(series.length);
  let previous = -1;
  for (const { from, until } of runs) {
    for (let row = from; row < until; row++) {
      const old = profiles.series[row];
      if (old === previous) continue;
      previous = old;
      const { labels, type } = series[old];
      const stored = storedLabels(labels);
      number[old] = internSeries(state, stored, labelsKey(stored), type);
    }
  }
  return number;
}

/**
 * By node of the read tree: its number in the one being built; only nodes that a kept row uses are entered.
 * @param used - 1 for each node that a sample names; those above them are marked here
 */
function addTree(state: DatasetState, tree: TreeColumns, location: Uint32Array, used: Uint8Array): Uint32Array {
  for (let node = tree.count - 1; node > 0; node--) if (used[node] === 1) used[tree.parent[node]] = 1;
  const number = new Uint32Array(tree.count);
  for (let node = 1; node < tree.count; node++) {
    if (used[node] === 0) continue;
    const above = number[tree.parent[node]];
    number[node] = internChild(state.tree, above, location[tree.location[node]]);
  }
  return number;
}

/** Spans of a dataset, by sample, and where each row's samples are among them. */
interface Spanned {
  readonly spans: SpanColumns;
  readonly samples: SampleColumns;
}

function createRowAdder(
  state: DatasetState,
  profiles: ProfileColumns,
  node: Uint32Array,
  seriesOf: Uint32Array,
  identityOf: (identity: number) => number,
  spanned: Spanned | undefined,
  times: TimeColumns | undefined,
) {
  const { rows: out } = state;
  const lists = new Map<number, number>();
  /** Number + 1 by push of the read dataset. */
  const pushes = new Uint32Array(profiles.count);
  let pushCount = 0;

  const pushOf = (row: number): number => {
    const push = profiles.push[row];
    if (pushes[push] === 0) {
      const identity = identityOf(profiles.identity[row]);
      pushCount++;
      pushes[push] =
        1 + addPush(state, profiles.timeMs[row], profiles.durationNanos[row], profiles.period[row], identity);
    }
    return pushes[push] - 1;
  };

  return {
    pushCount: () => pushCount,
    /** A `VisitSamples`. */
    add(
      row: number,
      stacktraces: Uint32Array,
      stackFrom: number,
      values: Uint32Array,
      valueFrom: number,
      count: number,
      unit: number,
    ): void {
      const stackList = profiles.stackList[row];
      let list = lists.get(stackList);
      if (list === undefined) {
        list = addList(state, stacktraces, stackFrom, count, node);
        if (spanned !== undefined) addSpans(state, spanned, row, count);
        if (times !== undefined) addListTimes(state, times, stackList, count);
        lists.set(stackList, list);
      }
      pushUint32(out.series, seriesOf[profiles.series[row]]);
      pushUint32(out.push, pushOf(row));
      pushInt64(out.total, profiles.total[row]);
      pushUint32(out.group, profiles.group[row]);
      pushUint32(out.list, list);
      pushUint32(out.valueStart, state.values.count / 2);
      addValues(state, values, valueFrom, count, unit);
    },
  };
}

function addValues(state: DatasetState, from: Uint32Array, valueFrom: number, count: number, unit: number): void {
  const { values } = state;
  reserve(values, values.count + 2 * count);
  values.items.set(from.subarray(2 * valueFrom, 2 * (valueFrom + count)), values.count);
  if (unit !== 1) {
    // Two words a value, from an even word on: so 64 bit values lie as they must.
    const { buffer, byteOffset } = values.items;
    const own = new BigInt64Array(buffer, byteOffset + 4 * values.count, count);
    scale(own, halvesOf(own), 0, count, unit);
  }
  values.count += 2 * count;
}

function addList(
  state: DatasetState,
  stacktraces: Uint32Array,
  from: number,
  count: number,
  node: Uint32Array,
): number {
  const { entries, listStart } = state;
  reserve(entries, entries.count + count);
  for (let i = from; i < from + count; i++) entries.items[entries.count++] = node[stacktraces[i]];
  pushUint32(listStart, entries.count);
  return listStart.count - 2;
}

/** Spans of the list just added: those of a row's samples. */
function addSpans(state: DatasetState, { spans, samples }: Spanned, row: number, count: number): void {
  const end = state.entries.count;
  const start = end - count;
  const from = samples.start[row];
  reserve(state.spans, 2 * end);
  state.spans.items.set(halvesOf(spans.spanIds).subarray(2 * from, 2 * (from + count)), 2 * start);
  state.spans.count = 2 * end;
  if (spans.traceIds === undefined) return;
  const words = new Uint32Array(spans.traceIds.buffer, spans.traceIds.byteOffset, spans.traceIds.length / 4);
  reserve(state.traces, 4 * end);
  state.traces.items.set(words.subarray(4 * from, 4 * (from + count)), 4 * start);
  state.traces.count = 4 * end;
}

/** Times of the list just added. */
function addListTimes(state: DatasetState, times: TimeColumns, list: number, count: number): void {
  const entry = state.entries.count - count;
  const first = times.firstElement[list];
  for (let k = 0; k < count; k++) {
    addTimes(state, entry + k, times.offsetMs, times.start[first + k], times.start[first + k + 1]);
  }
}
