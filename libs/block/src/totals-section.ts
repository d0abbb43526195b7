/**
 * Sections of a dataset's totals: what the samples of each profile type add up to, stack by stack, in each window of profile time. They
 * answer what is asked about all of a type without the samples. By column:
 *
 *     totals      a row a (type, window): 0 profile type, its place among the dataset's, varint   1 start of the window, ms, zigzag, 64 bit
 *                 2 its width, ms, varint   3 profile rows, varint   4 sum of their totals, 64 bit   5 stacks, varint
 *     totalStacks a row a stack of one of these, in their order; a part is of one (type, window) or a piece of it:
 *                 0 stacktrace, varint: the first of a part as it is, the others as difference   1 value, 64 bit
 */
import { FlamelakeError } from '@flamelake/model';
import { columnOf, readWhole } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { OrderedRows } from './list-samples.ts';
import type { Numbering } from './numbering.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';

const TWO_32 = 0x1_0000_0000;
const DOUBLE_EXACT_MAX = 9_007_199_254_740_992n;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
/** Windows of one dataset that have totals; one of more windows is late, and asked for as a whole by nobody. */
const WINDOWS_MAX = 4;

/** A row of `totals`. */
export interface TotalRow {
  /** Place among the dataset's profile types. */
  readonly type: number;
  readonly startMs: number;
  readonly widthMs: number;
  readonly profileCount: number;
  readonly total: bigint;
  /** Rows of `totalStacks`. */
  readonly from: number;
  readonly until: number;
}

/** Sums of one type and window; by stack, ascending. */
interface Sums {
  readonly row: Omit<TotalRow, 'from' | 'until'>;
  readonly stacktrace: Uint32Array;
  readonly value: BigInt64Array;
}

/**
 * Adds up the samples of each type and window; yields now and then. Of a type whose sum leaves int64 there is none.
 * @param typeEnds - rows behind the last one of each profile type
 */
export function* sumTotals(
  state: DatasetState,
  rows: OrderedRows,
  numbering: Numbering,
  typeEnds: readonly number[],
  widthMs: number,
): Generator<undefined, readonly Sums[]> {
  const found: Sums[] = [];
  const windows = windowsOf(state, widthMs);
  if (windows.length > WINDOWS_MAX) return found;
  let from = 0;
  for (const [type, until] of typeEnds.entries()) {
    const own: Sums[] = [];
    for (const startMs of windows) {
      const inWindow = rowsIn(state, rows, from, until, startMs, widthMs);
      const total = inWindow.reduce((sum, row) => sum + state.rows.total.items[row], 0n);
      if (inWindow.length === 0) continue;
      const row = { type, startMs, widthMs, profileCount: inWindow.length, total };
      own.push({ row, ...sumStacks(state, inWindow, numbering, total) });
      yield;
    }
    from = until;
    if (own.reduce((sum, { row }) => sum + row.total, 0n) <= INT64_MAX) found.push(...own);
  }
  return found;
}

function windowsOf({ pushes }: DatasetState, widthMs: number): readonly number[] {
  const starts = new Set<number>();
  for (let push = 0; push < pushes.timeMs.count && starts.size <= WINDOWS_MAX; push++) {
    starts.add(Math.floor(pushes.timeMs.items[push] / widthMs) * widthMs);
  }
  return [...starts].sort((a, b) => a - b);
}

/** Numbers in the state of the rows `[from, until)` that lie in a window. */
function rowsIn(
  { pushes, rows: own }: DatasetState,
  { order }: OrderedRows,
  from: number,
  until: number,
  startMs: number,
  widthMs: number,
): readonly number[] {
  const found: number[] = [];
  for (let i = from; i < until; i++) {
    const timeMs = pushes.timeMs.items[own.push.items[order[i]]];
    if (timeMs >= startMs && timeMs < startMs + widthMs) found.push(order[i]);
  }
  return found;
}

function sumStacks(state: DatasetState, own: readonly number[], { nodes }: Numbering, total: bigint) {
  const sums = new Float64Array(nodes.count);
  /** Multiples of 2^32 that would make a sum inexact, where the total is that large. */
  const highs = total < DOUBLE_EXACT_MAX ? undefined : new Float64Array(nodes.count);
  const [lists, starts] = [state.rows.list.items, state.listStart.items];
  const [entries, values] = [state.entries.items, state.values.items];
  for (const row of own) {
    const list = lists[row];
    let at = 2 * state.rows.valueStart.items[row];
    for (let i = starts[list], end = starts[list + 1]; i < end; i++, at += 2) {
      const node = nodes.next[entries[i]] - 1;
      if (highs === undefined) sums[node] += values[at + 1] * TWO_32 + values[at];
      else {
        sums[node] += values[at];
        highs[node] += values[at + 1];
      }
    }
  }
  const isUsed = (node: number) => sums[node] !== 0 || (highs !== undefined && highs[node] !== 0);
  let count = 0;
  for (let node = 0; node < nodes.count; node++) if (isUsed(node)) count++;
  const [stacktrace, value] = [new Uint32Array(count), new BigInt64Array(count)];
  let at = 0;
  for (let node = 0; node < nodes.count; node++) {
    if (!isUsed(node)) continue;
    stacktrace[at] = node;
    value[at++] = BigInt.asIntN(64, BigInt(sums[node]) + (BigInt(highs?.[node] ?? 0) << 32n));
  }
  return { stacktrace, value };
}

