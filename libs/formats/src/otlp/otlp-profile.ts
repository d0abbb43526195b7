/**
 * Reads one OTLP profile as pprof columns: one set for each service its samples name.
 *
 *     Profile    1 sample_type, 2 samples, 3 time_unix_nano, 4 duration_nano, 5 period_type, 6 period,
 *                7 profile_id (v1.8: 8), 9 and 10 the profile as it was before conversion: not read, its samples are here
 *     ValueType  1 type_strindex, 2 unit_strindex
 *     Stack      1 location_indices, leaf first
 *     Link       1 trace_id, 2 span_id
 */
import { FlamelakeError } from '@flamelake/model';
import { asBigInt64, GrowingUint32 } from '../growing-columns.ts';
import type { Pprof, SampleLabelColumns, ValueType } from '../pprof.ts';
import { malformed, WIRE } from '../protobuf-reader.ts';
import { readAttribute } from './otlp-attributes.ts';
import type { OtlpDictionary } from './otlp-dictionary.ts';
import { checkProfileField, type Place, type SampleLayout } from './otlp-layout.ts';
import { type OtlpSampleLimits, OtlpSamples } from './otlp-samples.ts';
import { NOT_SET, OtlpSymbols } from './otlp-symbols.ts';
import { Renumbering } from './renumbering.ts';
import type { WorkBudget } from './work-budget.ts';

const PROFILE_ID_BYTES = 16;
const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const SERVICE = 'service.name';

/** The samples of a profile that belong to one service. */
export interface OtlpProfilePart {
  /** What the samples' own `service.name` says; undefined when they have none. */
  readonly service: string | undefined;
  readonly pprof: Pprof;
}

export interface OtlpProfile {
  readonly parts: readonly OtlpProfilePart[];
  /** Whether the profile has an id of its own. */
  readonly hasId: boolean;
}

/** What a profile says beside its samples. */
interface Head {
  sampleType: ValueType;
  periodType: ValueType | undefined;
  period: bigint;
  timeNanos: bigint;
  durationNanos: bigint;
  hasId: boolean;
}

/** Reads the profiles of one request, one after the other. */
export class OtlpProfileReader {
  readonly #dictionary: OtlpDictionary;
  readonly #layout: SampleLayout;
  readonly #limits: OtlpSampleLimits;
  readonly #work: WorkBudget;
  readonly #symbols: OtlpSymbols;
  readonly #samples = new OtlpSamples();
  readonly #stackNumbers: Renumbering;
  readonly #attributeNumbers: Renumbering;
  readonly #attributes = new Map<number, { readonly key: string; readonly value: string | undefined }>();

  constructor(dictionary: OtlpDictionary, layout: SampleLayout, limits: OtlpSampleLimits, work: WorkBudget) {
    this.#dictionary = dictionary;
    this.#layout = layout;
    this.#limits = limits;
    this.#work = work;
    this.#symbols = new OtlpSymbols(dictionary, work);
    this.#stackNumbers = new Renumbering(dictionary.count('stacks'));
    this.#attributeNumbers = new Renumbering(dictionary.count('attributes'));
  }

