/** Label sets of samples by number: those of contexts, and those of spans in a context. */
import type { Label } from '@flamelake/model';
import type { LabelContexts } from './labels-snapshot.ts';

/** What an event says of the span it is of. */
export interface JfrSpan {
  readonly spanId: bigint;
  /** Id of a string of the snapshot. */
  readonly spanName: number;
  readonly traceIdHigh: bigint;
  readonly traceIdLow: bigint;
}

export class LabelSets {
  readonly #contexts: LabelContexts;
  readonly #sets: (readonly Label[])[];
  readonly #ofSpans = new Map<string, number>();

  constructor(contexts: LabelContexts) {
    this.#contexts = contexts;
    this.#sets = [...contexts.sets];
  }

  /** Sets by number; set 0 is empty. */
  get all(): readonly (readonly Label[])[] {
    return this.#sets;
  }

  ofContext(context: number): number {
    return this.#contexts.set(context);
  }

  ofSpan(context: number, { spanId, spanName, traceIdHigh, traceIdLow }: JfrSpan): number {
    const base = this.#contexts.set(context);
    const key = `${base} ${spanId} ${spanName} ${traceIdHigh} ${traceIdLow}`;
    const known = this.#ofSpans.get(key);
    if (known !== undefined) return known;
    const hex = (id: bigint) => id.toString(16).padStart(16, '0');
    const name = this.#contexts.string(spanName);
    const labels = [
      ...(this.#sets[base] ?? []),
      // The SDKs' name for the id of a span.
      { name: 'profile_id', value: hex(spanId) },
      ...(name === undefined || name === '' ? [] : [{ name: 'span_name', value: name }]),
      ...(traceIdHigh === 0n && traceIdLow === 0n
        ? []
        : [{ name: 'trace_id', value: hex(traceIdHigh) + hex(traceIdLow) }]),
    ];
    const number = this.#sets.push(labels) - 1;
    this.#ofSpans.set(key, number);
    return number;
  }
}
