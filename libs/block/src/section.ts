/** Sections of a block: their numbers in the table of contents, and what is known of them before they are read. */
import { FlamelakeError } from '@flamelake/model';

/** Numbers are stored: never reuse one. Parts of sections with numbers unknown to a reader are skipped. */
export const SECTION = {
  strings: 1,
  functions: 2,
  locations: 3,
  mappings: 4,
  tree: 5,
  series: 6,
  profiles: 7,
  stacks: 8,
  values: 9,
  spans: 10,
  pushes: 11,
  totals: 12,
  totalStacks: 13,
  times: 14,
  identities: 32,
  quarantine: 33,
  labels: 34,
} as const;

/** Name of a section as it is stored; `samples` of a reader are `stacks` and `values`. */
export type StoredSection = keyof typeof SECTION;

/** A part of a page: so many rows of one section. */
export interface PagePart {
  readonly kind: number;
  readonly rows: number;
}

/** Where a page is and what it holds. */
export interface PagePlace {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly parts: readonly PagePart[];
}

/** A part of a section: the rows `[from, from + rows)`. */
export interface PartPlace {
  /** Number of the page, and of the part in it. */
  readonly page: number;
  readonly part: number;
  readonly from: number;
  readonly rows: number;
}

/** Parts of a section, in order. */
export function partsOf(pages: readonly PagePlace[], section: StoredSection): readonly PartPlace[] {
  const found: PartPlace[] = [];
  let from = 0;
  pages.forEach(({ parts }, page) => {
    parts.forEach(({ kind, rows }, part) => {
      if (kind !== SECTION[section]) return;
      found.push({ page, part, from, rows });
      from += rows;
    });
  });
  return found;
}

/** Rows of all parts of a section. */
export function rowCount(parts: readonly PartPlace[]): number {
  const last = parts.at(-1);
  return last === undefined ? 0 : last.from + last.rows;
}

/** Says which object and section an error is about. */
export function inSection<T>(object: string, section: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FlamelakeError)) throw error;
    throw new FlamelakeError(error.code, error.message, { object, section, ...error.details }, { cause: error });
  }
}
