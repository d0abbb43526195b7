/**
 * Tells schema versions of OTLP profiles apart by what is on the wire; no message says which one it is.
 *
 *     Sample         v1.8, v1.9   1 stack_index, 2 values, 3 attribute_indices, 4 link_index, 5 timestamps_unix_nano
 *                    v1.10 on     1 stack_index, 2 attribute_indices, 3 link_index, 4 values, 5 timestamps_unix_nano
 *     Profile        v1.8 on      1 sample_type, 2 samples, 3 time_unix_nano (fixed64), 4 duration_nano, 5 period_type, 6 period
 *                    before       3 a list or a table, 5 a number, 6 period_type or a table
 */
import { FlamelakeError } from '@flamelake/model';
import { type ProtobufReader, WIRE } from '../protobuf-reader.ts';

/** Field numbers in a Sample that moved. */
export interface SampleLayout {
  readonly attributes: number;
  readonly link: number;
  readonly values: number;
}

export const CURRENT_LAYOUT: SampleLayout = { attributes: 2, link: 3, values: 4 };
const OLD_LAYOUT: SampleLayout = { values: 2, attributes: 3, link: 4 };
const TIMESTAMPS = 5;

/** Bytes of a Profile message. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** Entries of the tables that samples refer to. */
export interface TableSizes {
  readonly attributes: number;
  readonly links: number;
}

/**
 * The layout of all samples of a request: that of the first sample which can have but one. In fields 3 and 4 a list is attributes
 * or values, as in the table above; so is a number that is no link, for some senders write lists as numbers one by one. Where no
 * sample has these fields, field 2 is attributes when all of it could be and the samples have timestamps to count instead of
 * values, as on-CPU samples of the eBPF profiler do; else it is values.
 */
export function sampleLayout(reader: ProtobufReader, profiles: readonly Place[], sizes: TableSizes): SampleLayout {
  let couldBeAttributes = true;
  for (const { start, end } of profiles) {
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag !== 0x12) {
        reader.skip(tag, end);
        continue;
      }
      const sampleEnd = reader.fieldEnd(end);
      const seen = readSample(reader, sampleEnd, sizes);
      if (typeof seen !== 'boolean') return seen;
      couldBeAttributes &&= seen;
      reader.at = sampleEnd;
    }
  }
  return couldBeAttributes ? CURRENT_LAYOUT : OLD_LAYOUT;
}

/** @returns the layout, or whether field 2 could hold attributes */
function readSample(reader: ProtobufReader, end: number, { attributes, links }: TableSizes): SampleLayout | boolean {
  let hasSecond = false;
  let areIndexes = true;
  let hasTimestamps = false;
  while (reader.at < end) {
    const tag = reader.varint();
    const field = tag >>> 3;
    const wire = tag & 7;
    if (field === 3 || field === 4) {
      const number = wire === WIRE.varint ? reader.varint() : 0;
      // No link at all, 0, is not written.
      const isLink = number > 0 && number < links && reader.high === 0;
      return (field === 3) === isLink ? CURRENT_LAYOUT : OLD_LAYOUT;
    }
    if (field === TIMESTAMPS) hasTimestamps = true;
    if (field === 2 && (wire === WIRE.bytes || wire === WIRE.varint)) {
      hasSecond = true;
      const listEnd = wire === WIRE.bytes ? reader.fieldEnd(end) : reader.at + 1;
      while (reader.at < listEnd) {
        const low = reader.varint();
        areIndexes &&= reader.high === 0 && low < attributes;
      }
    } else reader.skip(tag, end);
  }
  return !hasSecond || (areIndexes && hasTimestamps);
}

/** @throws {FlamelakeError} `invalid_argument` when a field of a Profile shows that it is of a schema before v1.8 */
export function checkProfileField(tag: number, hasDictionary: boolean): void {
  const field = tag >>> 3;
  const wire = tag & 7;
  const isOld =
    (field === 3 && wire !== WIRE.fixed64) ||
    (field === 4 && wire !== WIRE.varint) ||
    (field === 5 && wire !== WIRE.bytes) ||
    (field === 6 && wire !== WIRE.varint);
  if (!isOld) return;
  throw new FlamelakeError('invalid_argument', 'otlp profile is of a schema too old to be read', {
    schema: hasDictionary ? 'v1.7' : 'v1.6 or older',
    served: 'v1.8 to v1.11',
    advice: 'update the sender to one that uses opentelemetry-proto v1.10 or newer',
  });
}
