/** A service's series by the values of a label: who uses how much. */
import { labelNames, labelValues, selectSeries } from '../api/querier.ts';
import { SeriesChart } from '../chart/series-chart.tsx';
import { seriesColour, seriesName } from '../chart/series-name.ts';
import type { PageState } from '../model/page-state.ts';
import { formatSelector, type Matcher, parseSelector, withLabel } from '../model/selector.ts';
import { stepOf } from '../model/time-range.ts';
import { formatPoint, formatShare, formatValue, partsOf, pointUnit } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { queryOf, usePage } from '../parts/page.ts';
import { Picker } from '../parts/picker.tsx';
import { QueryBar } from '../parts/query-bar.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useDarkMode } from '../parts/use-dark-mode.ts';
import { NoData } from './no-data.tsx';
import { totalOf } from './series-totals.ts';

const SERIES_MAX = 100;
/** Labels whose values are counted at once. */
const COUNTED_MAX = 12;
/** More lines than there are colours for cannot be told apart. */
const LINES_MAX = 8;

export function LabelsView() {
  const page = usePage();
  const isDark = useDarkMode();
  const { state, go, nowMs } = page;
  const query = queryOf(page);
  const step = stepOf(query);
  const key = JSON.stringify([query.type, query.selector, state.from, state.until, state.tenant, nowMs]);
  const names = useAnswer(key, (signal) => labelNames({ tenant: state.tenant, signal }, query));
  const shown = (names.value ?? []).filter((name) => !name.startsWith('__'));
  const counted = shown.slice(0, COUNTED_MAX);
  const counts = useAnswer(`${key}${JSON.stringify(counted)}`, (signal) =>
    Promise.all(
      counted.map(async (name) => {
        const values = await labelValues({ tenant: state.tenant, signal }, name, query);
        return [name, values.length] as const;
      }),
    ),
  );
  const answer = useAnswer(`${key}${state.groupBy}`, (signal) =>
    selectSeries({ tenant: state.tenant, signal }, query, step, [state.groupBy], SERIES_MAX),
  );
  const { unit } = partsOf(state.type);
  return (
    <>
      <div className="row">
        <QueryBar hasService={true} />
        <Picker label="Group by" value={state.groupBy} options={shown} onPick={(groupBy) => go({ groupBy })} />
      </div>
      <div className="tabs" role="group" aria-label="Labels and how many values they have">
        {(counts.value ?? []).map(([name, count]) => (
          <button key={name} aria-pressed={name === state.groupBy} onClick={() => go({ groupBy: name })}>
            <bdi>{name}</bdi> <span className="quiet">{count}</span>
          </button>
        ))}
      </div>
      <Loading answer={answer} minHeightPx={400}>
        {(series) => {
          if (series.length === 0) return <NoData />;
          const whole = series.reduce((sum, one) => sum + totalOf(one), 0);
          return (
            <>
              <SeriesChart
                series={series.slice(0, LINES_MAX)}
                range={query}
                stepSeconds={step}
                heightPx={220}
                format={(value) => formatPoint(value, state.type, step)}
                unit={pointUnit(state.type, step)}
                onRange={({ startMs, endMs }) => go({ from: String(startMs), until: String(endMs) })}
              />
              <div className="table" tabIndex={0} role="region" aria-label="Series">
                <table>
                  <thead>
                    <tr>
                      <th>{state.groupBy}</th>
                      <th>Value</th>
                      <th>Share</th>
                      <th>
                        <span className="unseen">Compare</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {series.map((one, i) => {
                      const value = seriesName(one);
                      return (
                        <tr key={value}>
                          <td>
                            {i < LINES_MAX && <i className="swatch" style={{ background: seriesColour(i, isDark) }} />}
                            <button
                              className="link"
                              onClick={() =>
                                go({ view: 'explore', selector: withLabel(state.selector, state.groupBy, value) })
                              }
                            >
                              <bdi>{value === '' ? '(without this label)' : value}</bdi>
                            </button>
                          </td>
                          <td>{formatValue(totalOf(one), unit)}</td>
                          <td>
                            <ShareBar share={totalOf(one) / Math.max(1, whole)} />
                            <span className="share">{formatShare(totalOf(one), whole)}</span>
                          </td>
                          <td>
                            {value !== '' && series.length > 1 && (
                              <button
                                className="link accent"
                                aria-label={`Compare ${value} with the others`}
                                title={`Compare with the others: what is different where ${state.groupBy} is ${value}`}
                                onClick={() => go({ view: 'compare', ...againstOthers(state, value) })}
                              >
                                Compare
                              </button>
                            )}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </div>
              {series.length === SERIES_MAX && <p className="quiet">The {SERIES_MAX} largest are shown.</p>}
            </>
          );
        }}
      </Loading>
    </>
  );
}

/** A comparison of all other values of the label with one, over the same time. */
function againstOthers({ selector, groupBy, from, until }: PageState, value: string): Partial<PageState> {
  const rest = (parseSelector(selector) ?? []).filter(({ name, op }) => name !== groupBy || op !== '=');
  const others: Matcher = { name: groupBy, op: '!=', value };
  return {
    selector: formatSelector([...rest, others]),
    rightSelector: withLabel(formatSelector(rest), groupBy, value),
    rightFrom: from,
    rightUntil: until,
  };
}

/** How much of the whole, as a length. */
function ShareBar({ share }: { readonly share: number }) {
  return (
    <svg className="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect width={100 * share} height={8} />
    </svg>
  );
}
