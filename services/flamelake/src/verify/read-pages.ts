/** Reads the index pages that the kept versions of a partition's catalog name, each once. */
import { type BlockEntry, type DayPage, type DayRef, entriesOf, type Manifest, readPage } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import type { PartitionReading } from './partition-reading.ts';
import { sound } from './read-block.ts';

export interface PageReader {
  /** The blocks that a version has in index pages; what cannot be read becomes findings, and is left out. */
  blocksInPages(manifest: Manifest): Promise<readonly BlockEntry[]>;
  /** The same without datasets: the keys of these blocks. Every page is looked at all the same. */
  keysInPages(manifest: Manifest): Promise<readonly string[]>;
  /** Keys of all pages that were named so far. */
  readonly pages: ReadonlySet<string>;
}

export function createPageReader(store: ObjectStore, reading: PartitionReading): PageReader {
  const pages = new Set<string>();
  const blockKeys = new Map<string, readonly string[]>();

  async function readDay({ key }: DayRef): Promise<DayPage | undefined> {
    pages.add(key);
    const day = await sound(reading, key, async () => (await readPage(store, key, 'day')).page);
    blockKeys.set(
      key,
      (day?.blocks ?? []).map((block) => block.key),
    );
    return day;
  }

  async function blocksOf(ref: DayRef): Promise<readonly BlockEntry[]> {
    const day = await readDay(ref);
    if (day === undefined) return [];
    const blocks = entriesOf(day, [], {});
    for (const { key } of day.pages) {
      pages.add(key);
      const page = await sound(reading, key, async () => (await readPage(store, key, 'datasets')).page);
      if (page === undefined) continue;
      for (const [i, { datasets }] of entriesOf(day, [page], {}).entries()) {
        const own = day.blocks[i].datasets === undefined ? datasets : [];
        blocks[i] = { ...blocks[i], datasets: [...blocks[i].datasets, ...own] };
      }
    }
    return blocks;
  }

  return {
    pages,
    async blocksInPages({ days = [] }) {
      const blocks: BlockEntry[] = [];
      for (const ref of days) blocks.push(...(await blocksOf(ref)));
      return blocks;
    },
    async keysInPages({ days = [] }) {
      const keys: string[] = [];
      for (const ref of days) {
        if (!blockKeys.has(ref.key)) await lookAt(ref);
        keys.push(...(blockKeys.get(ref.key) ?? []));
      }
      return keys;
    },
  };

  async function lookAt(ref: DayRef): Promise<void> {
    for (const { key } of (await readDay(ref))?.pages ?? []) {
      if (pages.has(key)) continue;
      pages.add(key);
      await sound(reading, key, () => readPage(store, key, 'datasets'));
    }
  }
}
