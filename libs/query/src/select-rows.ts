/**
 * Which rows of a dataset a query is about: series by matchers, rows by time, less what is deleted.
 * Rows are sorted by (series, time), so what is selected of a series is one run of rows, and deletes cut runs.
 */
import type { ProfileColumns, Series } from '@flamelake/block';
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

/** Rows `[from, until)` of one series. */
export interface RowRun {
  /** Index into the dataset's series. */
  readonly series: number;
  readonly from: number;
  readonly until: number;
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
    const start = firstRow(profiles, index, Number.NEGATIVE_INFINITY, 0, profiles.count);
    const end = firstRow(profiles, index + 1, Number.NEGATIVE_INFINITY, start, profiles.count);
    let rest: RowRun[] = [
      {
        series: index,
        from: firstRow(profiles, index, selection.fromMs, start, end),
        until: firstRow(profiles, index, selection.untilMs, start, end),
      },
    ];
    const labels = series[index].labels;
    for (const { fromMs, untilMs, matchers } of deletes) {
      if (fromMs >= untilMs || !matchLabels(matchers, labels)) continue;
      const from = firstRow(profiles, index, fromMs, start, end);
      const until = firstRow(profiles, index, untilMs, start, end);
      rest = rest.flatMap((run) => [
        { ...run, until: Math.min(run.until, from) },
        { ...run, from: Math.max(run.from, until) },
      ]);
    }
    for (const run of rest) if (run.from < run.until) runs.push(run);
  }
  return runs;
}

/** First row in `[low, high)` at or after (series, time); `high` when there is none. */
function firstRow(profiles: ProfileColumns, series: number, timeMs: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = profiles.series[middle];
    if (at < series || (at === series && profiles.timeMs[middle] < timeMs)) low = middle + 1;
    else high = middle;
  }
  return low;
}
