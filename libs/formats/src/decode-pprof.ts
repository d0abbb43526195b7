/**
 * Decodes pprof (google.pprof `Profile`, github.com/google/pprof/blob/main/proto/profile.proto) in one pass into columns.
 * No object is made per sample, location, function or string; after the pass ids become indexes and every reference is checked.
 */
import { skipField } from './decode-field.ts';
import { decodeSample } from './decode-sample.ts';
import { decodeFunction, decodeLocation, decodeMapping } from './decode-symbols.ts';
import { finishPprof } from './finish-pprof.ts';
import type { Pprof } from './pprof.ts';
import { checkCount, PprofColumns, type PprofLimits } from './pprof-columns.ts';
import { malformed, type ProtobufReader } from './protobuf-reader.ts';

const SAMPLES_MAX = 250_000;
const SAMPLE_LABELS_MAX = 100;

export interface DecodePprofOptions {
  /** Most samples accepted; 250,000 unless told. */
  readonly samplesMax?: number;
  /** Most labels of one sample accepted; 100 unless told. */
  readonly sampleLabelsMax?: number;
  /**
   * Repairs profiles of old .NET clients: when all functions have id 0, there are as many as locations, and each location
   * has one line, the functions belong to the locations in order.
   */
  readonly repairFunctionIds?: boolean;
}

/** Buffers of the last profile, for the next one. */
const columns = new PprofColumns();

/**
 * @param bytes - uncompressed pprof; not kept
 * @returns columns of their own memory; sample types are not yet checked for what Flamelake cannot store
 * @throws {FlamelakeError} `invalid_argument` when the bytes are no valid profile or hold more than the limits allow
 */
export function decodePprof(bytes: Uint8Array, options: DecodePprofOptions = {}): Pprof {
  const limits: PprofLimits = {
    samplesMax: options.samplesMax ?? SAMPLES_MAX,
    sampleLabelsMax: options.sampleLabelsMax ?? SAMPLE_LABELS_MAX,
  };
  columns.begin(bytes);
  try {
    decodeProfile(columns, limits);
    return finishPprof(columns, { repairFunctionIds: options.repairFunctionIds ?? false });
  } finally {
    columns.end();
  }
}

/**
 * Reads Profile: sample_type 1, sample 2, mapping 3, location 4, function 5, string_table 6, drop_frames 7, keep_frames 8,
 * time_nanos 9, duration_nanos 10, period_type 11, period 12, comment 13, default_sample_type 14.
 */
function decodeProfile(columns: PprofColumns, limits: PprofLimits): void {
  const { reader } = columns;
  const { bytes } = reader;
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length;
  let at = 0;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x12) {
      const fieldEnd = reader.fieldEnd(end);
      decodeSample(columns, reader.at, fieldEnd, limits);
      at = fieldEnd;
    } else if (tag === 0x22) {
      const fieldEnd = reader.fieldEnd(end);
      decodeLocation(columns, reader.at, fieldEnd);
      at = fieldEnd;
    } else if (tag === 0x2a) {
      const fieldEnd = reader.fieldEnd(end);
      decodeFunction(columns, reader.at, fieldEnd);
      at = fieldEnd;
    } else if (tag === 0x32) {
      const fieldEnd = reader.fieldEnd(end);
      copyString(columns, source, reader.at, fieldEnd);
      at = fieldEnd;
    } else at = decodeRareField(columns, reader, tag, at);
  }
}

/** Copies a string, eight bytes a step: most are too short for the engine's own copying to pay. */
function copyString(columns: PprofColumns, source: DataView, start: number, end: number): void {
  const { stringBytes, stringEnds } = columns;
  checkCount('strings', stringEnds.length + 1);
  const target = stringBytes.reserve(end - start);
  const { view } = stringBytes;
  let n = stringBytes.length;
  let bits = 0;
  let i = start;
  for (; i + 8 <= end; i += 8, n += 8) {
    const low = source.getUint32(i, true);
    const high = source.getUint32(i + 4, true);
    view.setUint32(n, low, true);
    view.setUint32(n + 4, high, true);
    bits |= low | high;
  }
  bits |= (bits >>> 24) | (bits >>> 16) | (bits >>> 8);
  for (; i < end; i++, n++) {
    const byte = source.getUint8(i);
    target[n] = byte;
    bits |= byte;
  }
  columns.stringBits |= bits & 0xff;
  stringBytes.length = n;
  stringEnds.push(n);
}

/** Reads a field that a profile has once or a few times; `at` is the offset of its tag. Returns the offset behind it. */
function decodeRareField(columns: PprofColumns, reader: ProtobufReader, tag: number, at: number): number {
  const end = reader.bytes.length;
  if (tag === 0x0a || tag === 0x5a) {
    const fieldEnd = reader.fieldEnd(end);
    if (tag === 0x5a) columns.periodType.clear();
    const target = tag === 0x0a ? columns.sampleTypes : columns.periodType;
    decodeValueType(columns, target, fieldEnd);
    checkCount('sampleTypes', target.length / 2);
  } else if (tag === 0x1a) {
    const fieldEnd = reader.fieldEnd(end);
    decodeMapping(columns, reader.at, fieldEnd);
    reader.at = fieldEnd;
  } else if (tag === 0x38 || tag === 0x40) reader.varint();
  else if (tag === 0x48) columns.timeNanos = reader.int64();
  else if (tag === 0x50) columns.durationNanos = reader.int64();
  else if (tag === 0x60) columns.period = reader.int64();
  else if (tag === 0x68) columns.comments.push(reader.index());
  else if (tag === 0x6a) {
    const fieldEnd = reader.fieldEnd(end);
    while (reader.at < fieldEnd) {
      columns.comments.push(reader.index());
      checkCount('comments', columns.comments.length);
    }
    if (reader.at !== fieldEnd) throw malformed('profile comment is cut short', reader.at);
  } else if (tag === 0x70) columns.defaultSampleType = reader.index();
  else skipField(columns, at, end, 14);
  checkCount('comments', columns.comments.length);
  return reader.at;
}

/** Reads a ValueType: type 1, unit 2. */
function decodeValueType(columns: PprofColumns, target: { push(value: number): void }, end: number): void {
  const { reader } = columns;
  let type = 0;
  let unit = 0;
  while (reader.at < end) {
    const at = reader.at;
    const tag = reader.varint();
    if (tag === 0x08) type = reader.index();
    else if (tag === 0x10) unit = reader.index();
    else skipField(columns, at, end, 2);
  }
  if (reader.at !== end) throw malformed('profile value type is cut short', reader.at);
  target.push(type);
  target.push(unit);
}
