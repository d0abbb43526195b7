/** Writes the index pages of one commit. */
import { createHash } from 'node:crypto';
import type { DatasetInfo } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { inParallel } from './in-parallel.ts';
import {
  compareNames,
  type DatasetName,
  type DatasetPageRef,
  type DayBlock,
  type DayPage,
  datasetPage,
  encodeIndexPage,
  type IndexPage,
} from './index-page.ts';
import { pageKey, versionOfPageKey } from './keys.ts';
import { catalogLimits } from './page-cache.ts';
import type { DayRef, LevelSums, Manifest, PartitionRoot, TimeSpan } from './types.ts';

export interface PageWriter {
  /** Writes the page of a day, and pages of its datasets when they are many. @param manifest - the version that is extended */
  writeDay(
    manifest: Manifest,
    day: number | undefined,
    page: DayPage,
  ): Promise<{ readonly ref: DayRef; readonly page: DayPage }>;
}

/** Pages written side by side. */
const PARALLEL_MAX = 8;

/** @param changeId - commit id: pages of other commits have other keys, whatever they hold */
export function createPageWriter(store: ObjectStore, root: PartitionRoot, changeId: string): PageWriter {
  /** Keys of pages that earlier attempts of this commit have written, by what they hold. */
  const written = new Map<string, string>();
  const limits = catalogLimits(store);

  async function write(
    manifest: Manifest,
    page: IndexPage,
  ): Promise<{ readonly key: string; readonly sizeBytes: number }> {
    const bytes = encodeIndexPage(page);
    const id = createHash('sha256').update(changeId).update(bytes).digest('hex').slice(0, 32);
    let key = written.get(id);
    // A page whose key lies below the floor can be deleted at any moment.
    if (key === undefined || versionOfPageKey(key) < manifest.floor) {
      key = pageKey(root, manifest.version, id);
      await store.put(key, bytes);
      written.set(id, key);
    }
    return { key, sizeBytes: bytes.length };
  }

  /** Moves the datasets of a day's blocks into pages of their own: those of one level together, for such blocks go together. */
  async function withDatasetPages(manifest: Manifest, { blocks, pages }: DayPage): Promise<DayPage> {
    const levels = [...new Set(blocks.filter(hasDatasets).map(({ level }) => level))];
    const shares = levels.flatMap((level) => {
      const own = blocks.filter((block) => block.level === level);
      const rows = own.flatMap(({ id: blockId, datasets = [] }) => datasets.map((info) => ({ blockId, info })));
      rows.sort((a, b) => compareNames(nameOf(a.info), nameOf(b.info)));
      const count = Math.ceil(rows.length / limits.pageDatasets);
      return Array.from({ length: count }, (_, i) =>
        rows.slice((i * rows.length) / count, ((i + 1) * rows.length) / count),
      );
    });
    const refs = await inParallel(shares, PARALLEL_MAX, async (rows): Promise<DatasetPageRef> => {
      const page = datasetPage(rows);
      const infos = rows.map(({ info }) => info);
      const names = { first: nameOf(infos[0]), last: nameOf(infos[infos.length - 1]) };
      return { ...(await write(manifest, page)), ...names, ...spanOf(infos), blocks: page.blocks };
    });
    return {
      kind: 'day',
      blocks: blocks.map((block) => ({ ...block, datasets: undefined })),
      pages: [...pages, ...refs],
    };
  }

  return {
    async writeDay(manifest, day, whole) {
      let page = whole;
      if (page.blocks.some(hasDatasets) && encodeIndexPage(page).length > limits.dayPageBytes) {
        page = await withDatasetPages(manifest, page);
      }
      const { key, sizeBytes } = await write(manifest, page);
      const { blocks } = page;
      const times = blocks.flatMap((block) => block.times ?? []);
      const ref: DayRef = {
        ...(day !== undefined && { day }),
        key,
        sizeBytes,
        ...(times.length > 0 ? spanOf(times) : { minTimeMs: 0, maxTimeMs: 0 }),
        lastAppendMs: highest(blocks.map(({ log }) => log.lastAppendMs)),
        next: highest(blocks.map(({ log }) => log.next)),
        levels: levelsOf(blocks),
      };
      return { ref, page };
    },
  };
}

/** The time from the first to the last of some, at least one. */
export function spanOf(spans: readonly TimeSpan[]): TimeSpan {
  return {
    minTimeMs: spans.reduce((least, { minTimeMs }) => Math.min(least, minTimeMs), Number.POSITIVE_INFINITY),
    maxTimeMs: highest(spans.map(({ maxTimeMs }) => maxTimeMs)),
  };
}

function levelsOf(blocks: readonly DayBlock[]): readonly LevelSums[] {
  const levels = [...new Set(blocks.map(({ level }) => level))].sort((a, b) => a - b);
  return levels.map((level) => {
    const own = blocks.filter((block) => block.level === level);
    const jobs = new Set(own.map(({ log }) => `${log.position}-${log.next}`)).size;
    return { level, blocks: own.length, bytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), jobs };
  });
}

function hasDatasets({ datasets }: DayBlock): boolean {
  return datasets !== undefined;
}

function nameOf({ tenant, service }: DatasetInfo): DatasetName {
  return [tenant, service];
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}
