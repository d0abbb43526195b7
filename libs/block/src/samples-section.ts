/**
 * Sections of a dataset's samples. Rows of one pushed label set often have the same stacktraces (samples and CPU time, objects
 * and bytes), so these are stored once, as lists, and values by row. By page column:
 *
 *     stacks  0 stacktrace, varint   list after list, numbered as their first rows come; each list ascends: the first
 *                                    element as it is, the others as difference from the one before
 *     values  0 value ÷ unit, varint row after row
 *
 * Lists and rows run on across pages. How long they are is known from the profiles section.
 */
import type { ByteWriter } from '@flamelake/formats';
import { checkRows, readInt64s, readUint32s } from './columns.ts';
import { halvesOf, scale } from './int64.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import { listStarts, mismatch, type StoredProfiles } from './profiles-section.ts';
import type { SampleColumns } from './types.ts';

/** @param steps - elements of the lists, the first of a list as it is, the others as differences */
export function writeStacks(out: ByteWriter, steps: Uint32Array, level: number): void {
  const draft = createPageDraft();
  for (let from = 0; from < steps.length; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, steps.length);
    draft.raw.varints(steps, from, until);
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

/** @param quotients - values ÷ unit, row after row */
export function writeValues(out: ByteWriter, quotients: BigInt64Array, level: number): void {
  const draft = createPageDraft();
  for (let from = 0; from < quotients.length; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, quotients.length);
    draft.raw.varints64(quotients.subarray(from, until));
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

export function readSamples(
  stackPages: readonly Page[],
  valuePages: readonly Page[],
  profiles: StoredProfiles,
  counts: { readonly entries: number; readonly nodes: number },
): SampleColumns {
  const { count, sampleStart, unit } = profiles;
  const samples = sampleStart[count];
  checkRows(stackPages, counts.entries);
  checkRows(valuePages, samples);
  const steps = readUint32s(stackPages, 0, (reader, rows) => reader.varints(rows, counts.nodes));
  const value = readInt64s(valuePages, 0, (reader, rows) => reader.varints64(rows));
  const halves = halvesOf(value);
  const rowStart = listStarts(profiles, counts.entries);
  const stacktrace = new Uint32Array(samples);
  for (let row = 0; row < count; row++) {
    const from = sampleStart[row];
    const until = sampleStart[row + 1];
    let node = 0;
    for (let at = from, entry = rowStart[row]; at < until; at++, entry++) {
      node += steps[entry];
      stacktrace[at] = node;
    }
    if (node >= counts.nodes) throw mismatch(row);
    scale(value, halves, from, until, unit[row]);
  }
  return { count: samples, stacktrace, value };
}
