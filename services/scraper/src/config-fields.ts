/** Fields of parsed YAML, each checked; an error names file, key, and what belongs there. */
import { FlamelakeError, parseDuration } from '@flamelake/model';

/** A value of the file and where it stands. */
export interface Place {
  readonly file: string;
  /** As in `scrape-configs[0].static-configs[1].targets`. */
  readonly key: string;
}

export type Fields = Readonly<Record<string, unknown>>;

const LIST_MAX = 10_000;
const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

export function malformed({ file, key }: Place, expected: string, cause?: unknown): FlamelakeError {
  const details = { file, key: key === '' ? 'top level' : key, expected };
  return new FlamelakeError('invalid_argument', 'scrape configuration has a wrong value', details, { cause });
}

export function inside({ file, key }: Place, name: string | number): Place {
  if (typeof name === 'number') return { file, key: `${key}[${name}]` };
  return { file, key: key === '' ? name : `${key}.${name}` };
}

/** A mapping with no other keys than `names`; an absent one is empty. */
export function fieldsOf(value: unknown, names: readonly string[] | undefined, place: Place): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(place, 'keys with values');
  const unknown = names === undefined ? undefined : Object.keys(value).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    const details = { file: place.file, key: inside(place, unknown).key, known: (names ?? []).join(', ') };
    throw new FlamelakeError('invalid_argument', 'unknown key in the scrape configuration', details);
  }
  return { ...value };
}

export function listOf(value: unknown, place: Place): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.length <= LIST_MAX) return value;
  throw malformed(place, `a list of at most ${LIST_MAX}`);
}

/** Reads a list of mappings or plain values. */
export function eachOf<T>(fields: Fields, name: string, at: Place, read: (value: unknown, place: Place) => T): T[] {
  const place = inside(at, name);
  return listOf(fields[name], place).map((value, number) => read(value, inside(place, number)));
}

/** A plain value as text: YAML reads `10` and `true` as something else. */
export function scalarOf(value: unknown, place: Place): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  throw malformed(place, 'a text');
}

export function textOf(fields: Fields, name: string, at: Place, absent = ''): string {
  const value = fields[name];
  return value === undefined || value === null ? absent : scalarOf(value, inside(at, name));
}

export function requiredText(fields: Fields, name: string, at: Place): string {
  const text = textOf(fields, name, at);
  if (text === '') throw malformed(inside(at, name), 'a text');
  return text;
}

export function switchOf(fields: Fields, name: string, at: Place, absent: boolean): boolean {
  const value = fields[name];
  if (value === undefined || value === null) return absent;
  if (typeof value === 'boolean') return value;
  throw malformed(inside(at, name), 'true or false');
}

export function choiceOf<T extends string>(
  fields: Fields,
  name: string,
  at: Place,
  choices: readonly T[],
  absent: T,
): T {
  const text = textOf(fields, name, at, absent);
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw malformed(inside(at, name), `one of ${choices.join(', ')}`);
  return found;
}

/** @returns ms, at least `minMs` */
export function durationOf(fields: Fields, name: string, at: Place, absentMs: number, minMs: number): number {
  const value = fields[name];
  if (value === undefined || value === null) return absentMs;
  const expected = `a duration such as 15s, from ${minMs}ms to 1d`;
  try {
    const ms = parseDuration(scalarOf(value, inside(at, name)));
    if (ms >= minMs && ms <= 86_400_000) return ms;
  } catch (cause) {
    throw malformed(inside(at, name), expected, cause);
  }
  throw malformed(inside(at, name), expected);
}

export function bytesOf(fields: Fields, name: string, at: Place): number {
  const text = textOf(fields, name, at, '0');
  const match = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB|)$/.exec(text);
  if (match === null) throw malformed(inside(at, name), 'a size such as 10MiB, or 0 for the limit of the server');
  return Math.round(Number(match[1]) * (BYTE_UNITS[match[2]] ?? 1));
}

/** Texts by name. */
export function textsOf(value: unknown, place: Place): Record<string, string> {
  const entries = Object.entries(fieldsOf(value, undefined, place));
  return Object.fromEntries(entries.map(([name, text]) => [name, scalarOf(text, inside(place, name))]));
}
