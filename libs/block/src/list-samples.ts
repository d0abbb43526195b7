/** Samples of a dataset as they are stored: lists of stacktraces and lists of values, both shared by rows. */
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import { orderEntries } from './order-samples.ts';
import { PART_ROWS } from './page-writer.ts';
import type { StoredRows } from './profiles-section.ts';
import type { Lists } from './samples-section.ts';
import type { SpanEntries } from './spans-section.ts';
import { orderTimes, type TimeEntries } from './times-section.ts';
import { commonDivisor } from './value-unit.ts';

const TWO_32 = 0x1_0000_0000;
/** A run of lists ends with a profile type after so many elements: others' elements cost a reader less than another page. */
const TYPE_ELEMENTS_MIN = 4_096;
/** So many lists of values of the same stacktraces are compared: sample types of one profile are few. */
const COMPARED_MAX = 8;

/** Rows in their stored order, with all but what their samples tell; `order` is their old numbers. */
export type OrderedRows = Omit<StoredRows, 'unit' | 'stackList' | 'valueList'> & {
  readonly order: Uint32Array;
  readonly series: Uint32Array;
};

export interface ListedSamples {
  readonly profiles: StoredRows;
  /** Steps: the first of a list as it is, the others as differences. */
  readonly stacks: Lists<Uint32Array>;
  /** Values ÷ unit. */
  readonly values: Lists<BigInt64Array>;
  /** By list of values: 1 when the row that names it first names a new list of stacktraces too. */
  readonly isPaired: Uint8Array;
  readonly spans: SpanEntries;
  readonly times: TimeEntries;
}

export function listSamples(state: DatasetState, rows: OrderedRows, numbering: Numbering): ListedSamples {
  const { stacktrace, source } = orderEntries(state, numbering);
  const { stackList, lists } = orderLists(state, rows);
  const { unit, valueList, values, isPaired } = divideValues(state, rows.order, stackList, source);
  return {
    profiles: { ...rows, unit, stackList, valueList },
    stacks: stepLists(state, lists, stacktrace),
    values,
    isPaired,
    spans: orderSpans(state, lists, source),
    times: orderTimes(state, lists, source),
  };
}

/** Numbers lists of stacktraces as their first rows come: `stackList` by row, and old numbers in the new order. */
function orderLists(state: DatasetState, { order }: OrderedRows): { stackList: Uint32Array; lists: number[] } {
  const numbers = new Uint32Array(state.listStart.count);
  const lists: number[] = [];
  const stackList = new Uint32Array(order.length);
  for (let row = 0; row < order.length; row++) {
    const list = state.rows.list.items[order[row]];
    if (numbers[list] === 0) numbers[list] = lists.push(list);
    stackList[row] = numbers[list] - 1;
  }
  return { stackList, lists };
}

function stepLists(state: DatasetState, lists: readonly number[], stacktrace: Uint32Array): Lists<Uint32Array> {
  const start = new Uint32Array(lists.length + 1);
  const steps = new Uint32Array(stacktrace.length);
  let at = 0;
  lists.forEach((list, i) => {
    let previous = 0;
    const end = state.listStart.items[list + 1];
    for (let entry = state.listStart.items[list]; entry < end; entry++) {
      const node = stacktrace[entry];
      steps[at++] = node - previous;
      previous = node;
    }
    start[i + 1] = at;
  });
  return { start, elements: steps };
}

/** Values by row in their stored order, divided by their unit; equal ones of the same stacktraces once. */
function divideValues(
  state: DatasetState,
  order: Uint32Array,
  stackList: Uint32Array,
  source: Uint32Array,
): { unit: Float64Array; valueList: Uint32Array; values: Lists<BigInt64Array>; isPaired: Uint8Array } {
  const quotients = new BigInt64Array(state.values.count / 2);
  const out = new Uint32Array(quotients.buffer);
  const unit = new Float64Array(order.length);
  const valueList = new Uint32Array(order.length);
  const start = new Uint32Array(order.length + 1);
  /** Number + 1 of the newest list of values by list of stacktraces, and of the one before by list of values. */
  const newest = new Uint32Array(state.listStart.count);
  const before = new Uint32Array(order.length);
  const isPaired = new Uint8Array(order.length);
  let lists = 0;
  for (let row = 0; row < order.length; row++) {
    const from = start[lists];
    const { divisor, count } = divideRow(state, order[row], source, out, from);
    unit[row] = divisor;
    const list = stackList[row];
    let same = newest[list];
    for (let compared = 0; same !== 0 && !isEqual(out, start[same - 1], from, count); compared++) {
      same = compared === COMPARED_MAX ? 0 : before[same - 1];
    }
    if (same !== 0) {
      valueList[row] = same - 1;
      continue;
    }
    valueList[row] = lists;
    before[lists] = newest[list];
    if (newest[list] === 0) isPaired[lists] = 1;
    newest[list] = ++lists;
    start[lists] = from + count;
  }
  return { unit, valueList, values: { start: start.subarray(0, lists + 1), elements: quotients }, isPaired };
}

