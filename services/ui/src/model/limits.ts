/** Limits of a tenant in words. */

/** By option: what it bounds, and how it reads when it is none. */
const WORDS: readonly (readonly [option: string, words: string, none: string])[] = [
  ['limits.retention-period', 'Profiles are kept for', 'ever'],
  ['limits.retention-size', 'They are kept up to a size of', 'any'],
  ['limits.ingestion-window', 'Profiles are taken when they are not older than', 'any age'],
  ['limits.ingestion-rate', 'Bytes that are taken a second', 'any number'],
  ['limits.profile-size-max', 'The largest profile, uncompressed', 'any'],
  ['limits.samples-max', 'Most samples in a profile', 'any'],
  ['limits.series-labels-max', 'Most labels of a series', 'any'],
  ['limits.profile-series-max', 'Most series that labels of samples split a profile into', 'any'],
  ['query.read-size-max', 'A query reads at most', 'any'],
  ['query.range-max', 'The longest range of a query', 'any'],
  ['query.lookback-max', 'A query looks back at most', 'any time'],
  ['query.nodes-max', 'Most nodes of a flame graph', 'any'],
  ['query.timeout', 'A query may take', 'any time'],
  ['ad-hoc.files-max', 'Files that are kept', 'any'],
  ['ad-hoc.file-size-max', 'The largest file', 'any'],
];

export interface Limit {
  readonly option: string;
  readonly words: string;
  readonly value: string;
}

export function limitsOf(options: ReadonlyMap<string, string>): readonly Limit[] {
  return WORDS.flatMap(([option, words, none]): Limit[] => {
    const value = options.get(option);
    if (value === undefined) return [];
    return [{ option, words, value: /^0(?:ms|s|B)?$/.test(value) ? none : inWords(value) }];
  });
}

const UNITS: Readonly<Record<string, string>> = { d: 'day', h: 'hour', m: 'minute', s: 'second' };

/** `31d` is 31 days, `32MiB` 32 MiB, `250000` 250,000. */
function inWords(value: string): string {
  const [, number = '', unit = ''] = /^(\d+)([a-zA-Z]*)$/.exec(value) ?? [];
  if (number === '') return value;
  const words = UNITS[unit];
  const spaced = Number(number).toLocaleString('en');
  if (words !== undefined) return `${spaced} ${words}${number === '1' ? '' : 's'}`;
  return unit === '' ? spaced : `${spaced} ${unit}`;
}
