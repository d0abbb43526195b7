/** Reads one dataset of a block: each section is fetched, checked and decoded at its first use. */
import { readFunctions } from './functions-section.ts';
import { readLocations } from './locations-section.ts';
import { readMappings } from './mappings-section.ts';
import { createOnce } from './once.ts';
import { type Page, readPages } from './page.ts';
import { readProfiles, type StoredProfiles } from './profiles-section.ts';
import { readSamples } from './samples-section.ts';
import { inSection, placeOf, rowsOf, type SectionPlace, type StoredSection } from './section.ts';
import { createSectionLoader } from './section-loader.ts';
import { readSeries } from './series-section.ts';
import { readSpans } from './spans-section.ts';
import { readStrings } from './strings-section.ts';
import { readTree } from './tree-section.ts';
import type { BlockSource, DatasetInfo, DatasetReader, SampleColumns, SectionName } from './types.ts';

/** What a section is stored as. */
const STORED: Readonly<Record<SectionName, readonly StoredSection[]>> = {
  strings: ['strings'],
  functions: ['functions'],
  locations: ['locations'],
  mappings: ['mappings'],
  tree: ['tree'],
  series: ['series'],
  profiles: ['profiles'],
  samples: ['stacks', 'values'],
  spans: ['spans'],
};
/** What else it takes to decode a section: rows and their lists lay out samples and spans. */
const NEEDED: Readonly<Partial<Record<SectionName, readonly SectionName[]>>> = {
  samples: ['profiles'],
  spans: ['profiles', 'samples'],
};

export function createDatasetReader(
  source: BlockSource,
  tail: Uint8Array,
  info: DatasetInfo,
  places: readonly SectionPlace[],
  identityCount: number,
): DatasetReader {
  const loader = createSectionLoader(source, tail, places);
  const rows = (section: StoredSection): number => rowsOf(places, section);
  const once = createOnce<SectionName>();

  const load = (sections: readonly SectionName[], signal?: AbortSignal): Promise<void> => {
    const needed = sections.flatMap((name) => [name, ...(NEEDED[name] ?? [])]);
    return loader.load(
      needed.filter((name) => !once.has(name)).flatMap((name) => STORED[name]),
      signal,
    );
  };
  const pages = (section: StoredSection): readonly Page[] => {
    const bytes = loader.take(section);
    return inSection(source.key, section, () => readPages(bytes));
  };
  const from = <T>(section: StoredSection, read: (pages: readonly Page[]) => T): T => {
    const own = pages(section);
    return inSection(source.key, section, () => read(own));
  };
  const decode = <T>(name: SectionName, read: () => T): Promise<T> =>
    once(name, async () => {
      await load([name]);
      return read();
    });
  const profiles = (): Promise<StoredProfiles> =>
    decode('profiles', () =>
      from('profiles', (own) =>
        readProfiles(own, rows('profiles'), {
          series: rows('series'),
          samples: rows('values'),
          identities: identityCount,
        }),
      ),
    );

  const samples = (): Promise<SampleColumns> =>
    once('samples', async () => {
      await load(['samples']);
      const layout = await profiles();
      const stacks = pages('stacks');
      return from('values', (own) =>
        readSamples(stacks, own, layout, { entries: rows('stacks'), nodes: rows('tree') + 1 }),
      );
    });

  return {
    info,
    load,
    profiles,
    series: () => decode('series', () => from('series', (own) => readSeries(own, rows('series'), info.service))),
    samples,
    spans: async () => {
      if (placeOf(places, 'spans') === undefined) return undefined;
      return once('spans', async () => {
        await load(['spans']);
        // The samples show that the elements and rows that spans are laid out by do exist.
        await samples();
        const layout = await profiles();
        return from('spans', (own) => readSpans(own, rows('spans'), layout, rows('stacks')));
      });
    },
    tree: () => decode('tree', () => from('tree', (own) => readTree(own, rows('tree'), rows('locations')))),
    strings: () => decode('strings', () => from('strings', (own) => readStrings(own, rows('strings')))),
    functions: () =>
      decode('functions', () => from('functions', (own) => readFunctions(own, rows('functions'), rows('strings')))),
    locations: () =>
      decode('locations', () =>
        from('locations', (own) => readLocations(own, rows('locations'), rows('mappings'), rows('functions'))),
      ),
    mappings: () =>
      decode('mappings', () => from('mappings', (own) => readMappings(own, rows('mappings'), rows('strings')))),
  };
}
