/**
 * Section of a dataset's profiles, one row a (series, profile, label set), sorted by (series, time, identity, label set).
 * Parts end where a profile type ends, once they are large enough. By column:
 *
 *     0 time in ms, zigzag of the difference    1 duration in ns, varint    2 period, varint
 *     3 unit, varint                            4 total ÷ unit, varint      5 list of stacktraces, delta
 *     6 list of values, delta                   7 identity, delta           8 group, varint
 *
 * The unit divides every value of the row; total and values are stored divided by it.
 * A delta is the zigzag varint of the difference from the row before in the part; the first counts from 0.
 * The series section says how many rows each series has.
 */
import { FlamelakeError } from '@flamelake/model';
import { readWhole } from './columns.ts';
import { halvesOf, scale, toNumbers } from './int64.ts';
import type { Part } from './page.ts';
import { endColumn, endPage, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import type { ProfileColumns, Series } from './types.ts';

/** A part ends with a profile type after so many rows: other types' rows cost a reader less than another page. */
const TYPE_ROWS_MIN = 1_024;
/** Most rows of a dataset, 2^26: what is refused was not written by us, and would only take memory. */
const ROWS_MAX = 67_108_864;

/** Profiles with what only the codec needs. */
export interface StoredProfiles extends ProfileColumns {
  /** Divides every value of the row. */
  readonly unit: Float64Array;
  /** List of values; rows share one when their values are equal but for the unit. */
  readonly valueList: Uint32Array;
}

/** Sizes a dataset's other sections state. */
export interface ProfileLimits {
  readonly stackLists: number;
  readonly valueLists: number;
  readonly identities: number;
}

/** @param typeEnds - rows behind the last one of each profile type */
export function writeProfiles(writer: PageWriter, rows: StoredProfiles, typeEnds: readonly number[]): void {
  let from = 0;
  for (const end of typeEnds) {
    while (end - from >= PART_ROWS) writePart(writer, rows, from, (from += PART_ROWS));
    if (end - from < TYPE_ROWS_MIN && end !== rows.count) continue;
    if (end > from) writePart(writer, rows, from, end);
    from = end;
  }
}

function writePart(writer: PageWriter, rows: StoredProfiles, from: number, until: number): void {
  const { raw } = writer;
  let previous = 0;
  for (let i = from; i < until; i++) {
    const timeMs = rows.timeMs[i];
    raw.signedVarint64(BigInt(timeMs - previous));
    previous = timeMs;
  }
  endColumn(writer);
  for (let i = from; i < until; i++) raw.varint(rows.durationNanos[i]);
  endColumn(writer);
  raw.varints64(rows.period.subarray(from, until));
  endColumn(writer);
  for (let i = from; i < until; i++) raw.varint(rows.unit[i]);
  endColumn(writer);
  raw.varints64(
    BigInt64Array.from(rows.total.subarray(from, until), (total, i) => total / BigInt(rows.unit[from + i])),
  );
  endColumn(writer);
  for (const column of [rows.stackList, rows.valueList, rows.identity]) {
    raw.deltas(column.subarray(from, until));
    endColumn(writer);
  }
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
export function readProfiles(into: StoredProfiles, from: number, part: Part, limits: ProfileLimits): void {
  const { rows } = part;
  const time = toNumbers(readWhole(part, 0, rows, (reader, count) => reader.signedVarints64(count)));
  for (let i = 1; i < rows; i++) time[i] += time[i - 1];
  into.timeMs.set(time, from);
  const duration = readWhole(part, 1, rows, (reader, count) => reader.varints64(count));
  into.durationNanos.set(toNumbers(duration), from);
  into.period.set(
    readWhole(part, 2, rows, (reader, count) => reader.varints64(count)),
    from,
  );
  const unit = toNumbers(readWhole(part, 3, rows, (reader, count) => reader.varints64(count)));
  into.unit.set(unit, from);
  const total = readWhole(part, 4, rows, (reader, count) => reader.varints64(count));
  const halves = halvesOf(total);
  for (let i = 0; i < rows; i++) {
    if (!(unit[i] >= 1 && unit[i] <= Number.MAX_SAFE_INTEGER)) {
      throw new FlamelakeError('data_loss', 'unit of values is out of range', { row: from + i });
    }
    scale(total, halves, i, i + 1, unit[i]);
  }
  into.total.set(total, from);
  const deltas = (column: number, limit: number): Uint32Array =>
    readWhole(part, column, rows, (reader, count) => reader.deltas(count, limit));
  into.stackList.set(deltas(5, limits.stackLists), from);
  into.valueList.set(deltas(6, limits.valueLists), from);
  into.identity.set(deltas(7, limits.identities), from);
  into.group.set(
    readWhole(part, 8, rows, (reader, count) => reader.varints(count)),
    from,
  );
}