  /** @throws {FlamelakeError} `invalid_argument` when the profile, or something it uses, is wrong */
  read(place: Place): OtlpProfile {
    this.#samples.clear();
    const head = this.#readHead(place);
    const { count, emptyCount } = this.#samples;
    if (count > 0 && emptyCount === count) {
      throw new FlamelakeError('invalid_argument', 'otlp samples have neither values nor timestamps', {
        samples: count,
        served: 'schema v1.8 to v1.11',
      });
    }
    const parts: OtlpProfilePart[] = [];
    for (const [service, samples] of this.#byService()) {
      parts.push({ service, pprof: this.#columns(head, samples) });
    }
    return { parts, hasId: head.hasId };
  }

  #readHead({ start, end }: Place): Head {
    const { reader } = this.#dictionary;
    const head: Head = {
      sampleType: { type: '', unit: '' },
      periodType: undefined,
      period: 0n,
      timeNanos: 0n,
      durationNanos: 0n,
      hasId: false,
    };
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x12) {
        const sampleEnd = reader.fieldEnd(end);
        this.#samples.read(reader, sampleEnd, this.#layout, this.#limits);
        continue;
      }
      checkProfileField(tag, !this.#dictionary.isEmpty);
      if (tag === 0x0a || tag === 0x2a) {
        const fieldEnd = reader.fieldEnd(end);
        const type = this.#readValueType(fieldEnd);
        if (tag === 0x0a) head.sampleType = type;
        else head.periodType = type;
        reader.at = fieldEnd;
      } else if (tag === 0x19) head.timeNanos = this.#readTime(end);
      else if (tag === 0x20) head.durationNanos = reader.int64();
      else if (tag === 0x30) head.period = reader.int64();
      else if (tag === 0x3a || tag === 0x42) {
        const fieldEnd = reader.fieldEnd(end);
        head.hasId ||= isSet(reader.bytes, reader.at, fieldEnd, PROFILE_ID_BYTES);
        reader.at = fieldEnd;
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp profile is cut short', reader.at);
    return head;
  }

  #readTime(end: number): bigint {
    const { reader } = this.#dictionary;
    const { bytes, at } = reader;
    if (at + 8 > end) throw malformed('otlp profile is cut short', at);
    reader.at = at + 8;
    return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigInt64(0, true);
  }

  #readValueType(end: number): ValueType {
    const { reader } = this.#dictionary;
    let type = 0;
    let unit = 0;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x08) type = reader.index();
      else if (tag === 0x10) unit = reader.index();
      else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp value type is cut short', reader.at);
    return { type: this.#dictionary.text(type), unit: this.#dictionary.text(unit) };
  }

