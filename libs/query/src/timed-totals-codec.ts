/** Timed totals as columns; the grammar is partial-result-codec.ts's. */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import { readLabels, writeLabels } from './labels-codec.ts';
import { readTexts, type TextTable } from './text-table.ts';
import { type TimedGroups, timedGroupOf } from './timed-totals.ts';
import { malformed } from './wire-message.ts';

const TWO_32 = 0x1_0000_0000;

export function writeTimedTotals(writer: ByteWriter, table: TextTable, groups: TimedGroups): void {
  writer.varint(groups.size);
  for (const { labels, count, timeMs, total } of groups.values()) {
    writeLabels(writer, table, labels);
    writer.varint(count);
    writer.signedVarints64(differencesOf(timeMs, count));
    writer.signedVarints64(total.subarray(0, count));
  }
}

/** @throws {FlamelakeError} `data_loss` on what no writer writes */
export function readTimedTotals(reader: ByteReader): TimedGroups {
  const texts = readTexts(reader);
  const groups: TimedGroups = new Map();
  const count = reader.count();
  for (let i = 0; i < count; i++) {
    const group = timedGroupOf(groups, readLabels(reader, texts));
    group.count = reader.count(2);
    group.timeMs = sumsOf(reader.signedVarints64(group.count));
    group.total = reader.signedVarints64(group.count);
  }
  if (groups.size !== count) throw malformed('groups');
  return groups;
}

/** Each of `count` whole numbers less the one before, as int64. */
export function differencesOf(column: Float64Array, count: number): BigInt64Array {
  const differences = new BigInt64Array(count);
  const low = new Uint32Array(differences.buffer);
  const high = new Int32Array(differences.buffer);
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const difference = column[i] - previous;
    previous = column[i];
    high[2 * i + 1] = Math.floor(difference / TWO_32);
    low[2 * i] = difference;
  }
  return differences;
}

/** What differences add up to, element by element. @throws {FlamelakeError} `data_loss` when that is no safe integer */
export function sumsOf(differences: BigInt64Array): Float64Array {
  const low = new Uint32Array(differences.buffer);
  const high = new Int32Array(differences.buffer);
  const column = new Float64Array(differences.length);
  let sum = 0;
  for (let i = 0; i < column.length; i++) {
    sum += high[2 * i + 1] * TWO_32 + low[2 * i];
    if (!Number.isSafeInteger(sum)) throw malformed('times');
    column[i] = sum;
  }
  return column;
}
