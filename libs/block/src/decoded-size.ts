/** How large the columns of a section become in memory: known before they are decoded, never too little. */
import type { Part } from './page.ts';
import type { StoredSection } from './section.ts';

/** Bytes that a row takes, and that a raw byte may become: a varint of one byte is an element of four or eight. */
const SIZES: Readonly<Record<StoredSection, { readonly row: number; readonly rawByte: number }>> = {
  strings: { row: 8, rawByte: 1 },
  functions: { row: 32, rawByte: 0 },
  locations: { row: 40, rawByte: 4 },
  mappings: { row: 64, rawByte: 0 },
  tree: { row: 12, rawByte: 0 },
  // An object for each series and label.
  series: { row: 768, rawByte: 24 },
  profiles: { row: 0, rawByte: 0 },
  stacks: { row: 8, rawByte: 4 },
  values: { row: 8, rawByte: 8 },
  spans: { row: 40, rawByte: 1 },
  times: { row: 24, rawByte: 4 },
  pushes: { row: 64, rawByte: 0 },
  totals: { row: 192, rawByte: 0 },
  totalStacks: { row: 12, rawByte: 8 },
  identities: { row: 40, rawByte: 1 },
  quarantine: { row: 64, rawByte: 2 },
  // As series, of which a row is many.
  labels: { row: 64, rawByte: 64 },
};

/** Columns of a row of profiles: made for all rows of the dataset at once. */
export const PROFILE_ROW_BYTES = 76;
/** Span and trace of a sample, and the sample where it is laid out: its stacktrace and value. */
export const SPAN_SAMPLE_BYTES = 24;
export const SAMPLE_BYTES = 12;
/** Where the times of an element begin, and how many elements there are before it. */
export const TIMED_ELEMENT_BYTES = 8;

export function decodedSize(section: StoredSection, parts: readonly Part[]): number {
  const { row, rawByte } = SIZES[section];
  let bytes = 0;
  for (const { rows, columns } of parts) {
    bytes += rows * row;
    for (const { remaining } of columns) bytes += remaining * rawByte;
  }
  return bytes;
}
