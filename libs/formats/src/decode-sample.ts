/**
 * Reads the messages a pprof profile repeats most: Sample and Label (message fields: see pprof.proto of google/pprof).
 * One-byte varints, nearly all there are, are read in place; everything else goes through ProtobufReader.
 */
import { FlamelakeError } from '@flamelake/model';
import { checkCount, type PprofColumns, type PprofLimits, tooMany } from './pprof-columns.ts';
import { malformed } from './protobuf-reader.ts';

/** Reads a Sample at `[start, end)`: location_id 1, value 2, label 3. */
export function decodeSample(columns: PprofColumns, start: number, end: number, limits: PprofLimits): void {
  const { reader } = columns;
  const { bytes } = reader;
  if (columns.stackEnds.length >= limits.samplesMax) throw tooMany('samples', limits.samplesMax);
  const valuesBefore = columns.values.length;
  const labelsBefore = columns.labelKey.length;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x0a) at = packedLocations(columns, reader.fieldEnd(end));
    else if (tag === 0x12) at = packedValues(columns, reader.fieldEnd(end));
    else if (tag === 0x1a) {
      const labelEnd = reader.fieldEnd(end);
      if (columns.labelKey.length - labelsBefore >= limits.sampleLabelsMax) {
        throw tooMany('labels of a sample', limits.sampleLabelsMax);
      }
      decodeLabel(columns, reader.at, labelEnd);
      at = labelEnd;
    } else if (tag === 0x08) {
      columns.stackLocations.push(readId(columns));
      at = reader.at;
    } else if (tag === 0x10) {
      columns.values.push(reader.varint());
      columns.values.push(reader.high);
      at = reader.at;
    } else at = skipField(columns, at, end, 3);
  }
  if (at !== end) throw malformed('profile sample is cut short', at);
  const typeCount = (columns.values.length - valuesBefore) >>> 1;
  checkCount('sampleTypes', typeCount);
  // The first sample's count stands for all; it is compared with the sample types at the end.
  if (typeCount === 0 || (columns.stackEnds.length + 1) * typeCount * 2 !== columns.values.length) {
    throw malformed('profile sample has another number of values than there are sample types', start);
  }
  checkCount('labels', columns.labelKey.length);
  columns.stackEnds.push(columns.stackLocations.length);
  columns.labelEnds.push(columns.labelKey.length);
}

function packedLocations(columns: PprofColumns, end: number): number {
  const { reader, stackLocations } = columns;
  const { bytes } = reader;
  let at = reader.at;
  const values = stackLocations.reserve(end - at);
  let n = stackLocations.length;
  while (at < end) {
    let id = bytes[at];
    if (id < 0x80) at++;
    else {
      const second = bytes[at + 1];
      if (second < 0x80) {
        id = (id & 0x7f) | (second << 7);
        at += 2;
      } else {
        reader.at = at;
        id = readId(columns);
        at = reader.at;
      }
    }
    values[n++] = id;
  }
  if (at !== end) throw malformed('profile sample is cut short', at);
  stackLocations.length = n;
  return end;
}

function packedValues(columns: PprofColumns, end: number): number {
  const { reader } = columns;
  const { bytes } = reader;
  let at = reader.at;
  // Room is made by the field's length, which must not be out of proportion.
  checkCount('valueBytes', end - at);
  const values = columns.values.reserve((end - at) * 2);
  let n = columns.values.length;
  while (at < end) {
    const byte = bytes[at];
    if (byte < 0x80) {
      values[n++] = byte;
      values[n++] = 0;
      at++;
    } else {
      reader.at = at;
      values[n++] = reader.varint();
      values[n++] = reader.high;
      at = reader.at;
    }
  }
  if (at !== end) throw malformed('profile sample is cut short', at);
  columns.values.length = n;
  return end;
}

/** Reads a Label: key 1, str 2, num 3, num_unit 4. */
function decodeLabel(columns: PprofColumns, start: number, end: number): void {
  const { reader } = columns;
  const { bytes } = reader;
  let key = 0;
  let text = 0;
  let low = 0;
  let high = 0;
  let unit = 0;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x08) key = reader.index();
    else if (tag === 0x10) text = reader.index();
    else if (tag === 0x18) {
      low = reader.varint();
      high = reader.high;
    } else if (tag === 0x20) unit = reader.index();
    else skipField(columns, at, end, 4);
    at = reader.at;
  }
  if (at !== end) throw malformed('profile label is cut short', at);
  columns.labelKey.push(key);
  columns.labelText.push(text);
  columns.labelNumber.push(low);
  columns.labelNumber.push(high);
  columns.labelUnit.push(unit);
}

/** Reads a uint64 id as 31 bits, or a stand-in. */
export function readId(columns: PprofColumns): number {
  const low = columns.reader.varint();
  const { high } = columns.reader;
  return high === 0 && low < 0x8000_0000 ? low : columns.wideIds.standIn(low, high);
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
