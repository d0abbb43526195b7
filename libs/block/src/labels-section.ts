/**
 * Section of the block: the series of its datasets once more, right before the footer, so that questions about labels read one range at
 * the end of the object. A part is of so many datasets, one after the other; these are its rows. By column:
 *
 *     0 texts, 1 series, 2 rows   as in series-section.ts, dataset after dataset
 *     3 number of series of each dataset, or 0 where they are so many that only the dataset itself has them; varint
 */
import { FlamelakeError } from '@flamelake/model';
import { readWhole } from './columns.ts';
import type { StoredSeries } from './dataset-state.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, type PageWriter, type WrittenPage } from './page-writer.ts';
import { SECTION } from './section.ts';
import { charsOf, fillPart, seriesReader, writeSeriesColumns } from './series-section.ts';
import type { DatasetInfo, Series } from './types.ts';

/** Labels are read with the footer, whoever opens the block, while both are no larger than this together. */
const TAIL_BYTES_MAX = 65_536;

/** Series of a dataset as they are stored, and the profile rows of each. */
export interface SeriesRows {
  readonly series: readonly StoredSeries[];
  readonly rows: Uint32Array;
}

export function writeLabels(writer: PageWriter, datasets: readonly SeriesRows[]): void {
  for (let from = 0; from < datasets.length; ) {
    const own: SeriesRows[] = [];
    const counts: number[] = [];
    let [series, chars, until] = [0, 0, from];
    while (until < datasets.length && !fillPart(series, chars)) {
      const dataset = datasets[until++];
      const length = dataset.series.reduce((sum, one) => sum + charsOf(one), 0);
      const isLeftOut = fillPart(dataset.series.length, length);
      counts.push(isLeftOut ? 0 : dataset.series.length);
      if (isLeftOut) continue;
      own.push(dataset);
      series += dataset.series.length;
      chars += length;
    }
    const rows = new Uint32Array(series);
    let at = 0;
    for (const dataset of own) {
      rows.set(dataset.rows, at);
      at += dataset.rows.length;
    }
    writeSeriesColumns(
      writer,
      own.flatMap((dataset) => dataset.series),
      rows,
    );
    writer.raw.varints(Uint32Array.from(counts));
    endColumn(writer);
    endPart(writer, 'labels', until - from);
    from = until;
  }
}

/**
 * @param datasets - those of the part
 * @param isWanted - whether to read those of a dataset, by its place in the part; all by default
 * @returns the series of each, undefined of those that are not wanted or left out
 */
export function readLabels(
  part: Part,
  datasets: readonly DatasetInfo[],
  isWanted: (place: number) => boolean = () => true,
): readonly (readonly Series[] | undefined)[] {
  if (datasets.length !== part.rows) {
    throw new FlamelakeError('data_loss', 'labels are of more datasets than there are', { datasets: part.rows });
  }
  const counts = readWhole(part, 3, part.rows, (reader, count) => reader.varints(count));
  const seriesCount = counts.reduce((sum, count) => sum + count, 0);
  const rowCounts = readWhole(part, 2, seriesCount, (reader, count) => reader.varints(count));
  const reader = seriesReader(part);
  let at = 0;
  return datasets.map(({ service }, i) => {
    const until = at + counts[i];
    if (at === until) return undefined;
    if (!isWanted(i)) {
      for (; at < until; at++) reader.skip();
      return undefined;
    }
    const series: Series[] = [];
    for (let row = 0; at < until; at++) series.push(reader.next(service, { from: row, until: (row += rowCounts[at]) }));
    return series;
  });
}

/**
 * How many last bytes of a block to read first: its footer, and its labels where they are few.
 * @param pages - of the whole block
 */
export function tailBytesOf(pages: readonly WrittenPage[], footerBytes: number): number {
  let bytes = footerBytes;
  for (const { lengthBytes, parts } of pages.toReversed()) {
    if (!parts.every(({ kind }) => kind === SECTION.labels)) break;
    bytes += lengthBytes;
  }
  return bytes <= TAIL_BYTES_MAX ? bytes : footerBytes;
}
