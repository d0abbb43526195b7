/** Reads the samples of one OTLP profile into columns. Fields of a Sample: otlp-layout.ts. */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';
import { tooMany } from '../pprof-columns.ts';
import { malformed, type ProtobufReader, WIRE } from '../protobuf-reader.ts';
import type { SampleLayout } from './otlp-layout.ts';

/** Of one sample: their halves are summed as doubles, exact below 2^53. */
const VALUES_MAX = 1_000_000;
const FIXED64_BYTES = 8;
const TWO_32 = 0x1_0000_0000;

export interface OtlpSampleLimits {
  readonly samplesMax: number;
  readonly sampleLabelsMax: number;
}

export class OtlpSamples {
  count = 0;
  readonly stack = new GrowingUint32();
  /** 0 for none. */
  readonly link = new GrowingUint32();
  /** Attributes of all samples in a row, and where each sample's end. */
  readonly attributes = new GrowingUint32();
  readonly attributeEnds = new GrowingUint32();
  /** Low and high halves of what each sample counts. */
  readonly values = new GrowingUint32();
  /** Low and high halves of all timestamps in a row, and where each sample's end, in timestamps. */
  readonly timestamps = new GrowingUint32();
  readonly timestampEnds = new GrowingUint32();
  /** Samples with neither value nor timestamp. */
  emptyCount = 0;

  clear(): void {
    this.count = 0;
    this.emptyCount = 0;
    for (const column of [this.stack, this.link, this.attributes, this.attributeEnds]) column.clear();
    for (const column of [this.values, this.timestamps, this.timestampEnds]) column.clear();
  }

  /**
   * Reads the sample between the reader and `end`. It counts the sum of its values, or its timestamps when it has no values;
   * a sample with a negative value counts -1.
   */
  read(reader: ProtobufReader, end: number, layout: SampleLayout, limits: OtlpSampleLimits): void {
    if (this.count >= limits.samplesMax) throw tooMany('samples', limits.samplesMax);
    const { attributes, timestamps } = this;
    const attributesMax = attributes.length + limits.sampleLabelsMax;
    const timestampsBefore = timestamps.length;
    let stack = 0;
    let link = 0;
    let valueCount = 0;
    let low = 0;
    let high = 0;
    let isNegative = false;
    while (reader.at < end) {
      const tag = reader.varint();
      const field = tag >>> 3;
      const wire = tag & 7;
      const isList = wire === WIRE.bytes;
      if (tag === 0x08) stack = reader.index();
      else if (field === layout.link && wire === WIRE.varint) link = reader.index();
      else if ((field === layout.attributes || field === layout.values) && (isList || wire === WIRE.varint)) {
        const listEnd = isList ? reader.fieldEnd(end) : reader.at;
        // A number that is not in a list stands alone.
        for (let isFirst = !isList; isFirst || reader.at < listEnd; isFirst = false) {
          if (field === layout.attributes) {
            if (attributes.length >= attributesMax) throw tooMany('labels of a sample', limits.sampleLabelsMax);
            attributes.push(reader.index());
          } else {
            low += reader.varint();
            high += reader.high;
            if (reader.high >= 0x8000_0000) isNegative = true;
            if (++valueCount > VALUES_MAX) throw tooMany('values of a sample', VALUES_MAX);
          }
        }
        if (isList && reader.at !== listEnd) throw malformed('otlp sample is cut short', reader.at);
      } else if (field === 5 && (isList || wire === WIRE.fixed64)) {
        this.#readTimestamps(reader, isList ? reader.fieldEnd(end) : reader.at + FIXED64_BYTES, end);
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp sample is cut short', reader.at);
    const timestampCount = (timestamps.length - timestampsBefore) / 2;
    if (valueCount === 0) low = timestampCount;
    if (valueCount + timestampCount === 0) this.emptyCount++;
    this.stack.push(stack);
    this.link.push(link);
    this.attributeEnds.push(attributes.length);
    this.timestampEnds.push(timestamps.length / 2);
    this.#pushValue(low, high, isNegative);
    this.count++;
  }

  #readTimestamps(reader: ProtobufReader, listEnd: number, end: number): void {
    const bytes = listEnd - reader.at;
    if (listEnd > end || bytes % FIXED64_BYTES !== 0) throw malformed('otlp timestamps are cut short', reader.at);
    const { timestamps } = this;
    timestamps.reserve(bytes / 4);
    const { bytes: source } = reader;
    for (let at = reader.at; at < listEnd; at += 4) {
      timestamps.values[timestamps.length++] =
        source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24);
    }
    reader.at = listEnd;
  }

  #pushValue(low: number, high: number, isNegative: boolean): void {
    const { values } = this;
    if (isNegative) {
      values.push(0xffff_ffff);
      values.push(0xffff_ffff);
      return;
    }
    const carried = high + Math.floor(low / TWO_32);
    if (carried >= 0x8000_0000) {
      throw new FlamelakeError('invalid_argument', 'sum of values leaves int64', { sample: this.count });
    }
    values.push(low % TWO_32);
    values.push(carried);
  }
}
