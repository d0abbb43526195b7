/** Sections of a block: their numbers in the table of contents, and what is known of a dataset's sections before they are read. */
import { FlamelakeError } from '@flamelake/model';

/** Numbers are stored: never reuse one. Sections with numbers unknown to a reader are skipped. */
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
  identities: 32,
  quarantine: 33,
} as const;

/** Name of a section as it is stored; `samples` of a reader are `stacks` and `values`. */
export type StoredSection = keyof typeof SECTION;

/** Where a section is and how many rows it has. */
export interface SectionPlace {
  readonly kind: number;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly rows: number;
}

/** Rows of a section; 0 when it is absent. */
export function rowsOf(places: readonly SectionPlace[], section: StoredSection): number {
  return placeOf(places, section)?.rows ?? 0;
}

export function placeOf(places: readonly SectionPlace[], section: StoredSection): SectionPlace | undefined {
  return places.find((place) => place.kind === SECTION[section]);
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
