/**
 * Reads one OTLP profile as pprof columns: one set for each service its samples name.
 *
 *     Profile    1 sample_type, 2 samples, 3 time_unix_nano, 4 duration_nano, 5 period_type, 6 period,
 *                7 profile_id (v1.8: 8), 9 and 10 the profile as it was before conversion: not read, its samples are here
 *     ValueType  1 type_strindex, 2 unit_strindex
 */
import { FlamelakeError } from '@flamelake/model';
import { asBigInt64 } from '../growing-columns.ts';
import type { Pprof, ValueType } from '../pprof.ts';
import { malformed, WIRE } from '../protobuf-reader.ts';
import { OtlpAttributes, SERVICE } from './otlp-attributes.ts';
import type { OtlpDictionary } from './otlp-dictionary.ts';
import { isSet, OtlpLabels } from './otlp-labels.ts';
import { checkProfileField, type Place, type SampleLayout } from './otlp-layout.ts';
import { type OtlpSampleLimits, OtlpSamples } from './otlp-samples.ts';
import { OtlpStacks } from './otlp-stacks.ts';
import { OtlpSymbols } from './otlp-symbols.ts';
import type { WorkBudget } from './work-budget.ts';

const PROFILE_ID_BYTES = 16;
/** What an attribute's key makes of it; 0 is not known yet. */
const NAMES_NOTHING = 1;
const NAMES_SERVICE = 2;

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
  readonly #symbols: OtlpSymbols;
  readonly #samples = new OtlpSamples();
  readonly #stacks: OtlpStacks;
  readonly #labels: OtlpLabels;
  readonly #attributeKinds: Uint8Array;
  readonly #attributes: OtlpAttributes;

  constructor(dictionary: OtlpDictionary, layout: SampleLayout, limits: OtlpSampleLimits, work: WorkBudget) {
    this.#dictionary = dictionary;
    this.#layout = layout;
    this.#limits = limits;
    this.#symbols = new OtlpSymbols(dictionary, work);
    this.#attributes = new OtlpAttributes(dictionary);
    this.#stacks = new OtlpStacks(dictionary, this.#symbols, work);
    this.#labels = new OtlpLabels(dictionary, this.#symbols, this.#attributes);
    this.#attributeKinds = new Uint8Array(dictionary.count('attributes'));
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
    const { count } = this.#samples;
    if (!this.#nameServices()) return new Map([[undefined, Uint32Array.from({ length: count }, (_, i) => i)]]);
    const { attributes, attributeEnds } = this.#samples;
    const services = new Map<string | undefined, number[]>();
    for (let sample = 0, at = 0; sample < count; sample++) {
      let service: string | undefined;
      for (; at < attributeEnds.values[sample]; at++) {
        const { key, value } = this.#attributes.read(attributes.values[at]);
        if (key === SERVICE && value !== '') service = value;
      }
      const same = services.get(service);
      if (same === undefined) services.set(service, [sample]);
      else same.push(sample);
    }
    return new Map([...services].map(([service, samples]) => [service, Uint32Array.from(samples)]));
  }

  /** Whether any sample may name its service. */
  #nameServices(): boolean {
    const { values, length } = this.#samples.attributes;
    const kinds = this.#attributeKinds;
    let any = false;
    for (let at = 0; at < length; at++) {
      const index = values[at];
      // Past the table there is nothing but an error, which reading it throws.
      if (index >= kinds.length || kinds[index] === 0) {
        kinds[index] = this.#attributes.read(index).key === SERVICE ? NAMES_SERVICE : NAMES_NOTHING;
      }
      any ||= kinds[index] === NAMES_SERVICE;
    }
    return any;
  }

  #columns(head: Head, samples: Uint32Array): Pprof {
    this.#symbols.begin();
    const { stacks, sampleStack } = this.#stacks.read(this.#samples, samples);
    const labels = this.#labels.read(this.#samples, samples);
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
      sampleTimes: this.#times(samples),
      comments: [],
      defaultSampleType: '',
    };
  }

  #times(samples: Uint32Array): Pprof['sampleTimes'] {
    const { timestamps, timestampEnds } = this.#samples;
    if (timestamps.length === 0) return undefined;
    const start = new Uint32Array(samples.length + 1);
    const startOf = (sample: number) => (sample === 0 ? 0 : timestampEnds.values[sample - 1]);
    for (let i = 0; i < samples.length; i++) {
      start[i + 1] = start[i] + timestampEnds.values[samples[i]] - startOf(samples[i]);
    }
    const halves = new Uint32Array(start[samples.length] * 2);
    for (let i = 0; i < samples.length; i++) {
      const from = startOf(samples[i]);
      halves.set(timestamps.values.subarray(from * 2, (from + start[i + 1] - start[i]) * 2), start[i] * 2);
    }
    return { start, nanos: asBigInt64(halves) };
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
}

/** Whether a tag is of a sub-message with this number. */
export function isMessage(tag: number, field: number): boolean {
  return tag === ((field << 3) | WIRE.bytes);
}
