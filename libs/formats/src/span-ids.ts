/** Ids of spans and traces as samples carry them: hex text in the string table, numbered as they appear. */
import { stringAt } from './string-column.ts';
import type { StringColumn } from './symbols.ts';

const SPAN_HEX = /^[0-9a-f]{16}$/i;
const TRACE_HEX = /^[0-9a-f]{32}$/i;
const TRACE_BYTES = 16;

export interface SpanIds {
  /** Number of the span whose id is string `index`, from 1; 0 when that is no id, or the zero id. */
  span(index: number): number;
  trace(index: number): number;
  /** `badIds` counts uses of strings that are no id. */
  finish(): { spanIds: BigUint64Array; traceIds: Uint8Array; badIds: number };
}

export function createSpanIds(strings: StringColumn): SpanIds {
  const spans = createNumbering(strings, SPAN_HEX);
  const traces = createNumbering(strings, TRACE_HEX);
  return {
    span: (index) => spans.number(index),
    trace: (index) => traces.number(index),
    finish() {
      const traceIds = new Uint8Array(traces.ids.length * TRACE_BYTES);
      for (const [i, hex] of traces.ids.entries()) traceIds.set(Buffer.from(hex, 'hex'), i * TRACE_BYTES);
      return {
        spanIds: BigUint64Array.from(spans.ids, (hex) => BigInt(`0x${hex}`) as never),
        traceIds,
        badIds: spans.bad() + traces.bad(),
      };
    },
  };
}

function createNumbering(strings: StringColumn, pattern: RegExp) {
  const byIndex = new Map<number, number>();
  const byId = new Map<string, number>();
  const ids: string[] = [];
  let bad = 0;
  const numberOf = (text: string): number => {
    if (!pattern.test(text)) return -1;
    const id = text.toLowerCase();
    if (/^0+$/.test(id)) return 0;
    const known = byId.get(id);
    if (known !== undefined) return known;
    byId.set(id, ids.push(id));
    return ids.length;
  };
  return {
    ids: ids as readonly string[],
    bad: () => bad,
    number(index: number): number {
      let made = byIndex.get(index);
      if (made === undefined) {
        made = numberOf(stringAt(strings, index));
        byIndex.set(index, made);
      }
      if (made >= 0) return made;
      bad++;
      return 0;
    },
  };
}
