/** Reads one dataset of a block: pages are fetched, checked and decoded when something in them is first asked for. */
import type { Memory } from '@flamelake/model';
import { decodedSize, PROFILE_ROW_BYTES, SPAN_SAMPLE_BYTES, TIMED_ELEMENT_BYTES } from './decoded-size.ts';
import { readFunctions } from './functions-section.ts';
import { readLocations } from './locations-section.ts';
import { readMappings } from './mappings-section.ts';
import { createOnce } from './once.ts';
import type { Part } from './page.ts';
import { createPageLoader } from './page-loader.ts';
import { createProfiles, readProfiles, type StoredProfiles } from './profiles-section.ts';
import { readPushes } from './pushes-section.ts';
import { allSamples, createSampleParts, missingParts, visitRows } from './sample-reader.ts';
import { readStacks, readValues } from './samples-section.ts';
import { inSection, type PagePlace, type PartPlace, partsOf, rowCount, type StoredSection } from './section.ts';
import { readSeries } from './series-section.ts';
import { listLengths, readSpans } from './spans-section.ts';
import { readStrings } from './strings-section.ts';
import { readTimes } from './times-section.ts';
import { checkTotal, readTotalStacks, readTotals, type TotalRow } from './totals-section.ts';
import { readTree } from './tree-section.ts';
import type {
  BlockSource,
  DatasetInfo,
  DatasetReader,
  RowRange,
  SampleColumns,
  SectionName,
  Series,
  StackTotals,
} from './types.ts';

/** Sections that are decoded as a whole; rows and lists are decoded by part. */
type WholeSection = Exclude<SectionName, 'profiles' | 'samples'> | 'pushes' | 'totals';

/** What else it takes to decode a section: series say how many rows there are, rows which samples they have. */
const NEEDED: Readonly<Partial<Record<SectionName, readonly SectionName[]>>> = {
  profiles: ['series'],
  samples: ['series', 'profiles'],
  spans: ['series', 'profiles', 'samples'],
  times: ['series', 'profiles', 'samples'],
};

/** Totals and symbols of a dataset up to this size are fetched together. */
const ONE_READ_BYTES = 1_048_576;

