/** The profiles of a heat map's cell, each to be opened. */
import { useEffect, useRef } from 'react';
import { cellProfiles, PROFILES_TOLD_MAX } from '../api/cell-profiles.ts';
import type { Exemplar, Query } from '../api/querier.ts';
import type { CellRange } from '../chart/heatmap-cells.ts';
import { formatTime } from '../model/time-range.ts';
import { Loading } from '../parts/loading.tsx';
import { usePage } from '../parts/page.ts';
import { useAnswer } from '../parts/use-answer.ts';

export interface CellListProps {
  readonly query: Query;
  readonly cell: CellRange;
  readonly format: (value: number) => string;
  readonly onClose: () => void;
}

/** Rows that are drawn. */
const ROWS_MAX = 500;

export function CellList({ query, cell, format, onClose }: CellListProps) {
  const { state } = usePage();
  const heading = useRef<HTMLHeadingElement>(null);
  const { afterMs, untilMs, fromValue, count, columnCount } = cell;
  const isTold = columnCount <= PROFILES_TOLD_MAX;
  const key = JSON.stringify([query.type, query.selector, state.tenant, cell]);
  const answer = useAnswer(key, async (signal) =>
    isTold ? cellProfiles({ tenant: state.tenant, signal }, query, cell) : [],
  );
  useEffect(() => heading.current?.focus(), [cell]);
  return (
    <section
      className="cell-list"
      aria-label="Profiles of a cell"
      onKeyDown={({ key: pressed }) => {
        if (pressed === 'Escape') onClose();
      }}
    >
      <div className="row">
        <h2 tabIndex={-1} ref={heading}>
          {count} profiles from {format(fromValue)}, {formatTime(afterMs)} to {formatTime(untilMs)}
        </h2>
        <button onClick={onClose}>Close the list</button>
      </div>
      {!isTold && (
        <p className="quiet">
          These are too many at a time to list: {columnCount}, more than {PROFILES_TOLD_MAX}. Choose a shorter range of
          time, or filter by a label.
        </p>
      )}
      {isTold && (
        <Loading answer={answer}>
          {(profiles) => <ProfileTable profiles={profiles} count={count} format={format} />}
        </Loading>
      )}
    </section>
  );
}

interface ProfileTableProps {
  readonly profiles: readonly Exemplar[];
  /** Of the cell: more than are listed where some cannot be told apart. */
  readonly count: number;
  readonly format: (value: number) => string;
}

function ProfileTable({ profiles, count, format }: ProfileTableProps) {
  const { state, go } = usePage();
  const varied = variedNames(profiles);
  return (
    <div className="table" tabIndex={0} role="region" aria-label="List of profiles">
      <table>
        <thead>
          <tr>
            <th>Labels</th>
            <th>Time</th>
            <th>Value</th>
          </tr>
        </thead>
        <tbody>
          {profiles.slice(0, ROWS_MAX).map(({ profileId, timeMs, value, labels }) => {
            const words = labelWords(labels, varied);
            return (
              <tr key={`${profileId} ${words} ${timeMs}`}>
                <td>
                  <button
                    className="link"
                    aria-current={profileId === state.profile}
                    onClick={() => go({ profile: profileId })}
                    title={words}
                  >
                    <bdi>{words === '' ? profileId : words}</bdi>
                  </button>
                </td>
                <td>{formatTime(timeMs)}</td>
                <td>{format(value)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {profiles.length > ROWS_MAX && <p className="quiet">{profiles.length - ROWS_MAX} more, which are smaller.</p>}
      {profiles.length < count && (
        <p className="quiet">{count - profiles.length} more of the same labels, time and size.</p>
      )}
    </div>
  );
}

/** Names of labels in which profiles are not all the same. */
function variedNames(profiles: readonly Exemplar[]): ReadonlySet<string> {
  const values = new Map<string, Set<string>>();
  for (const { labels } of profiles) {
    for (const { name, value } of labels) values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  return new Set([...values].filter(([, own]) => own.size > 1).map(([name]) => name));
}

/** @param varied - names that come first */
function labelWords(labels: Exemplar['labels'], varied: ReadonlySet<string>): string {
  const ordered = [true, false].flatMap((isVaried) => labels.filter(({ name }) => varied.has(name) === isVaried));
  return ordered.map(({ name, value }) => `${name}=${value}`).join(', ');
}
