/**
 * Sorts samples by their string labels. Labels that name a span or a trace belong to the sample alone; number labels are dropped;
 * every other label splits the profile. Samples are compared by string indexes, in the order the labels came; only what differs
 * there is compared as text.
 */
import { type Label, type Labels, sortLabels } from '@flamelake/model';
import type { Pprof } from './pprof.ts';
import { createSpanIds } from './span-ids.ts';
import { stringAt } from './string-column.ts';
import { tableSize } from './symbol-compactor.ts';
import type { StringColumn } from './symbols.ts';

/** What a label's key makes of it. */
const ORDINARY = 1;
const SPAN = 2;
const TRACE = 3;
const NAMELESS = 4;
/** pprof's `profile_id` is the SDKs' name for the id of a span. */
const SPECIAL_KEYS: Readonly<Record<string, number>> = {
  '': NAMELESS,
  profile_id: SPAN,
  span_id: SPAN,
  trace_id: TRACE,
};
const HASH_MULTIPLIER = 0x9e37_79b1;

export interface LabelGroups {
  /** Label sets in order of first appearance. */
  readonly labelSets: readonly Labels[];
  /** Label set by kept sample; undefined when there is at most one. */
  readonly group: Uint32Array | undefined;
  /** Span and trace by kept sample, as index + 1 into the distinct ones; undefined when no sample has one. */
  readonly span: Uint32Array | undefined;
  readonly trace: Uint32Array | undefined;
  readonly spanIds: BigUint64Array;
  /** 16 bytes each. */
  readonly traceIds: Uint8Array;
  readonly badIds: number;
}

/** @param kept - samples to sort, by index */
export function groupByLabels(pprof: Pprof, kept: Uint32Array): LabelGroups {
  const ids = createSpanIds(pprof.symbols.strings);
  if (pprof.labels.key.length === 0)
    return { labelSets: [[]], group: undefined, span: undefined, trace: undefined, ...ids.finish() };
  const { start, key, text } = pprof.labels;
  const signatures = new Signatures(pprof.symbols.strings, kept.length);
  const keyKind = new Uint8Array(pprof.symbols.strings.count);
  const group = new Uint32Array(kept.length);
  const span = new Uint32Array(kept.length);
  const trace = new Uint32Array(kept.length);
  for (let i = 0; i < kept.length; i++) {
    const sample = kept[i];
    const end = start[sample + 1];
    for (let label = start[sample]; label < end; label++) {
      const textIndex = text[label];
      if (textIndex === 0) continue;
      const keyIndex = key[label];
      let kind = keyKind[keyIndex];
      if (kind === 0) {
        kind = SPECIAL_KEYS[stringAt(pprof.symbols.strings, keyIndex)] ?? ORDINARY;
        keyKind[keyIndex] = kind;
      }
      if (kind === ORDINARY) signatures.add(keyIndex, textIndex);
      else if (kind === SPAN) span[i] = ids.span(textIndex) || span[i];
      else if (kind === TRACE) trace[i] = ids.trace(textIndex) || trace[i];
    }
    group[i] = signatures.finish();
  }
  const found = ids.finish();
  return {
    labelSets: signatures.labelSets,
    group: signatures.labelSets.length > 1 ? group : undefined,
    span: found.spanIds.length > 0 ? span : undefined,
    trace: found.traceIds.length > 0 ? trace : undefined,
    ...found,
  };
}

/** Label sets by the run of (key, text) indexes that spells them. */
class Signatures {
  readonly labelSets: Labels[] = [];
  readonly #strings: StringColumn;
  readonly #bytes: Buffer;
  readonly #numberByString = new Map<number, number>();
  readonly #numberByText = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #byKey = new Map<string, number>();
  /** Open addressing over the signatures seen, index + 1. */
  readonly #table: Uint32Array;
  readonly #group: number[] = [];
  readonly #start: number[] = [0];
  /** Pairs of all signatures seen, then of the one being added. */
  #pairs = new Uint32Array(256);
  #length = 0;
  #hash = 0;

  constructor(strings: StringColumn, samples: number) {
    this.#strings = strings;
    this.#bytes = Buffer.from(strings.bytes.buffer, strings.bytes.byteOffset, strings.bytes.length);
    this.#table = new Uint32Array(tableSize(samples));
  }

  add(key: number, text: number): void {
    if (this.#length + 2 > this.#pairs.length) {
      const grown = new Uint32Array(this.#pairs.length * 2);
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[this.#length++] = key;
    this.#pairs[this.#length++] = text;
    this.#hash = Math.imul(Math.imul(this.#hash ^ key, HASH_MULTIPLIER) ^ text, HASH_MULTIPLIER);
    this.#hash ^= this.#hash >>> 15;
  }

  /** Ends a sample's labels; returns its group. */
  finish(): number {
    const table = this.#table;
    const mask = table.length - 1;
    const start = this.#start.at(-1) as number;
    const hash = this.#hash;
    this.#hash = 0;
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const found = table[slot] - 1;
      if (found < 0) {
        table[slot] = this.#start.length;
        this.#start.push(this.#length);
        const group = this.#groupOf(start);
        this.#group.push(group);
        return group;
      }
      if (this.#equals(found, start)) {
        this.#length = start;
        return this.#group[found];
      }
    }
  }

  #equals(signature: number, start: number): boolean {
    const own = this.#start[signature];
    const length = this.#start[signature + 1] - own;
    if (this.#length - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.#pairs[own + i] !== this.#pairs[start + i]) return false;
    return true;
  }

  /** Group of a signature not seen before: its labels may still be those of another, in another order. */
  #groupOf(start: number): number {
    // Numbers of name and value by turns, sorted by that of the name; of equal names the last one stays.
    const numbers: number[] = [];
    for (let i = start; i < this.#length; i += 2) {
      const name = this.#number(this.#pairs[i]);
      let at = numbers.length;
      while (at > 0 && numbers[at - 2] >= name) at -= 2;
      numbers.splice(at, numbers[at] === name ? 2 : 0, name, this.#number(this.#pairs[i + 1]));
    }
    const key = numbers.join(' ');
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, this.labelSets.length);
    const labels: Label[] = [];
    for (let i = 0; i < numbers.length; i += 2) {
      labels.push({ name: this.#texts[numbers[i]], value: this.#texts[numbers[i + 1]] });
    }
    return this.labelSets.push(labels.length > 1 ? sortLabels(labels) : labels) - 1;
  }

  /** Number of a string, equal for equal texts: a long text in many label sets is read once. */
  #number(string: number): number {
    let number = this.#numberByString.get(string);
    if (number === undefined) {
      const text = this.#bytes.toString('utf8', this.#strings.offsets[string], this.#strings.offsets[string + 1]);
      number = this.#numberByText.get(text);
      if (number === undefined) {
        number = this.#texts.push(text) - 1;
        this.#numberByText.set(text, number);
      }
      this.#numberByString.set(string, number);
    }
    return number;
  }
}
