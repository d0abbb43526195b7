/**
 * Section of a dataset's series, sorted by profile type id, then by labels. Needs no other section. By column:
 *
 *     0 texts    varint count, then length and UTF-8 of each: what the part's series are made of
 *     1 series   for each: the type's name, sample type, sample unit, period type, period unit; number of labels;
 *                name and value of each label; all varints, references into the texts
 *     2 rows     number of its profile rows, varint
 *
 * Labels made from the type and the service (model: producedLabels) are not stored; readers add them.
 */
import type { ByteReader } from '@flamelake/formats';
import { FlamelakeError, withProducedLabels } from '@flamelake/model';
import { columnOf, readWhole } from './columns.ts';
import type { StoredSeries } from './dataset-state.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, type PageWriter } from './page-writer.ts';
import type { RowRange, Series } from './types.ts';

const PART_SERIES = 4_096;
/** Texts of a profile type, before the labels. */
const TYPE_TEXTS = 5;
/** Characters of the texts of a part, counted for each series: a part of long labels ends early. */
const PART_TEXT_CHARS = 1_048_576;

/** @param rows - profile rows of each series */
export function writeSeries(writer: PageWriter, series: readonly StoredSeries[], rows: Uint32Array): void {
  for (let from = 0; from < series.length; ) {
    const until = partEnd(series, from);
    writeSeriesColumns(writer, series.slice(from, until), rows.subarray(from, until));
    endPart(writer, 'series', until - from);
    from = until;
  }
}

/** The three columns of a part. */
export function writeSeriesColumns(writer: PageWriter, series: readonly StoredSeries[], rows: Uint32Array): void {
  const numbers = new Map<string, number>();
  for (const one of series) for (const text of textsOf(one)) if (!numbers.has(text)) numbers.set(text, numbers.size);
  writer.raw.varint(numbers.size);
  for (const text of numbers.keys()) writer.raw.text(text);
  endColumn(writer);
  for (const one of series) {
    const texts = textsOf(one);
    for (const text of texts.slice(0, TYPE_TEXTS)) writer.raw.varint(numbers.get(text) as number);
    writer.raw.varint(one.labels.length);
    for (const text of texts.slice(TYPE_TEXTS)) writer.raw.varint(numbers.get(text) as number);
  }
  endColumn(writer);
  writer.raw.varints(rows, 0, rows.length);
  endColumn(writer);
}

/** Whether so many series with so many characters of text fill a part. */
export function fillPart(series: number, chars: number): boolean {
  return series >= PART_SERIES || chars >= PART_TEXT_CHARS;
}

/** Characters of a series' texts. */
export function charsOf(series: StoredSeries): number {
  return textsOf(series).reduce((sum, text) => sum + text.length, 0);
}

/** Series behind the last one of the part that begins with `from`. */
function partEnd(series: readonly StoredSeries[], from: number): number {
  let until = from;
  let chars = 0;
  while (until < series.length && !fillPart(until - from, chars)) chars += charsOf(series[until++]);
  return until;
}

/** The five parts of the type, then label names and values in turn. */
function textsOf({ type, labels }: StoredSeries): string[] {
  const parts = [type.name, type.sampleType, type.sampleUnit, type.periodType, type.periodUnit];
  return [...parts, ...labels.flatMap((label) => [label.name, label.value])];
}

export function readSeries(parts: readonly Part[], service: string): readonly Series[] {
  const series: Series[] = [];
  let row = 0;
  for (const part of parts) {
    const rowCounts = readWhole(part, 2, part.rows, (reader, count) => reader.varints(count));
    const reader = seriesReader(part);
    for (const rowCount of rowCounts) series.push(reader.next(service, { from: row, until: (row += rowCount) }));
  }
  return series;
}

/** Reads the series of a part's first two columns one after the other. */
export interface SeriesReader {
  next(service: string, rows: RowRange): Series;
  skip(): void;
}

export function seriesReader(part: Part): SeriesReader {
  const head = columnOf(part, 0);
  const texts = Array.from({ length: head.count() }, () => head.text());
  const body = columnOf(part, 1);
  const next: SeriesReader['next'] = (service, rows) => {
    const type = {
      name: textOf(body, texts),
      sampleType: textOf(body, texts),
      sampleUnit: textOf(body, texts),
      periodType: textOf(body, texts),
      periodUnit: textOf(body, texts),
    };
    const labels = Array.from({ length: body.count(2) }, () => ({
      name: textOf(body, texts),
      value: textOf(body, texts),
    }));
    return { type, labels: withProducedLabels(labels, type, service), rows };
  };
  const skip = () => {
    for (let i = 0; i < TYPE_TEXTS; i++) body.varint();
    for (let left = 2 * body.count(2); left > 0; left--) body.varint();
  };
  return { next, skip };
}

function textOf(reader: ByteReader, texts: readonly string[]): string {
  const text = texts[reader.varint()];
  if (text === undefined) throw new FlamelakeError('data_loss', 'series refers to no text');
  return text;
}
