/**
 * Section of a dataset's series, sorted by profile type id, then by labels. Needs no other section. By page column:
 *
 *     0 texts    varint count, then length and UTF-8 of each: what the page's series are made of
 *     1 series   for each: the type's name, sample type, sample unit, period type, period unit; number of labels;
 *                name and value of each label; all varints, references into the texts
 *
 * Labels made from the type and the service (model: producedLabels) are not stored; readers add them.
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError, withProducedLabels } from '@flamelake/model';
import { checkRows, columnOf } from './columns.ts';
import type { StoredSeries } from './dataset-state.ts';
import { createPageDraft, endColumn, type Page, writePage } from './page.ts';
import type { Series } from './types.ts';

const PAGE_SERIES = 4_096;
/** Characters of the texts of a page, counted for each series: a page of long labels ends early. */
const PAGE_TEXT_CHARS = 1_048_576;

export function writeSeries(out: ByteWriter, series: readonly StoredSeries[], level: number): void {
  const draft = createPageDraft();
  for (let from = 0; from < series.length; ) {
    const until = pageEnd(series, from);
    const run = series.slice(from, until);
    const numbers = new Map<string, number>();
    for (const one of run) for (const text of textsOf(one)) if (!numbers.has(text)) numbers.set(text, numbers.size);
    draft.raw.varint(numbers.size);
    for (const text of numbers.keys()) draft.raw.text(text);
    endColumn(draft);
    for (const one of run) {
      const texts = textsOf(one);
      for (const text of texts.slice(0, 5)) draft.raw.varint(numbers.get(text) as number);
      draft.raw.varint(one.labels.length);
      for (const text of texts.slice(5)) draft.raw.varint(numbers.get(text) as number);
    }
    endColumn(draft);
    writePage(out, draft, run.length, level);
    from = until;
  }
}

/** Series behind the last one of the page that begins with `from`. */
function pageEnd(series: readonly StoredSeries[], from: number): number {
  let until = from;
  let chars = 0;
  while (until < series.length && until - from < PAGE_SERIES && chars < PAGE_TEXT_CHARS) {
    for (const text of textsOf(series[until++])) chars += text.length;
  }
  return until;
}

/** The five parts of the type, then label names and values in turn. */
function textsOf({ type, labels }: StoredSeries): string[] {
  const parts = [type.name, type.sampleType, type.sampleUnit, type.periodType, type.periodUnit];
  return [...parts, ...labels.flatMap((label) => [label.name, label.value])];
}

export function readSeries(pages: readonly Page[], rows: number, service: string): readonly Series[] {
  checkRows(pages, rows);
  const series: Series[] = [];
  for (const page of pages) {
    const head = columnOf(page, 0);
    const texts = Array.from({ length: head.count() }, () => head.text());
    const body = columnOf(page, 1);
    for (let i = 0; i < page.rows; i++) {
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
      series.push({ type, labels: withProducedLabels(labels, type, service) });
    }
  }
  return series;
}

function textOf(reader: ByteReader, texts: readonly string[]): string {
  const text = texts[reader.varint()];
  if (text === undefined) throw new FlamelakeError('data_loss', 'series refers to no text');
  return text;
}
