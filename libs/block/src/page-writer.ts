/**
 * Writes the pages of a dataset: columns are drafted, columns make a part, and small neighbouring parts share a page.
 * `endPage` parts what is read apart: parts never share a page across it.
 */
import { ByteWriter } from '@flamelake/formats';
import { encodePage } from './page.ts';
import { type PagePart, SECTION, type StoredSection } from './section.ts';

/** Rows of numbers in a part. */
export const PART_ROWS = 65_536;
/** Parts share a page up to so many raw bytes: what a query reads in vain then costs less than another page. */
const SHARED_PAGE_BYTES = 16_384;

/** A page as the table of contents states it. */
export interface WrittenPage {
  readonly lengthBytes: number;
  readonly parts: readonly PagePart[];
}

export interface PageWriter {
  /** Columns of the parts that wait for their page: one buffer, cut by `endColumn`. */
  readonly raw: ByteWriter;
  readonly ends: number[];
  /** Parts that wait, with the number of columns before their end. */
  readonly waiting: (PagePart & { readonly columnsEnd: number })[];
  /** Finished pages, back to back. */
  readonly out: ByteWriter;
  readonly pages: WrittenPage[];
  /** Of zstd. */
  readonly level: number;
}

/** @param raw - empty; may serve another writer once the last page of this one is ended */
export function createPageWriter(level: number, raw: ByteWriter): PageWriter {
  return { raw, ends: [], waiting: [], out: new ByteWriter(256), pages: [], level };
}

/** What was written to `raw` since the last call is one column. */
export function endColumn(writer: PageWriter): void {
  writer.ends.push(writer.raw.length);
}

/** The columns ended since the last call are one part. */
export function endPart(writer: PageWriter, section: StoredSection, rows: number): void {
  const { raw, waiting } = writer;
  waiting.push({ kind: SECTION[section], rows, columnsEnd: writer.ends.length });
  if (raw.length <= SHARED_PAGE_BYTES) return;
  if (waiting.length > 1) writePage(writer, waiting.length - 1);
  if (raw.length > SHARED_PAGE_BYTES) endPage(writer);
}

/** What comes next begins a new page. */
export function endPage(writer: PageWriter): void {
  if (writer.waiting.length > 0) writePage(writer, writer.waiting.length);
}

/** Writes a page of the first `count` parts that wait. */
function writePage({ raw, ends, waiting, out, pages, level }: PageWriter, count: number): void {
  const parts = waiting.splice(0, count);
  const columns = parts[count - 1].columnsEnd;
  const own = ends.splice(0, columns);
  const size = own[columns - 1];
  const columnsOf = parts.map(({ columnsEnd }, i) => columnsEnd - (i === 0 ? 0 : parts[i - 1].columnsEnd));
  const before = out.length;
  encodePage(out, raw.view().subarray(0, size), own, columnsOf, level);
  pages.push({ lengthBytes: out.length - before, parts: parts.map(({ kind, rows }) => ({ kind, rows })) });
  const rest = raw.view().slice(size);
  raw.clear();
  raw.bytes(rest);
  for (let i = 0; i < ends.length; i++) ends[i] -= size;
  for (let i = 0; i < waiting.length; i++) {
    waiting[i] = { ...waiting[i], columnsEnd: waiting[i].columnsEnd - columns };
  }
}
