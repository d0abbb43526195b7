/**
 * Encodes pprof (google.pprof `Profile`). Equal profiles give equal bytes: fields come in the order of their numbers, repeated
 * numbers are packed, zeros are left out, ids are index + 1.
 */
import { ByteWriter } from './byte-writer.ts';
import type { Pprof, ValueType } from './pprof.ts';
import { createTextIndex, type TextIndex } from './text-index.ts';

/** Bytes a profile takes per sample, about; only a first guess at the buffer. */
const SAMPLE_BYTES = 64;

/** Samples, or symbols of a kind, between two steps: a few milliseconds. */
const STEP_ITEMS = 4_096;

/** @returns uncompressed pprof, the caller's own */
export function encodePprof(pprof: Pprof): Uint8Array {
  const steps = encodePprofInSteps(pprof);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same a few milliseconds at a time, for whoever must not hold up an event loop; the last step returns the bytes. */
export function* encodePprofInSteps(pprof: Pprof): Generator<undefined, Uint8Array, undefined> {
  const { symbols } = pprof;
  const texts = createTextIndex(symbols.strings, [
    ...[...pprof.sampleTypes, ...(pprof.periodType ? [pprof.periodType] : [])].flatMap(({ type, unit }) => [
      type,
      unit,
    ]),
    ...pprof.comments,
    pprof.defaultSampleType,
  ]);
  const out = new ByteWriter(symbols.strings.bytes.length + pprof.sampleCount * SAMPLE_BYTES);
  const message = new ByteWriter();
  for (const type of pprof.sampleTypes) putMessage(out, 0x0a, valueType(message, type, texts));
  yield* putSamples(out, message, pprof);
  yield* putSymbols(out, message, pprof);
  putStrings(out, pprof, texts);
  putInt64(out, 0x48, pprof.timeNanos);
  putInt64(out, 0x50, pprof.durationNanos);
  if (pprof.periodType !== undefined) putMessage(out, 0x5a, valueType(message, pprof.periodType, texts));
  putInt64(out, 0x60, pprof.period);
  if (pprof.comments.length > 0) {
    message.clear();
    message.varints(Uint32Array.from(pprof.comments, (comment) => texts.index(comment)));
    putMessage(out, 0x6a, message);
  }
  putNumber(out, 0x70, texts.index(pprof.defaultSampleType));
  return out.copy();
}

type Steps = Generator<undefined, void, undefined>;

function isStep(index: number): boolean {
  return index % STEP_ITEMS === STEP_ITEMS - 1;
}

function valueType(message: ByteWriter, { type, unit }: ValueType, texts: TextIndex): ByteWriter {
  message.clear();
  putNumber(message, 0x08, texts.index(type));
  putNumber(message, 0x10, texts.index(unit));
  return message;
}

function* putSamples(out: ByteWriter, message: ByteWriter, pprof: Pprof): Steps {
  const { stacks, labels, values, sampleTypes } = pprof;
  const packed = new ByteWriter();
  // Ids are index + 1; one column for all samples, so that each is written as a run.
  const ids = stacks.locations.map((location) => location + 1);
  for (let sample = 0; sample < pprof.sampleCount; sample++) {
    message.clear();
    packed.clear();
    const own = pprof.sampleStack?.[sample] ?? sample;
    packed.varints(ids, stacks.start[own], stacks.start[own + 1]);
    if (packed.length > 0) putMessage(message, 0x0a, packed);
    packed.clear();
    packed.varints64(values.subarray(sample * sampleTypes.length, (sample + 1) * sampleTypes.length));
    putMessage(message, 0x12, packed);
    const end = labels.start[sample + 1];
    for (let label = labels.start[sample]; label < end; label++) {
      packed.clear();
      putNumber(packed, 0x08, labels.key[label]);
      putNumber(packed, 0x10, labels.text[label]);
      putInt64(packed, 0x18, labels.number[label]);
      putNumber(packed, 0x20, labels.numberUnit[label]);
      putMessage(message, 0x1a, packed);
    }
    putMessage(out, 0x12, message);
    if (isStep(sample)) yield;
  }
}

function* putSymbols(out: ByteWriter, message: ByteWriter, { symbols }: Pprof): Steps {
  const { functions, locations, mappings } = symbols;
  for (let i = 0; i < mappings.count; i++) {
    message.clear();
    putNumber(message, 0x08, i + 1);
    putInt64(message, 0x10, mappings.memoryStart[i]);
    putInt64(message, 0x18, mappings.memoryLimit[i]);
    putInt64(message, 0x20, mappings.fileOffset[i]);
    putNumber(message, 0x28, mappings.filename[i]);
    putNumber(message, 0x30, mappings.buildId[i]);
    for (let bit = 0; bit < 4; bit++) putNumber(message, 0x38 + bit * 8, (mappings.flags[i] >>> bit) & 1);
    putMessage(out, 0x1a, message);
  }
  const line = new ByteWriter();
  for (let i = 0; i < locations.count; i++) {
    message.clear();
    putNumber(message, 0x08, i + 1);
    putNumber(message, 0x10, locations.mapping[i]);
    putInt64(message, 0x18, locations.address[i]);
    for (let j = locations.lineStart[i]; j < locations.lineStart[i + 1]; j++) {
      line.clear();
      putNumber(line, 0x08, locations.lineFunction[j] + 1);
      putInt32(line, 0x10, locations.lineNumber[j]);
      putMessage(message, 0x22, line);
    }
    putMessage(out, 0x22, message);
    if (isStep(i)) yield;
  }
  for (let i = 0; i < functions.count; i++) {
    message.clear();
    putNumber(message, 0x08, i + 1);
    putNumber(message, 0x10, functions.name[i]);
    putNumber(message, 0x18, functions.systemName[i]);
    putNumber(message, 0x20, functions.filename[i]);
    putInt32(message, 0x28, functions.startLine[i]);
    putMessage(out, 0x2a, message);
    if (isStep(i)) yield;
  }
}

function putStrings(out: ByteWriter, { symbols }: Pprof, texts: TextIndex): void {
  const { strings } = symbols;
  const put = (bytes: Uint8Array) => {
    out.uint8(0x32);
    out.varint(bytes.length);
    out.bytes(bytes);
  };
  for (let i = 0; i < strings.count; i++) put(strings.bytes.subarray(strings.offsets[i], strings.offsets[i + 1]));
  for (const text of texts.added) put(Buffer.from(text, 'utf8'));
}

function putMessage(out: ByteWriter, tag: number, message: ByteWriter): void {
  out.uint8(tag);
  out.varint(message.length);
  out.bytes(message.view());
}

/** Writes a field with a value in [0, 2^53), unless zero. */
function putNumber(out: ByteWriter, tag: number, value: number): void {
  if (value === 0) return;
  out.uint8(tag);
  out.varint(value);
}

/** Writes a field with an int32 value, unless zero; negative ones are ten bytes, as protobuf has it. */
function putInt32(out: ByteWriter, tag: number, value: number): void {
  if (value < 0) putInt64(out, tag, BigInt(value));
  else putNumber(out, tag, value);
}

/** Writes a field with an int64 or uint64 value, unless zero. */
function putInt64(out: ByteWriter, tag: number, value: bigint): void {
  if (value === 0n) return;
  out.uint8(tag);
  out.varint64(BigInt.asUintN(64, value));
}
