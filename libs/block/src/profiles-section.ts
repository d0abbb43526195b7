/**
 * Section of a dataset's profiles, one row a (series, profile, label set), sorted by (series, time, identity, label set).
 * By page column:
 *
 *     0 series, delta            1 time in ms, zigzag of the difference    2 duration in ns, varint
 *     3 period, varint           4 unit, varint                            5 total ÷ unit, varint
 *     6 samples, varint          7 list of stacktraces, delta              8 identity, delta
 *     9 group, varint
 *
 * The unit divides every value of the row; total and values are stored divided by it.
 * A delta is the zigzag varint of the difference from the row before in the page; the first counts from 0.
 */
import type { ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, join, readInt64s, readUint32s, readWhole } from './columns.ts';
import { halvesOf, scale, toNumbers } from './int64.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import type { ProfileColumns } from './types.ts';

/** Samples of one dataset: their numbers are 32 bit. */
const SAMPLES_MAX = 0xffff_ffff;

/** Profiles with what only the codec needs. */
export interface StoredProfiles extends ProfileColumns {
  readonly stackList: Uint32Array;
  /** Divides every value of the row. */
  readonly unit: Float64Array;
}

/** Sizes a dataset's other sections state. */
export interface ProfileLimits {
  readonly series: number;
  readonly samples: number;
  readonly identities: number;
}

export function writeProfiles(out: ByteWriter, rows: StoredProfiles, level: number): void {
  const draft = createPageDraft();
  const { raw } = draft;
  for (let from = 0; from < rows.count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, rows.count);
    raw.deltas(rows.series.subarray(from, until));
    endColumn(draft);
    let previous = 0;
    for (let i = from; i < until; i++) {
      const timeMs = rows.timeMs[i];
      raw.signedVarint64(BigInt(timeMs - previous));
      previous = timeMs;
    }
    endColumn(draft);
    for (let i = from; i < until; i++) raw.varint(rows.durationNanos[i]);
    endColumn(draft);
    raw.varints64(rows.period.subarray(from, until));
    endColumn(draft);
    for (let i = from; i < until; i++) raw.varint(rows.unit[i]);
    endColumn(draft);
    raw.varints64(
      BigInt64Array.from(rows.total.subarray(from, until), (total, i) => total / BigInt(rows.unit[from + i])),
    );
    endColumn(draft);
    for (let i = from; i < until; i++) raw.varint(rows.sampleStart[i + 1] - rows.sampleStart[i]);
    endColumn(draft);
    raw.deltas(rows.stackList.subarray(from, until));
    endColumn(draft);
    raw.deltas(rows.identity.subarray(from, until));
    endColumn(draft);
    raw.varints(rows.group, from, until);
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

export function readProfiles(pages: readonly Page[], rows: number, limits: ProfileLimits): StoredProfiles {
  checkRows(pages, rows);
  const series = readUint32s(pages, 0, (reader, count) => reader.deltas(count, limits.series));
  const timeMs = join(
    pages.map((page) =>
      addUp(toNumbers(readWhole(page, 1, page.rows, (reader, count) => reader.signedVarints64(count)))),
    ),
    (length) => new Float64Array(length),
  );
  const durationNanos = toNumbers(readInt64s(pages, 2, (reader, count) => reader.varints64(count)));
  const period = readInt64s(pages, 3, (reader, count) => reader.varints64(count));
  const unit = toNumbers(readInt64s(pages, 4, (reader, count) => reader.varints64(count)));
  const total = readInt64s(pages, 5, (reader, count) => reader.varints64(count));
  const counts = readUint32s(pages, 6, (reader, count) => reader.varints(count));
  const stackList = readUint32s(pages, 7, (reader, count) => reader.deltas(count, rows));
  const halves = halvesOf(total);
  const sampleStart = new Uint32Array(rows + 1);
  let samples = 0;
  for (let i = 0; i < rows; i++) {
    if (!(unit[i] >= 1 && unit[i] <= Number.MAX_SAFE_INTEGER)) {
      throw new FlamelakeError('data_loss', 'unit of values is out of range', { row: i });
    }
    scale(total, halves, i, i + 1, unit[i]);
    samples += counts[i];
    sampleStart[i + 1] = samples;
  }
  if (samples !== limits.samples || samples > SAMPLES_MAX) {
    throw new FlamelakeError('data_loss', 'samples are not as many as their profiles state', { samples });
  }
  return {
    count: rows,
    series,
    timeMs,
    durationNanos,
    period,
    unit,
    total,
    sampleStart,
    stackList,
    identity: readUint32s(pages, 8, (reader, count) => reader.deltas(count, limits.identities)),
    group: readUint32s(pages, 9, (reader, count) => reader.varints(count)),
  };
}

/** Differences → what they lead to, in place. */
function addUp(steps: Float64Array): Float64Array {
  for (let i = 1; i < steps.length; i++) steps[i] += steps[i - 1];
  return steps;
}

/**
 * By row: where in the lists of stacktraces its own begins.
 * @throws {FlamelakeError} `data_loss` unless lists are numbered as they come and rows that share one are equally long
 */
export function listStarts(profiles: StoredProfiles, entryCount: number): Uint32Array {
  const { count, stackList, sampleStart } = profiles;
  const rowStart = new Uint32Array(count);
  const starts = new Uint32Array(count + 1);
  let lists = 0;
  for (let row = 0; row < count; row++) {
    const list = stackList[row];
    const length = sampleStart[row + 1] - sampleStart[row];
    if (list === lists) {
      lists++;
      const end = starts[list] + length;
      if (end > entryCount) throw mismatch(row);
      starts[lists] = end;
    }
    if (list >= lists || starts[list + 1] - starts[list] !== length) throw mismatch(row);
    rowStart[row] = starts[list];
  }
  if (starts[lists] !== entryCount) throw mismatch(count);
  return rowStart;
}

export function mismatch(row: number): FlamelakeError {
  return new FlamelakeError('data_loss', 'lists of stacktraces do not match their profiles', { row });
}
