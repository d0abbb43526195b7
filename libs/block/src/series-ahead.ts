/** Reads the series of many datasets together: from the labels section, or from the datasets themselves where there is none. */
import type { Memory } from '@flamelake/model';
import { decodedSize } from './decoded-size.ts';
import { readLabels } from './labels-section.ts';
import { createOnce } from './once.ts';
import type { PageLoader } from './page-loader.ts';
import type { ByteSpan, ReadAhead } from './read-ahead.ts';
import { inSection, type PagePlace, type PartPlace, partsOf, SECTION } from './section.ts';
import type { BlockInfo, BlockSource, Series } from './types.ts';

export interface SeriesAhead {
  /** A hint; what it leaves out is read when it is asked for. */
  fetch(indexes: readonly number[], signal?: AbortSignal): Promise<void>;
  /** Series of a dataset, if they were fetched. */
  known(index: number): readonly Series[] | undefined;
}

export interface BlockParts {
  readonly source: BlockSource;
  readonly info: BlockInfo;
  readonly datasets: readonly (readonly PagePlace[])[];
  /** Pages of the block-wide sections, and what loads them. */
  readonly block: readonly PagePlace[];
  readonly loader: PageLoader;
  readonly ahead: ReadAhead;
  /** What lies from here on is in memory. */
  readonly tailStart: number;
  /** Series are taken from it. */
  readonly memory: Memory;
}

export function createSeriesAhead(parts: BlockParts): SeriesAhead {
  const { source, info, datasets, block, loader, ahead, tailStart, memory } = parts;
  const labels = partsOf(block, 'labels');
  const once = createOnce<PartPlace>();
  const series: (readonly Series[] | undefined)[] = [];

  const read = (place: PartPlace, indexes: ReadonlySet<number>): void => {
    const part = loader.take(place, 'labels');
    memory.take(decodedSize('labels', [part]));
    const own = info.datasets.slice(place.from, place.from + place.rows);
    const isWanted = (i: number) => indexes.has(place.from + i);
    inSection(source.key, 'labels', () => readLabels(part, own, isWanted)).forEach((found, i) => {
      series[place.from + i] = found;
    });
    loader.settle();
  };

  return {
    known: (index) => series[index],
    async fetch(indexes, signal) {
      const wanted = labels.filter(({ from, rows }) => indexes.some((index) => index >= from && index < from + rows));
      // One dataset's own series are less to read than a part of many.
      if (indexes.length > 1 || wanted.every(({ page }) => block[page].offset >= tailStart)) {
        await loader.load(
          wanted.filter((place) => !once.has(place)).map(({ page }) => page),
          signal,
        );
        const asked = new Set(indexes);
        await Promise.all(wanted.map((place) => once(place, async () => read(place, asked))));
      }
      const rest = indexes.filter((index) => series[index] === undefined).flatMap((index) => datasets[index] ?? []);
      await ahead.fetch(rest.filter(isToFetch).sort(byOffset), signal);
    },
  };

  function isToFetch({ offset, parts: own }: PagePlace): boolean {
    return offset < tailStart && own.some(({ kind }) => kind === SECTION.series);
  }
}

function byOffset(a: ByteSpan, b: ByteSpan): number {
  return a.offset - b.offset;
}
