/**
 * Section of a dataset's profiles, one row a (series, push, label set), sorted by (series, time, identity, label set).
 * Parts end where a profile type ends, once they are large enough. By column:
 *
 *     0 push, reference                 1 unit, varint                  2 total ÷ unit, varint
 *     3 list of stacktraces, reference  4 list of values, reference     5 group, varint
 *
 * The unit divides every value of the row; total and values are stored divided by it.
 * References are those of reference-column.ts.
 * The series section says how many rows each series has.
 */
import { FlamelakeError } from '@flamelake/model';
import { readWhole } from './columns.ts';
import { halvesOf, scale, toNumbers } from './int64.ts';
import type { Part } from './page.ts';
import { endColumn, endPage, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import type { PushColumns } from './pushes-section.ts';
import { readReferences, writeReferences } from './reference-column.ts';
import type { ProfileColumns, Series } from './types.ts';

/** A part ends with a profile type after so many rows: other types' rows cost a reader less than another page. */
const TYPE_ROWS_MIN = 1_024;
/** Most rows of a dataset, 2^26: what is refused was not written by us, and would only take memory. */
const ROWS_MAX = 67_108_864;

/** Rows as they are stored. */
export interface StoredRows {
  readonly count: number;
  readonly push: Uint32Array;
  /** Divides every value of the row. */
  readonly unit: Float64Array;
  readonly total: BigInt64Array;
  readonly stackList: Uint32Array;
  /** List of values; rows share one when their values are equal but for the unit. */
  readonly valueList: Uint32Array;
  readonly group: Uint32Array;
}

/** Profiles with what only the codec needs. */
export interface StoredProfiles extends ProfileColumns, StoredRows {
  readonly count: number;
}

/** Sizes a dataset's other sections state. */
export interface ProfileLimits {
  readonly stackLists: number;
  readonly valueLists: number;
}

/** @param typeEnds - rows behind the last one of each profile type */
export function writeProfiles(writer: PageWriter, rows: StoredRows, typeEnds: readonly number[]): void {
  const next: NextNew = { push: 0, stackList: 0, valueList: 0 };
  let from = 0;
  for (const end of typeEnds) {
    while (end - from >= PART_ROWS) writePart(writer, rows, from, (from += PART_ROWS), next);
    if (end - from < TYPE_ROWS_MIN && end !== rows.count) continue;
    if (end > from) writePart(writer, rows, from, end, next);
    from = end;
  }
}

/** Numbers of what no row before names. */
interface NextNew {
  push: number;
  stackList: number;
  valueList: number;
}

function writePart(writer: PageWriter, rows: StoredRows, from: number, until: number, next: NextNew): void {
  const { raw } = writer;
  next.push = writeReferences(raw, rows.push, from, until, next.push);
  endColumn(writer);
  for (let i = from; i < until; i++) raw.varint(rows.unit[i]);
  endColumn(writer);
  raw.varints64(
    BigInt64Array.from(rows.total.subarray(from, until), (total, i) => total / BigInt(rows.unit[from + i])),
  );
  endColumn(writer);
  next.stackList = writeReferences(raw, rows.stackList, from, until, next.stackList);
  endColumn(writer);
  next.valueList = writeReferences(raw, rows.valueList, from, until, next.valueList);
  endColumn(writer);
  raw.varints(rows.group, from, until);
  endColumn(writer);
  endPart(writer, 'profiles', until - from);
  endPage(writer);
}

/** Columns of all rows, to be filled part by part; series are filled already. */
export function createProfiles(series: readonly Series[], count: number): StoredProfiles {
  if ((series.at(-1)?.rows.until ?? 0) !== count || count > ROWS_MAX) {
    throw new FlamelakeError('data_loss', 'profiles are not as many as their series state', { profiles: count });
  }
  const seriesOf = new Uint32Array(count);
  series.forEach(({ rows }, i) => seriesOf.fill(i, rows.from, rows.until));
  return {
    count,
    series: seriesOf,
    push: new Uint32Array(count),
    timeMs: new Float64Array(count),
    durationNanos: new Float64Array(count),
    period: new BigInt64Array(count),
    unit: new Float64Array(count),
    total: new BigInt64Array(count),
    stackList: new Uint32Array(count),
    valueList: new Uint32Array(count),
    identity: new Uint32Array(count),
    group: new Uint32Array(count),
  };
}

/** Fills the rows from `from` on with those of a part. */
export function readProfiles(
  into: StoredProfiles,
  from: number,
  part: Part,
  pushes: PushColumns,
  limits: ProfileLimits,
): void {
  const { rows } = part;
  const references = (column: number, limit: number): Uint32Array =>
    readWhole(part, column, rows, (reader, count) => readReferences(reader, count, limit));
  const push = references(0, Math.min(pushes.count, into.count));
  const unit = toNumbers(readWhole(part, 1, rows, (reader, count) => reader.varints64(count)));
  const total = readWhole(part, 2, rows, (reader, count) => reader.varints64(count));
  const halves = halvesOf(total);
  for (let i = 0; i < rows; i++) {
    if (!(unit[i] >= 1 && unit[i] <= Number.MAX_SAFE_INTEGER)) {
      throw new FlamelakeError('data_loss', 'unit of values is out of range', { row: from + i });
    }
    scale(total, halves, i, i + 1, unit[i]);
    const own = push[i];
    into.timeMs[from + i] = pushes.timeMs[own];
    into.durationNanos[from + i] = pushes.durationNanos[own];
    into.period[from + i] = pushes.period[own];
    into.identity[from + i] = pushes.identity[own];
  }
  into.push.set(push, from);
  into.unit.set(unit, from);
  into.total.set(total, from);
  into.stackList.set(references(3, limits.stackLists), from);
  into.valueList.set(references(4, limits.valueLists), from);
  into.group.set(
    readWhole(part, 5, rows, (reader, count) => reader.varints(count)),
    from,
  );
}
