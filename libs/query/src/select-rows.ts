/**
 * Which rows of a dataset a query is about: series by matchers, rows by time, less what is deleted.
 * A series' rows are sorted by time, so what is selected of them is one run of rows, and deletes cut runs.
 */
import { type IdentityColumns, type ProfileColumns, profileUuid, type RowRange, type Series } from '@flamelake/block';
import {
  type CompiledMatcher,
  compileMatchers,
  LABEL,
  matchLabels,
  parseSelector,
  profileTypeId,
} from '@flamelake/model';
import type { RowDelete, SampleChoice, Selection, TaskDataset } from './task.ts';

const IDENTITY_BYTES = 16;

/** A selection ready for many series. */
export interface CompiledSelection {
  readonly tenants: ReadonlySet<string>;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly matchers: readonly CompiledMatcher[];
  readonly profileTypeId: string | undefined;
  /** undefined where any profile, or any sample, will do. */
  readonly profileIds: ReadonlySet<string> | undefined;
  readonly spans: ChosenSpans | undefined;
  readonly namesTenants: boolean;
}

/** Samples that have one of these spans, where there are any, and one of these traces. */
export interface ChosenSpans {
  readonly spanIds: ReadonlySet<bigint>;
  /** Lower-case hex. */
  readonly traceIds: ReadonlySet<string>;
}

export interface CompiledDelete extends RowDelete {
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
    ...compileChoice(selection.choice),
    namesTenants: selection.namesTenants === true,
  };
}

function compileChoice(choice: SampleChoice | undefined): Pick<CompiledSelection, 'profileIds' | 'spans'> {
  const { profileIds = [], spanIds = [], traceIds = [] } = choice ?? {};
  return {
    profileIds: profileIds.length === 0 ? undefined : new Set(profileIds),
    spans:
      spanIds.length + traceIds.length === 0
        ? undefined
        : { spanIds: new Set(spanIds.map((id) => BigInt(`0x${id}`))), traceIds: new Set(traceIds) },
  };
}

/** Once for all datasets that are asked about them. */
export function compileDeletes<D extends RowDelete>(deletes: readonly D[]): readonly (D & CompiledDelete)[] {
  return deletes.map((one) => ({ ...one, matchers: compileMatchers(parseSelector(one.selector)) }));
}

/** Whether a delete can be about any profile of a dataset: it is of its tenant, in its time and of its service. */
export function touches({ tenant, fromMs, untilMs, matchers }: CompiledDelete, dataset: TaskDataset): boolean {
  return (
    tenant === dataset.tenant &&
    fromMs <= dataset.maxTimeMs &&
    untilMs > dataset.minTimeMs &&
    matchers.every((matcher) => matcher.name !== LABEL.serviceName || matcher.test(dataset.service))
  );
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
    const until = firstRow(profiles, selection.untilMs, rows);
    let from = firstRow(profiles, selection.fromMs, rows);
    const cuts = deletes
      .filter(({ matchers }) => matchLabels(matchers, labels))
      .map(({ fromMs, untilMs }) => ({
        from: firstRow(profiles, fromMs, rows),
        until: firstRow(profiles, untilMs, rows),
      }))
      .sort((a, b) => a.from - b.from);
    // One pass over cuts in order: a run more for each at most, however they overlap.
    for (const cut of cuts) {
      if (cut.from >= cut.until) continue;
      if (from < Math.min(cut.from, until)) runs.push({ series: index, from, until: Math.min(cut.from, until) });
      from = Math.max(from, cut.until);
    }
    if (from < until) runs.push({ series: index, from, until });
  }
  return runs;
}

/** The rows of stored profiles with one of the ids, each a run of its own. */
export function chooseProfiles(
  runs: readonly RowRun[],
  profileIds: ReadonlySet<string>,
  profiles: ProfileColumns,
  identities: IdentityColumns,
): readonly RowRun[] {
  const chosen: RowRun[] = [];
  for (const { series, from, until } of runs) {
    for (let row = from; row < until; row++) {
      if (profileIds.has(profileIdAt(profiles, identities, row))) chosen.push({ series, from: row, until: row + 1 });
    }
  }
  return chosen;
}

/** Id of the stored profile a row is of. */
export function profileIdAt(profiles: ProfileColumns, { ids }: IdentityColumns, row: number): string {
  const at = IDENTITY_BYTES * profiles.identity[row];
  return profileUuid(ids.subarray(at, at + IDENTITY_BYTES), profiles.group[row]);
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
