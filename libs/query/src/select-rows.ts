/**
 * Which rows of a dataset a query is about: series by matchers, rows by time, less what is deleted.
 * A series' rows are sorted by time, so what is selected of them is one run of rows, and deletes cut runs.
 */
import type { ProfileColumns, RowRange, Series } from '@flamelake/block';
import { type CompiledMatcher, compileMatchers, matchLabels, parseSelector, profileTypeId } from '@flamelake/model';
import type { RowDelete, Selection } from './task.ts';

/** A selection ready for many series. */
export interface CompiledSelection {
  readonly tenants: ReadonlySet<string>;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly matchers: readonly CompiledMatcher[];
  readonly profileTypeId: string | undefined;
}

export interface CompiledDelete {
  readonly tenant: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly matchers: readonly CompiledMatcher[];
}

/** Rows of one series. */
export interface RowRun extends RowRange {
  /** Index into the dataset's series. */
  readonly series: number;
}

/** @throws {FlamelakeError} `invalid_argument` on a bad selector */
export function compileSelection(selection: Selection): CompiledSelection {
  return {
    tenants: new Set(selection.tenants),
    fromMs: selection.fromMs,
    untilMs: selection.untilMs,
    matchers: selection.selectors.flatMap((text) => compileMatchers(parseSelector(text))),
    profileTypeId: selection.profileTypeId,
  };
}

export function compileDeletes(deletes: readonly RowDelete[]): readonly CompiledDelete[] {
  return deletes.map(({ selector, ...rest }) => ({ ...rest, matchers: compileMatchers(parseSelector(selector)) }));
}

/** Indexes of the series whose labels and type are selected, ascending. */
export function selectSeries(selection: CompiledSelection, series: readonly Series[]): readonly number[] {
  const selected: number[] = [];
  series.forEach(({ labels, type }, i) => {
    if (selection.profileTypeId !== undefined && profileTypeId(type) !== selection.profileTypeId) return;
    if (matchLabels(selection.matchers, labels)) selected.push(i);
  });
  return selected;
}

/** Runs of rows of the selected series within the time range, less the deleted ones; ascending, none empty. */
export function selectRows(
  selection: CompiledSelection,
  deletes: readonly CompiledDelete[],
  series: readonly Series[],
  selected: readonly number[],
  profiles: ProfileColumns,
): readonly RowRun[] {
  const runs: RowRun[] = [];
  for (const index of selected) {
    const { labels, rows } = series[index];
    let rest: RowRun[] = [
      {
        series: index,
        from: firstRow(profiles, selection.fromMs, rows),
        until: firstRow(profiles, selection.untilMs, rows),
      },
    ];
    for (const { fromMs, untilMs, matchers } of deletes) {
      if (fromMs >= untilMs || !matchLabels(matchers, labels)) continue;
      const from = firstRow(profiles, fromMs, rows);
      const until = firstRow(profiles, untilMs, rows);
      rest = rest.flatMap((run) => [
        { ...run, until: Math.min(run.until, from) },
        { ...run, from: Math.max(run.from, until) },
      ]);
    }
    for (const run of rest) if (run.from < run.until) runs.push(run);
  }
  return runs;
}

/** First row of one series at or after a time; the end of its rows when there is none. */
function firstRow(profiles: ProfileColumns, timeMs: number, rows: RowRange): number {
  let low = rows.from;
  let high = rows.until;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (profiles.timeMs[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