/** Writes a row's values ÷ their common divisor to `out` from value `to` on. */
function divideRow(
  state: DatasetState,
  row: number,
  source: Uint32Array,
  out: Uint32Array,
  to: number,
): { divisor: number; count: number } {
  const { items: halves } = state.values;
  const list = state.rows.list.items[row];
  const start = state.listStart.items[list];
  const count = state.listStart.items[list + 1] - start;
  const from = state.rows.valueStart.items[row];
  const divisor = commonDivisor(halves, from, count);
  for (let k = 0, at = 2 * to; k < count; k++, at += 2) {
    const value = 2 * (from + source[start + k] - start);
    const low = halves[value];
    const high = halves[value + 1];
    if (divisor === 1) {
      out[at] = low;
      out[at + 1] = high;
    } else {
      const quotient = Math.round((high * TWO_32 + low) / divisor);
      out[at] = quotient;
      out[at + 1] = quotient / TWO_32;
    }
  }
  return { divisor, count };
}

/** @param halves - of values; two runs of `count` values from `a` and `b` on */
function isEqual(halves: Uint32Array, a: number, b: number, count: number): boolean {
  for (let i = 2 * a, j = 2 * b, end = 2 * (a + count); i < end; i++, j++) if (halves[i] !== halves[j]) return false;
  return true;
}

/** Lists `[stackFrom, stackUntil)` of stacktraces and `[valueFrom, valueUntil)` of values that are first named by the same rows. */
export interface ListRun {
  readonly stackFrom: number;
  readonly stackUntil: number;
  readonly valueFrom: number;
  readonly valueUntil: number;
}

/** Cuts lists where a profile type ends, once they are large enough, and where they grow too large. */
export function* runsOfLists(
  { profiles, stacks, values }: ListedSamples,
  typeEnds: readonly number[],
): Generator<ListRun> {
  const isTypeEnd = new Uint8Array(profiles.count + 1);
  for (const end of typeEnds) isTypeEnd[end] = 1;
  let [stackFrom, valueFrom, stackUntil, valueUntil] = [0, 0, 0, 0];
  for (let row = 0; row < profiles.count; row++) {
    stackUntil = Math.max(stackUntil, profiles.stackList[row] + 1);
    valueUntil = Math.max(valueUntil, profiles.valueList[row] + 1);
    const stackElements = stacks.start[stackUntil] - stacks.start[stackFrom];
    const valueElements = values.start[valueUntil] - values.start[valueFrom];
    const isLarge = stackElements + valueElements >= TYPE_ELEMENTS_MIN;
    const isFull = Math.max(stackElements, valueElements) >= PART_ROWS;
    if (row + 1 !== profiles.count && !isFull && !(isLarge && isTypeEnd[row + 1] === 1)) continue;
    if (stackUntil + valueUntil > stackFrom + valueFrom) yield { stackFrom, stackUntil, valueFrom, valueUntil };
    stackFrom = stackUntil;
    valueFrom = valueUntil;
  }
}

/** Spans and traces in the order of the stored lists. */
function orderSpans(state: DatasetState, lists: readonly number[], source: Uint32Array): SpanEntries {
  const { items: spans, count: spanWords } = state.spans;
  const { items: traces, count: traceWords } = state.traces;
  const listOf: number[] = [];
  const elementOf: number[] = [];
  const olds: number[] = [];
  if (spanWords + traceWords > 0) {
    lists.forEach((list, number) => {
      const start = state.listStart.items[list];
      const end = state.listStart.items[list + 1];
      for (let entry = start; entry < end; entry++) {
        const old = source[entry];
        let bits = 2 * old < spanWords ? spans[2 * old] | spans[2 * old + 1] : 0;
        if (4 * old < traceWords) for (let word = 4 * old; word < 4 * old + 4; word++) bits |= traces[word];
        if (bits === 0) continue;
        listOf.push(number);
        elementOf.push(entry - start);
        olds.push(old);
      }
    });
  }
  const ordered = { spans: new Uint32Array(2 * olds.length), traces: new Uint32Array(4 * olds.length) };
  olds.forEach((old, i) => {
    if (2 * old < spanWords) ordered.spans.set(spans.subarray(2 * old, 2 * old + 2), 2 * i);
    if (4 * old < traceWords) ordered.traces.set(traces.subarray(4 * old, 4 * old + 4), 4 * i);
  });
  return { list: Uint32Array.from(listOf), element: Uint32Array.from(elementOf), ...ordered };
}