/** Writes the rows of both sections. */
export function writeTotals(writer: PageWriter, totals: readonly Sums[]): void {
  if (totals.length === 0) return;
  const { raw } = writer;
  for (const { row } of totals) raw.varint(row.type);
  endColumn(writer);
  for (const { row } of totals) raw.signedVarint64(BigInt(row.startMs));
  endColumn(writer);
  for (const { row } of totals) raw.varint(row.widthMs);
  endColumn(writer);
  for (const { row } of totals) raw.varint(row.profileCount);
  endColumn(writer);
  raw.varints64(BigInt64Array.from(totals as never, ({ row }: Sums) => row.total));
  endColumn(writer);
  for (const { stacktrace } of totals) raw.varint(stacktrace.length);
  endColumn(writer);
  endPart(writer, 'totals', totals.length);
  for (const { stacktrace, value } of totals) {
    for (let from = 0; from < stacktrace.length; from += PART_ROWS) {
      const until = Math.min(from + PART_ROWS, stacktrace.length);
      let before = 0;
      for (let i = from; i < until; i++) {
        raw.varint(stacktrace[i] - before);
        before = stacktrace[i];
      }
      endColumn(writer);
      raw.varints64(value.subarray(from, until));
      endColumn(writer);
      endPart(writer, 'totalStacks', until - from);
    }
  }
}

/** @param stackCount - rows of `totalStacks` */
export function readTotals(parts: readonly Part[], typeCount: number, stackCount: number): readonly TotalRow[] {
  const found: TotalRow[] = [];
  let from = 0;
  for (const part of parts) {
    const [type, start, width, profiles] = [0, 1, 2, 3].map((index) => columnOf(part, index));
    const totals = readWhole(part, 4, part.rows, (reader, count) => reader.varints64(count));
    const stacks = columnOf(part, 5);
    for (let i = 0; i < part.rows; i++) {
      const row = { type: type.varint(), startMs: Number(start.signedVarint64()), widthMs: width.varint() };
      const until = from + stacks.varint();
      if (row.type >= typeCount || until > stackCount || totals[i] < 0n) {
        throw new FlamelakeError('data_loss', 'totals are malformed', { row: found.length });
      }
      found.push({ ...row, profileCount: profiles.varint(), total: totals[i], from, until });
      from = until;
    }
  }
  if (from !== stackCount) throw new FlamelakeError('data_loss', 'totals have other stacks than they state', { from });
  return found;
}

/** Stacks and values of one part. @param nodeCount - of the tree */
export function readTotalStacks(part: Part, nodeCount: number) {
  const stacktrace = readWhole(part, 0, part.rows, (reader, count) => reader.varints(count, nodeCount));
  for (let i = 1; i < stacktrace.length; i++) stacktrace[i] += stacktrace[i - 1];
  // They ascend, unless a sum went around: then one is less than the one before.
  for (let i = 0; i < stacktrace.length; i++) {
    if (stacktrace[i] >= nodeCount || (i > 0 && stacktrace[i] <= stacktrace[i - 1])) {
      throw new FlamelakeError('data_loss', 'total refers to no stacktrace', { row: i });
    }
  }
  return { stacktrace, value: readWhole(part, 1, part.rows, (reader, count) => reader.varints64(count)) };
}

/** @throws {FlamelakeError} `data_loss` when the values are not what the row says of them */
export function checkTotal(
  { total, from, until }: TotalRow,
  stacks: readonly { readonly value: BigInt64Array }[],
): void {
  let sum = 0n;
  let count = 0;
  for (const { value } of stacks) {
    count += value.length;
    for (const one of value) {
      if (one <= 0n) throw new FlamelakeError('data_loss', 'total of a stack is not positive', { value: one });
      sum += one;
    }
  }
  if (sum !== total || count !== until - from) {
    throw new FlamelakeError('data_loss', 'totals of stacks do not add up', { total, sum });
  }
}
