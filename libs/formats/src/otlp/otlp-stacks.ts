/** Reads the stacks that samples use: Stack 1 location_indices, leaf first. */
import { GrowingUint32 } from '../growing-columns.ts';
import type { Pprof } from '../pprof.ts';
import { malformed } from '../protobuf-reader.ts';
import type { OtlpDictionary } from './otlp-dictionary.ts';
import type { OtlpSamples } from './otlp-samples.ts';
import { NOT_SET, type OtlpSymbols } from './otlp-symbols.ts';
import { Renumbering } from './renumbering.ts';
import type { WorkBudget } from './work-budget.ts';

export class OtlpStacks {
  readonly #dictionary: OtlpDictionary;
  readonly #symbols: OtlpSymbols;
  readonly #work: WorkBudget;
  readonly #numbers: Renumbering;
  readonly #starts = new GrowingUint32();
  readonly #locations = new GrowingUint32();

  constructor(dictionary: OtlpDictionary, symbols: OtlpSymbols, work: WorkBudget) {
    this.#dictionary = dictionary;
    this.#symbols = symbols;
    this.#work = work;
    this.#numbers = new Renumbering(dictionary.count('stacks'));
  }

  /** Stacks of some samples of a profile, each distinct one once. @param samples - by index, of those read */
  read({ stack }: OtlpSamples, samples: Uint32Array): Pick<Pprof, 'stacks' | 'sampleStack'> {
    const numbers = this.#numbers;
    numbers.begin();
    const sampleStack = new Uint32Array(samples.length);
    const starts = this.#starts;
    const locations = this.#locations;
    starts.clear();
    locations.clear();
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
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x08) this.#pushFrame(reader.index(), into);
      else if (tag === 0x0a) {
        const listEnd = reader.fieldEnd(end);
        this.#work.spend(listEnd - reader.at);
        this.#pushFrames(listEnd, into);
        if (reader.at !== listEnd) throw malformed('otlp stack is cut short', reader.at);
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp stack is cut short', reader.at);
  }

  /** Varints of one and two bytes, nearly all there are, are read in place. */
  #pushFrames(listEnd: number, into: GrowingUint32): void {
    const { reader } = this.#dictionary;
    const { bytes } = reader;
    const frames = into.reserve(listEnd - reader.at);
    let at = reader.at;
    let length = into.length;
    while (at < listEnd) {
      const first = bytes[at];
      let index: number;
      if (first < 0x80) {
        index = first;
        at++;
      } else if (bytes[at + 1] < 0x80) {
        index = (first & 0x7f) | (bytes[at + 1] << 7);
        at += 2;
      } else {
        reader.at = at;
        index = reader.index();
        at = reader.at;
      }
      const picked = this.#symbols.location(index);
      if (picked !== NOT_SET) frames[length++] = picked;
    }
    into.length = length;
    reader.at = at;
  }

  #pushFrame(location: number, into: GrowingUint32): void {
    const { reader } = this.#dictionary;
    const { at } = reader;
    const picked = this.#symbols.location(location);
    reader.at = at;
    if (picked !== NOT_SET) into.push(picked);
  }
}
