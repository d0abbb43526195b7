/** What the decoders of pprof messages share: ids, indexes, and fields they do not know. */
import { FlamelakeError } from '@flamelake/model';
import type { PprofColumns } from './pprof-columns.ts';

/** Stands for an index that does not fit 32 bits: past every table. */
const NO_INDEX = 0xffff_ffff;

/** Whether a tag of one byte is of a varint field numbered from 1 to `last`. */
export function isVarintField(tag: number, last: number): boolean {
  return (tag & 7) === 0 && tag > 0 && tag <= last << 3;
}

/** Reads a uint64 id as 31 bits, or a stand-in. */
export function readId(columns: PprofColumns): number {
  const low = columns.reader.varint();
  const { high } = columns.reader;
  return high === 0 && low < 0x8000_0000 ? low : columns.wideIds.standIn(low, high);
}

/** Reads an index into the string table; whether the table is that long is checked when it is known. */
export function readIndex(columns: PprofColumns): number {
  const low = columns.reader.varint();
  return columns.reader.high === 0 ? low : NO_INDEX;
}

/** Reads an int64 and clamps it to int32. */
export function readInt32(columns: PprofColumns): number {
  const low = columns.reader.varint();
  const { high } = columns.reader;
  if (high === 0) return Math.min(low, 0x7fff_ffff);
  if (high === 0xffff_ffff && low >= 0x8000_0000) return low;
  return high >= 0x8000_0000 ? 0x8000_0000 : 0x7fff_ffff;
}

/**
 * Skips an unknown field whose tag is at `at`; returns the offset behind it.
 * @param knownFields - a field up to this number is known: meeting it here means that its wire type is wrong
 */
export function skipField(columns: PprofColumns, at: number, end: number, knownFields: number): number {
  const { reader } = columns;
  reader.at = at;
  const tag = reader.varint();
  if (tag >>> 3 <= knownFields && tag >>> 3 > 0) {
    throw new FlamelakeError('invalid_argument', 'profile field has the wrong wire type', {
      field: tag >>> 3,
      wireType: tag & 7,
      offset: at,
    });
  }
  reader.skip(tag, end);
  return reader.at;
}
