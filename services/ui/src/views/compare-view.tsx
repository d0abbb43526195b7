/** Two selections – of time, of labels – and where they differ. */
import { useMemo } from 'react';
import { type Query, selectDiff, selectSeries } from '../api/querier.ts';
import { SeriesChart } from '../chart/series-chart.tsx';
import { decodeFlameGraph } from '../flame/flame-graph.ts';
import { formatLocation, type PageState } from '../model/page-state.ts';
import { formatRange, rangeOf, stepOf } from '../model/time-range.ts';
import { formatPoint, partsOf, pointUnit } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { queryOf, rightQueryOf, usePage } from '../parts/page.ts';
import { QueryBar } from '../parts/query-bar.tsx';
import { SelectorInput } from '../parts/selector-input.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { NoData } from './no-data.tsx';
import { ProfilePanes } from './profile-panes.tsx';

export function CompareView() {
  const page = usePage();
  const { state, go, nowMs } = page;
  const whole = rangeOf(state.from, state.until, nowMs);
  const isDefault = state.rightFrom === '' && state.rightSelector === '';
  const middleMs = Math.floor((whole.startMs + whole.endMs) / 2);
  // Until something else is chosen: the second half of the range against the first.
  const left: Query = isDefault ? { ...queryOf(page), endMs: middleMs } : queryOf(page);
  const right: Query = isDefault ? { ...rightQueryOf(page), startMs: middleMs } : rightQueryOf(page);
  const key = JSON.stringify([left, right, state.tenant, state.detail, nowMs]);
  const wire = useAnswer(key, (signal) => selectDiff({ tenant: state.tenant, signal }, left, right, state.detail));
  const graph = useMemo(() => (wire.value === undefined ? undefined : decodeFlameGraph(wire.value)), [wire.value]);
  return (
    <>
      <QueryBar hasService={true} hasSelector={false} />
      <div className="halves">
        <Side
          title="Before"
          query={left}
          onRange={(from, until) => go({ from, until, ...(isDefault && keep(right)) })}
          onSelector={(selector) => go({ selector })}
        />
        <Side
          title="After"
          query={right}
          onRange={(rightFrom, rightUntil) => go({ rightFrom, rightUntil, ...(isDefault && fix(left)) })}
          onSelector={(rightSelector) => go({ rightSelector })}
        />
      </div>
      <p className="quiet">
        {state.diffColour === 'blue-orange' ? 'Orange' : 'Red'}: a larger share after than before;{' '}
        {state.diffColour === 'blue-orange' ? 'blue' : 'green'}: a smaller one. Shares are of each side's own total, so
        sides of different length compare.
      </p>
      <Loading answer={{ ...wire, value: graph }} minHeightPx={500}>
        {(shown) => <ProfilePanes graph={shown} unit={partsOf(state.type).unit} empty={<NoData />} />}
      </Loading>
    </>
  );
}

function keep({ startMs, endMs }: Query) {
  return { rightFrom: String(startMs), rightUntil: String(endMs) };
}

function fix({ startMs, endMs }: Query) {
  return { from: String(startMs), until: String(endMs) };
}

interface SideProps {
  readonly title: string;
  readonly query: Query;
  readonly onRange: (from: string, until: string) => void;
  readonly onSelector: (selector: string) => void;
}

/** The time series around a side's range, which is chosen in it. */
function Side({ title, query, onRange, onSelector }: SideProps) {
  const { state, go, nowMs } = usePage();
  const lengthMs = query.endMs - query.startMs;
  const around = { ...query, startMs: query.startMs - lengthMs, endMs: Math.min(nowMs, query.endMs + lengthMs) };
  const step = stepOf(around);
  const key = JSON.stringify([around, state.tenant]);
  const answer = useAnswer(key, (signal) => selectSeries({ tenant: state.tenant, signal }, around, step, []));
  const alone: Partial<PageState> = {
    view: 'explore',
    selector: query.selector,
    from: String(query.startMs),
    until: String(query.endMs),
    focus: [],
  };
  return (
    <div>
      <div className="ends">
        <h2>
          {title} <small className="quiet">{formatRange(query)}</small>
        </h2>
        <a
          href={formatLocation({ ...state, ...alone })}
          onClick={(event) => {
            // With a modifier key the browser opens the address itself.
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            go(alone);
          }}
        >
          Explore <span className="unseen">what was {title.toLowerCase()}</span>
        </a>
      </div>
      <SelectorInput query={query} onChange={onSelector} />
      <Loading answer={answer} minHeightPx={120}>
        {(series) => (
          <SeriesChart
            series={series}
            range={around}
            chosen={query}
            stepSeconds={step}
            heightPx={120}
            format={(value) => formatPoint(value, state.type, step)}
            unit={pointUnit(state.type, step)}
            onRange={({ startMs, endMs }) => onRange(String(startMs), String(endMs))}
          />
        )}
      </Loading>
    </div>
  );
}
