/** Takes another block's dataset into the one being built: symbols are interned again, rows keep everything they had. */
import { labelsKey } from '@flamelake/model';
import { storedLabels } from './add-profile.ts';
import { addSymbols } from './add-symbols.ts';
import { addPush, type DatasetState, internSeries } from './dataset-state.ts';
import { halvesOf } from './int64.ts';
import { pushInt64, pushUint32, reserve } from './list.ts';
import { internChild } from './stack-tree.ts';
import type {
  DatasetInfo,
  DatasetReader,
  ProfileColumns,
  SampleColumns,
  Series,
  SpanColumns,
  TreeColumns,
} from './types.ts';

/**
 * @param stateOf - makes the dataset; not called when no row is kept
 * @param identityOf - identity of the read block → number in the block being built
 * @param keep - which rows to take; all when absent
 */
export async function addDataset(
  stateOf: () => DatasetState,
  reader: DatasetReader,
  identityOf: (identity: number) => number,
  keep?: (dataset: DatasetInfo, series: Series, timeMs: number) => boolean,
): Promise<void> {
  const series = await reader.series();
  const profiles = await reader.profiles();
  const rows = Uint32Array.from({ length: profiles.count }, (_, row) => row).filter(
    (row) => keep === undefined || keep(reader.info, series[profiles.series[row]], profiles.timeMs[row]),
  );
  if (rows.length === 0) return;
  await reader.load(['samples', 'spans', 'tree', 'locations', 'functions', 'strings', 'mappings']);
  const state = stateOf();
  const symbols = {
    strings: await reader.strings(),
    functions: await reader.functions(),
    mappings: await reader.mappings(),
    locations: await reader.locations(),
  };
  const samples = await reader.samples();
  const node = addTree(state, await reader.tree(), addSymbols(state, symbols), rows, samples);
  const seriesOf = addSeries(state, series, rows, profiles);
  addRows(state, rows, profiles, samples, await reader.spans(), node, seriesOf, identityOf);
}

/** By series of the read dataset: its number in the one being built; only series of kept rows are entered. */
function addSeries(
  state: DatasetState,
  series: readonly Series[],
  rows: Uint32Array,
  profiles: ProfileColumns,
): Uint32Array {
  const number = new Uint32Array(series.length);
  let previous = -1;
  for (const row of rows) {
    const old = profiles.series[row];
    if (old === previous) continue;
    previous = old;
    const { labels, type } = series[old];
    const stored = storedLabels(labels);
    number[old] = internSeries(state, stored, labelsKey(stored), type);
  }
  return number;
}

/** By node of the read tree: its number in the one being built; only nodes that a kept row uses are entered. */
function addTree(
  state: DatasetState,
  tree: TreeColumns,
  location: Uint32Array,
  rows: Uint32Array,
  samples: SampleColumns,
): Uint32Array {
  const isUsed = new Uint8Array(tree.count);
  for (const row of rows) {
    const end = samples.start[row + 1];
    for (let i = samples.start[row]; i < end; i++) isUsed[samples.stacktrace[i]] = 1;
  }
  for (let node = tree.count - 1; node > 0; node--) if (isUsed[node] === 1) isUsed[tree.parent[node]] = 1;
  const number = new Uint32Array(tree.count);
  for (let node = 1; node < tree.count; node++) {
    if (isUsed[node] === 0) continue;
    const above = number[tree.parent[node]];
    number[node] = internChild(state.tree, above, location[tree.location[node]]);
  }
  return number;
}

function addRows(
  state: DatasetState,
  rows: Uint32Array,
  profiles: ProfileColumns,
  samples: SampleColumns,
  spans: SpanColumns | undefined,
  node: Uint32Array,
  seriesOf: Uint32Array,
  identityOf: (identity: number) => number,
): void {
  const { rows: out, values } = state;
  const halves = halvesOf(samples.value);
  const lists = new Map<number, number>();
  /** Number + 1 by push of the read dataset. */
  const pushes = new Uint32Array(profiles.count);
  for (const row of rows) {
    const push = profiles.push[row];
    if (pushes[push] === 0) {
      const identity = identityOf(profiles.identity[row]);
      pushes[push] =
        1 + addPush(state, profiles.timeMs[row], profiles.durationNanos[row], profiles.period[row], identity);
    }
    const from = samples.start[row];
    const until = samples.start[row + 1];
    const stackList = profiles.stackList[row];
    let list = lists.get(stackList);
    if (list === undefined) {
      list = addList(state, samples.stacktrace, spans, node, from, until);
      lists.set(stackList, list);
    }
    pushUint32(out.series, seriesOf[profiles.series[row]]);
    pushUint32(out.push, pushes[push] - 1);
    pushInt64(out.total, profiles.total[row]);
    pushUint32(out.group, profiles.group[row]);
    pushUint32(out.list, list);
    pushUint32(out.valueStart, values.count / 2);
    reserve(values, values.count + 2 * (until - from));
    values.items.set(halves.subarray(2 * from, 2 * until), values.count);
    values.count += 2 * (until - from);
  }
}

function addList(
  state: DatasetState,
  stacktrace: Uint32Array,
  spans: SpanColumns | undefined,
  node: Uint32Array,
  from: number,
  until: number,
): number {
  const { entries, listStart } = state;
  const start = entries.count;
  reserve(entries, start + until - from);
  for (let i = from; i < until; i++) entries.items[entries.count++] = node[stacktrace[i]];
  if (spans !== undefined) {
    reserve(state.spans, 2 * entries.count);
    state.spans.items.set(halvesOf(spans.spanIds).subarray(2 * from, 2 * until), 2 * start);
    state.spans.count = 2 * entries.count;
    if (spans.traceIds !== undefined) {
      const words = new Uint32Array(spans.traceIds.buffer, spans.traceIds.byteOffset, spans.traceIds.length / 4);
      reserve(state.traces, 4 * entries.count);
      state.traces.items.set(words.subarray(4 * from, 4 * until), 4 * start);
      state.traces.count = 4 * entries.count;
    }
  }
  pushUint32(listStart, entries.count);
  return listStart.count - 2;
}