/** @param knownSeries - where the block has them already */
export function createDatasetReader(
  source: BlockSource,
  tail: Uint8Array,
  info: DatasetInfo,
  places: readonly PagePlace[],
  identityCount: number,
  memory: Memory,
  knownSeries: () => readonly Series[] | undefined = () => undefined,
): DatasetReader {
  const loader = createPageLoader(source, tail, places, memory);
  const once = createOnce<WholeSection | 'samples'>();
  const parts = {
    strings: partsOf(places, 'strings'),
    functions: partsOf(places, 'functions'),
    locations: partsOf(places, 'locations'),
    mappings: partsOf(places, 'mappings'),
    tree: partsOf(places, 'tree'),
    series: partsOf(places, 'series'),
    profiles: partsOf(places, 'profiles'),
    spans: partsOf(places, 'spans'),
    times: partsOf(places, 'times'),
    pushes: partsOf(places, 'pushes'),
    totals: partsOf(places, 'totals'),
    totalStacks: partsOf(places, 'totalStacks'),
  };
  const lists = createSampleParts(partsOf(places, 'stacks'), partsOf(places, 'values'));
  const { stacks, values, paired } = lists;
  const count = (section: keyof typeof parts): number => rowCount(parts[section]);
  const all: readonly RowRange[] = [{ from: 0, until: count('profiles') }];
  const isDecoded = new Uint8Array(parts.profiles.length);
  let columns: StoredProfiles | undefined;

  /** Parts of profiles that hold rows and are not decoded. */
  const missingProfiles = (rows: readonly RowRange[]): readonly number[] =>
    [...parts.profiles.keys()].filter((part) => {
      const { from, rows: length } = parts.profiles[part];
      return isDecoded[part] === 0 && rows.some((range) => range.from < from + length && range.until > from);
    });
  const missingLists = (rows: readonly RowRange[]) => missingParts(lists, rows === all ? undefined : columns, rows);

  const pagesOf = (name: SectionName, rows: readonly RowRange[]): readonly number[] => {
    const wholePages = (section: WholeSection) => (once.has(section) ? [] : parts[section].map(({ page }) => page));
    if (name === 'profiles') {
      return [...wholePages('pushes'), ...missingProfiles(rows).map((part) => parts.profiles[part].page)];
    }
    if (name === 'series' && knownSeries() !== undefined) return [];
    if (name !== 'samples') return wholePages(name);
    const missing = missingLists(rows);
    return [
      ...missing.stacks.map((part) => stacks.places[part].page),
      ...missing.values.map((part) => values.places[part].page),
    ];
  };
  const fetch = async (sections: readonly SectionName[], rows: readonly RowRange[], signal?: AbortSignal) => {
    const needed = sections.flatMap((name) => [name, ...(NEEDED[name] ?? [])]);
    // Which lists some rows name is known from their profiles.
    if (rows !== all && needed.includes('samples')) await profiles(rows, signal);
    await loader.load(
      needed.flatMap((name) => pagesOf(name, rows)),
      signal,
    );
  };

  const decode = <T>(section: StoredSection, own: readonly PartPlace[], read: (parts: readonly Part[]) => T): T => {
    const taken = own.map((place) => loader.take(place, section));
    memory.take(decodedSize(section, taken));
    const made = inSection(source.key, section, () => read(taken));
    loader.settle();
    return made;
  };
  const whole = <T>(section: WholeSection, read: (own: readonly Part[]) => T) =>
    once(section, async () => {
      // Asked again, as `once` knows the section from now on.
      await loader.load(parts[section].map(({ page }) => page));
      return decode(section, parts[section], read);
    });
  const series = async (): Promise<readonly Series[]> =>
    knownSeries() ?? whole('series', (own) => readSeries(own, info.service));

  const profiles = async (rows: readonly RowRange[], signal?: AbortSignal): Promise<StoredProfiles> => {
    await fetch(['profiles'], rows, signal);
    const own = await series();
    if (columns === undefined) memory.take(PROFILE_ROW_BYTES * count('profiles'));
    const into = (columns ??= inSection(source.key, 'profiles', () => createProfiles(own, count('profiles'))));
    const pushes = await whole('pushes', (found) => readPushes(found, identityCount));
    const limits = { stackLists: rowCount(stacks.places), valueLists: rowCount(values.places) };
    for (const part of missingProfiles(rows)) {
      const place = parts.profiles[part];
      decode('profiles', [place], ([found]) => readProfiles(into, place.from, found, pushes, limits));
      isDecoded[part] = 1;
    }
    return into;
  };

  /** Decodes the samples of rows, and the rows. */
  const listed = async (rows: readonly RowRange[]): Promise<StoredProfiles> => {
    await fetch(['samples'], rows);
    const layout = await profiles(rows);
    const missing = missingLists(rows);
    for (const part of missing.stacks) {
      stacks.decoded[part] = decode('stacks', [stacks.places[part]], ([own]) => readStacks(own, count('tree') + 1));
    }
    for (const part of missing.values) {
      const pair = stacks.decoded[paired[part]];
      values.decoded[part] = decode('values', [values.places[part]], ([own]) => readValues(own, pair));
    }
    return layout;
  };
  const samples = (): Promise<SampleColumns> =>
    once('samples', async () => {
      const layout = await listed(all);
      return inSection(source.key, 'values', () => allSamples(layout, lists, memory));
    });

  const totals = async (
    profileTypeId: string,
    beside: readonly SectionName[],
    signal?: AbortSignal,
  ): Promise<readonly StackTotals[] | undefined> => {
    if (parts.totals.length === 0) return undefined;
    const besidePages = beside.flatMap((name) => pagesOf(name, all));
    const allPages = [...parts.totals, ...parts.totalStacks].map(({ page }) => page).concat(besidePages);
    // What is small is fetched at once, though other types' totals come along.
    const bytes = [...new Set(allPages)].reduce((sum, page) => sum + places[page].lengthBytes, 0);
    if (bytes <= ONE_READ_BYTES) await loader.load(allPages, signal);
    const index = await whole('totals', (own) => readTotals(own, info.profileTypes.length, count('totalStacks')));
    const type = info.profileTypes.indexOf(profileTypeId);
    const rows = index.filter((row) => row.type === type);
    if (rows.length === 0) return undefined;
    const placesOf = ({ from, until }: TotalRow) =>
      parts.totalStacks.filter((place) => place.from >= from && place.from < until);
    await loader.load([...rows.flatMap(placesOf).map(({ page }) => page), ...besidePages], signal);
    return rows.map((row) => {
      const own = placesOf(row);
      const stacks = own.map((place) =>
        decode('totalStacks', [place], ([found]) => readTotalStacks(found, count('tree') + 1)),
      );
      inSection(source.key, 'totalStacks', () => checkTotal(row, stacks));
      return { ...row, stacks };
    });
  };

  return {
    info,
    totals,
    load: (sections, signal, rows = all) => fetch(sections, rows, signal),
    series,
    profiles: (rows = all) => profiles(rows),
    samples,
    async visitSamples(rows, visit) {
      const layout = await listed(rows);
      inSection(source.key, 'values', () => visitRows(layout, lists, rows, visit));
    },
    async spans() {
      if (parts.spans.length === 0) return undefined;
      const laidOut = await samples();
      const layout = await profiles(all);
      if (!once.has('spans')) memory.take(SPAN_SAMPLE_BYTES * laidOut.count);
      return whole('spans', (own) => readSpans(own, layout, laidOut, listLengths(stacks.decoded)));
    },
    async times() {
      if (parts.times.length === 0) return undefined;
      await listed(all);
      const lengths = listLengths(stacks.decoded);
      if (!once.has('times')) memory.take(TIMED_ELEMENT_BYTES * lengths.reduce((sum, length) => sum + length, 0));
      return whole('times', (own) => readTimes(own, lengths));
    },
    tree: () => whole('tree', (own) => readTree(own, count('locations'))),
    strings: () => whole('strings', readStrings),
    functions: () => whole('functions', (own) => readFunctions(own, count('strings'))),
    locations: () => whole('locations', (own) => readLocations(own, count('mappings'), count('functions'))),
    mappings: () => whole('mappings', (own) => readMappings(own, count('strings'))),
  };
}