  /** Samples by the service they name, in order of first appearance. */
  #byService(): Map<string | undefined, Uint32Array> {
    const { count, attributes, attributeEnds } = this.#samples;
    const services = new Map<string | undefined, number[]>();
    for (let sample = 0, at = 0; sample < count; sample++) {
      let service: string | undefined;
      for (; at < attributeEnds.values[sample]; at++) {
        const { key, value } = this.#attribute(attributes.values[at]);
        if (key === SERVICE && value !== '') service = value;
      }
      const same = services.get(service);
      if (same === undefined) services.set(service, [sample]);
      else same.push(sample);
    }
    return new Map([...services].map(([service, samples]) => [service, Uint32Array.from(samples)]));
  }

  #attribute(index: number): { readonly key: string; readonly value: string | undefined } {
    let attribute = this.#attributes.get(index);
    if (attribute === undefined) {
      attribute = readAttribute(this.#dictionary, index);
      this.#attributes.set(index, attribute);
    }
    return attribute;
  }

  #columns(head: Head, samples: Uint32Array): Pprof {
    this.#symbols.begin();
    const { stacks, sampleStack } = this.#stacks(samples);
    const labels = this.#labels(samples);
    const { sampleType, periodType, period, timeNanos, durationNanos } = head;
    return {
      symbols: this.#symbols.finish(),
      sampleTypes: [sampleType],
      periodType: periodType?.type === '' ? undefined : periodType,
      period,
      timeNanos,
      durationNanos,
      stacks,
      sampleStack,
      sampleCount: samples.length,
      values: this.#values(samples),
      labels,
      comments: [],
      defaultSampleType: '',
    };
  }

  #values(samples: Uint32Array): BigInt64Array {
    const halves = new Uint32Array(samples.length * 2);
    const { values } = this.#samples.values;
    for (let i = 0; i < samples.length; i++) {
      halves[i * 2] = values[samples[i] * 2];
      halves[i * 2 + 1] = values[samples[i] * 2 + 1];
    }
    return asBigInt64(halves);
  }

  #stacks(samples: Uint32Array): Pick<Pprof, 'stacks' | 'sampleStack'> {
    const { stack } = this.#samples;
    const numbers = this.#stackNumbers;
    numbers.begin();
    const sampleStack = new Uint32Array(samples.length);
    const starts = new GrowingUint32();
    const locations = new GrowingUint32();
    starts.push(0);
    // Where there are no stacks, index 0 still means none.
    const hasStacks = this.#dictionary.count('stacks') > 0;
    for (let i = 0; i < samples.length; i++) {
      const index = stack.values[samples[i]];
      let number = numbers.known(index);
      if (number < 0) {
        if (hasStacks || index > 0) this.#readStack(index, locations);
        starts.push(locations.length);
        number = numbers.add(index);
      }
      sampleStack[i] = number;
    }
    const count = starts.length - 1;
    const start = starts.values.slice(0, count + 1);
    return { stacks: { count, start, locations: locations.values.slice(0, locations.length) }, sampleStack };
  }

  #readStack(index: number, into: GrowingUint32): void {
    const { reader } = this.#dictionary;
    const end = this.#dictionary.enter('stacks', index);
    const push = (location: number): void => {
      const { at } = reader;
      const picked = this.#symbols.location(location);
      reader.at = at;
      if (picked !== NOT_SET) into.push(picked);
    };
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x08) push(reader.index());
      else if (tag === 0x0a) {
        const listEnd = reader.fieldEnd(end);
        this.#work.spend(listEnd - reader.at);
        while (reader.at < listEnd) push(reader.index());
        if (reader.at !== listEnd) throw malformed('otlp stack is cut short', reader.at);
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp stack is cut short', reader.at);
  }

  #labels(samples: Uint32Array): SampleLabelColumns {
    const { attributes, attributeEnds, link } = this.#samples;
    const numbers = this.#attributeNumbers;
    numbers.begin();
    /** By number of the attribute. */
    const keys: number[] = [];
    const texts: number[] = [];
    const start = new Uint32Array(samples.length + 1);
    const key = new GrowingUint32();
    const text = new GrowingUint32();
    const add = (keyIndex: number, textIndex: number): void => {
      key.push(keyIndex);
      text.push(textIndex);
    };
    const links = this.#linkLabels(add);
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i];
      const end = attributeEnds.values[sample];
      for (let at = sample === 0 ? 0 : attributeEnds.values[sample - 1]; at < end; at++) {
        const index = attributes.values[at];
        let number = numbers.known(index);
        if (number < 0) {
          const { key: name, value } = this.#attribute(index);
          const isLabel = name !== '' && name !== SERVICE && value !== undefined;
          keys.push(isLabel ? this.#symbols.addText(name) : 0);
          texts.push(isLabel ? this.#symbols.addText(value) : 0);
          number = numbers.add(index);
        }
        if (texts[number] !== 0) add(keys[number], texts[number]);
      }
      if (link.values[sample] !== 0) links(link.values[sample]);
      start[i + 1] = key.length;
    }
    return {
      start,
      key: key.values.slice(0, key.length),
      text: text.values.slice(0, text.length),
      number: new BigInt64Array(key.length),
      numberUnit: new Uint32Array(key.length),
    };
  }

  /** Makes what adds a link's ids as the labels they are in pprof: hex text. */
  #linkLabels(add: (key: number, text: number) => void): (link: number) => void {
    const ids = new Map<number, readonly [span: number, trace: number]>();
    let keys: readonly [span: number, trace: number] | undefined;
    return (link) => {
      keys ??= [this.#symbols.addText('span_id'), this.#symbols.addText('trace_id')];
      const known = ids.get(link) ?? this.#readLink(link);
      ids.set(link, known);
      known.forEach((text, i) => {
        if (text !== 0 && keys !== undefined) add(keys[i], text);
      });
    };
  }

  #readLink(index: number): readonly [span: number, trace: number] {
    const { reader } = this.#dictionary;
    const end = this.#dictionary.enter('links', index);
    let [span, trace] = [0, 0];
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag !== 0x0a && tag !== 0x12) {
        reader.skip(tag, end);
        continue;
      }
      const fieldEnd = reader.fieldEnd(end);
      const bytes = tag === 0x0a ? TRACE_BYTES : SPAN_BYTES;
      const id = isSet(reader.bytes, reader.at, fieldEnd, bytes) ? this.#symbols.addText(this.#hex(fieldEnd)) : 0;
      if (tag === 0x0a) trace = id;
      else span = id;
      reader.at = fieldEnd;
    }
    if (reader.at !== end) throw malformed('otlp link is cut short', reader.at);
    return [span, trace];
  }

  #hex(end: number): string {
    const { reader } = this.#dictionary;
    return Buffer.from(reader.bytes.subarray(reader.at, end)).toString('hex');
  }
}

/** Whether an id has its length and is not all zero. */
function isSet(bytes: Uint8Array, start: number, end: number, length: number): boolean {
  return end - start === length && bytes.subarray(start, end).some((byte) => byte !== 0);
}

/** Whether a tag is of a sub-message with this number. */
export function isMessage(tag: number, field: number): boolean {
  return tag === ((field << 3) | WIRE.bytes);
}
