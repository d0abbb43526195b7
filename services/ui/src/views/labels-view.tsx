/** A service's series by the values of a label: who uses how much. */
import { labelNames, selectSeries } from '../api/querier.ts';
import { SeriesChart } from '../chart/series-chart.tsx';
import { seriesColour, seriesName } from '../chart/series-name.ts';
import { withLabel } from '../model/selector.ts';
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
  const answer = useAnswer(`${key}${state.groupBy}`, (signal) =>
    selectSeries({ tenant: state.tenant, signal }, query, step, [state.groupBy], SERIES_MAX),
  );
  const { unit } = partsOf(state.type);
  return (
    <>
      <div className="row">
        <QueryBar hasService={true} />
        <Picker
          label="Group by"
          value={state.groupBy}
          options={(names.value ?? []).filter((name) => !name.startsWith('__'))}
          onPick={(groupBy) => go({ groupBy })}
        />
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

/** How much of the whole, as a length. */
function ShareBar({ share }: { readonly share: number }) {
  return (
    <svg className="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect width={100 * share} height={8} />
    </svg>
  );
}
