/**
 * Reads the messages a pprof profile repeats most: Sample and Label (fields: profile.proto of google/pprof).
 * Varints of one and two bytes, nearly all there are, are read in place; the rest goes through ProtobufReader.
 */
import { isVarintField, readId, readIndex, skipField } from './decode-field.ts';
import { checkCount, LABEL, type PprofColumns, type PprofLimits, tooMany } from './pprof-columns.ts';
import { malformed } from './protobuf-reader.ts';

/** Reads a Sample at `[start, end)`: location_id 1, value 2, label 3. */
export function decodeSample(columns: PprofColumns, start: number, end: number, limits: PprofLimits): void {
  const { reader, labels, stackEnds, values } = columns;
  const { bytes } = reader;
  if (stackEnds.length >= limits.samplesMax) throw tooMany('samples', limits.samplesMax);
  const valuesBefore = values.length;
  const labelsMax = labels.length + limits.sampleLabelsMax * LABEL.size;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x0a) at = packedLocations(columns, reader.fieldEnd(end));
    else if (tag === 0x12) at = packedValues(columns, reader.fieldEnd(end));
    else if (tag === 0x1a) {
      if (labels.length >= labelsMax) throw tooMany('labels of a sample', limits.sampleLabelsMax);
      const labelEnd = reader.fieldEnd(end);
      decodeLabel(columns, reader.at, labelEnd);
      at = labelEnd;
    } else if (tag === 0x08) {
      columns.stackLocations.push(readId(columns));
      at = reader.at;
    } else if (tag === 0x10) {
      values.push(reader.varint());
      values.push(reader.high);
      at = reader.at;
    } else at = skipField(columns, at, end, 3);
  }
  if (at !== end) throw malformed('profile sample is cut short', at);
  const typeCount = (values.length - valuesBefore) >>> 1;
  checkCount('sampleTypes', typeCount);
  // The first sample's count stands for all; it is compared with the sample types at the end.
  if (typeCount === 0 || (stackEnds.length + 1) * typeCount * 2 !== values.length) {
    throw malformed('profile sample has another number of values than there are sample types', start);
  }
  checkCount('labels', labels.length / LABEL.size);
  stackEnds.push(columns.stackLocations.length);
  columns.labelEnds.push(labels.length / LABEL.size);
}

function packedLocations(columns: PprofColumns, end: number): number {
  const { reader, stackLocations } = columns;
  const { bytes } = reader;
  let at = reader.at;
  const values = stackLocations.reserve(end - at);
  let n = stackLocations.length;
  while (at < end) {
    const first = bytes[at++];
    if (first < 0x80) {
      values[n++] = first;
      continue;
    }
    const second = bytes[at++];
    if (second < 0x80) {
      values[n++] = (first & 0x7f) | (second << 7);
      continue;
    }
    reader.at = at - 2;
    values[n++] = readId(columns);
    at = reader.at;
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
  const { reader, labels } = columns;
  const { bytes } = reader;
  const record = labels.begin(LABEL.size);
  const { values } = labels;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    if (!isVarintField(tag, 4)) {
      at = skipField(columns, at, end, 4);
      continue;
    }
    const slot = record + (tag >>> 3) - 1;
    const value = bytes[at + 1];
    if (value < 0x80) {
      values[slot] = value;
      at += 2;
    } else if (bytes[at + 2] < 0x80) {
      values[slot] = (value & 0x7f) | (bytes[at + 2] << 7);
      at += 3;
    } else {
      reader.at = at + 1;
      values[slot] = tag === 0x18 ? reader.varint() : readIndex(columns);
      if (tag === 0x18) values[record + LABEL.numberHigh] = reader.high;
      at = reader.at;
    }
  }
  if (at !== end) throw malformed('profile label is cut short', at);
}
