/** Reads the attributes and links of samples as the labels they are in pprof: Link 1 trace_id, 2 span_id. */
import { GrowingUint32 } from '../growing-columns.ts';
import type { SampleLabelColumns } from '../pprof.ts';
import { malformed } from '../protobuf-reader.ts';
import { type OtlpAttributes, SERVICE } from './otlp-attributes.ts';
import type { OtlpDictionary } from './otlp-dictionary.ts';
import type { OtlpSamples } from './otlp-samples.ts';
import type { OtlpSymbols } from './otlp-symbols.ts';
import { Renumbering } from './renumbering.ts';

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;

export class OtlpLabels {
  readonly #dictionary: OtlpDictionary;
  readonly #symbols: OtlpSymbols;
  readonly #attributes: OtlpAttributes;
  readonly #numbers: Renumbering;
  readonly #keys = new GrowingUint32();
  readonly #texts = new GrowingUint32();

  constructor(dictionary: OtlpDictionary, symbols: OtlpSymbols, attributes: OtlpAttributes) {
    this.#dictionary = dictionary;
    this.#symbols = symbols;
    this.#attributes = attributes;
    this.#numbers = new Renumbering(dictionary.count('attributes'));
  }

  /** Attributes and links of some samples of a profile. @param samples - by index, of those read */
  read({ attributes, attributeEnds, link }: OtlpSamples, samples: Uint32Array): SampleLabelColumns {
    const numbers = this.#numbers;
    numbers.begin();
    /** By number of the attribute. */
    const keys: number[] = [];
    const texts: number[] = [];
    const start = new Uint32Array(samples.length + 1);
    const key = this.#keys;
    const text = this.#texts;
    key.clear();
    text.clear();
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
          const { key: name, value } = this.#attributes.read(index);
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
export function isSet(bytes: Uint8Array, start: number, end: number, length: number): boolean {
  return end - start === length && bytes.subarray(start, end).some((byte) => byte !== 0);
}
