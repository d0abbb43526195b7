/** All services: a sparkline each, what they used in all, and how that changed. */
import { type Series, selectSeries } from '../api/querier.ts';
import { seriesName } from '../chart/series-name.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { formatLocation, type PageState } from '../model/page-state.ts';
import { withLabel } from '../model/selector.ts';
import { stepOf, type TimeRange } from '../model/time-range.ts';
import { formatPoint, formatValue, isState, partsOf } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { queryOf, usePage } from '../parts/page.ts';
import { QueryBar } from '../parts/query-bar.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { NoData } from './no-data.tsx';
import { changeOf, totalOf } from './series-totals.ts';

type Order = PageState['order'];

const ORDERS: Readonly<Record<Order, (a: Series, b: Series) => number>> = {
  value: (a, b) => totalOf(b) - totalOf(a),
  change: (a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a)),
  name: (a, b) => seriesName(a).localeCompare(seriesName(b)),
};

export function ServicesView() {
  const page = usePage();
  const { state, go, nowMs } = page;
  const query = { ...queryOf(page), selector: '{}' };
  const step = stepOf(query);
  const key = JSON.stringify([state.type, state.from, state.until, state.tenant, nowMs]);
  const answer = useAnswer(key, (signal) =>
    selectSeries({ tenant: state.tenant, signal }, query, step, ['service_name']),
  );
  return (
    <>
      <div className="row">
        <QueryBar hasService={false} />
        <label>
          Sort by{' '}
          <select value={state.order} onChange={(event) => go({ order: event.currentTarget.value as Order })}>
            <option value="value">value</option>
            <option value="change">change</option>
            <option value="name">name</option>
          </select>
        </label>
      </div>
      <Loading answer={answer}>
        {(series) =>
          series.length === 0 ? (
            <NoData />
          ) : (
            <div className="grid-of-cards">
              {[...series].sort(ORDERS[state.order]).map((one) => (
                <a
                  key={seriesName(one)}
                  className="card"
                  href={formatLocation({ ...state, ...exploring(seriesName(one)) })}
                  onClick={(event) => {
                    // With a modifier key the browser opens the address itself.
                    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                    event.preventDefault();
                    go(exploring(seriesName(one)));
                  }}
                >
                  <b>
                    <bdi>{seriesName(one)}</bdi>
                  </b>
                  <span className="quiet">
                    {describeUse(one, state.type, query)} · {describeChange(changeOf(one))}
                  </span>
                  <Sparkline
                    series={one}
                    range={query}
                    stepSeconds={step}
                    heightPx={72}
                    largest={formatPoint(Math.max(0, ...one.values), state.type, step)}
                  />
                </a>
              ))}
            </div>
          )
        }
      </Loading>
    </>
  );
}

/** What a service used in all and on average; of a state there is an average alone. */
function describeUse(series: Series, type: string, { startMs, endMs }: TimeRange): string {
  const { unit } = partsOf(type);
  const total = totalOf(series);
  if (isState(type)) return `${formatValue(total / Math.max(1, series.values.length), unit)} on average`;
  return `${formatValue(total, unit)}, ${formatPoint(total, type, (endMs - startMs) / 1_000)} on average`;
}

function describeChange(change: number): string {
  if (!Number.isFinite(change)) return 'new in the second half';
  const percent = Math.round(change * 100);
  return percent === 0 ? 'steady' : `${percent > 0 ? '+' : ''}${percent}% in the second half`;
}

function exploring(service: string): Partial<PageState> {
  return { view: 'explore', selector: withLabel('{}', 'service_name', service), focus: [], profile: '' };
}
