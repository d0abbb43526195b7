/** All services: a sparkline each, what they used in all, and how that changed. */
import { type Query, type Series, selectSeries } from '../api/querier.ts';
import { seriesName } from '../chart/series-name.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { formatLocation, type PageState } from '../model/page-state.ts';
import { withLabel } from '../model/selector.ts';
import { stepOf } from '../model/time-range.ts';
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
        <input
          type="search"
          placeholder="Find services"
          aria-label="Find services"
          value={state.find}
          onChange={(event) => go({ find: event.currentTarget.value }, { isStep: false })}
        />
        <label>
          Sort by{' '}
          <select value={state.order} onChange={(event) => go({ order: event.currentTarget.value as Order })}>
            <option value="value">value</option>
            <option value="change">change</option>
            <option value="name">name</option>
          </select>
        </label>
      </div>
      <Loading answer={answer} minHeightPx={340}>
        {(series) => {
          if (series.length === 0) return <NoData />;
          const shown = series.filter((one) => seriesName(one).toLowerCase().includes(state.find.toLowerCase()));
          return (
            <>
              {shown.length === 0 && <p className="empty">None of {series.length} services has that in its name.</p>}
              <div className="grid-of-cards">
                {shown.sort(ORDERS[state.order]).map((one) => (
                  <ServiceCard key={seriesName(one)} series={one} query={query} stepSeconds={step} />
                ))}
              </div>
            </>
          );
        }}
      </Loading>
    </>
  );
}

interface ServiceCardProps {
  readonly series: Series;
  readonly query: Query;
  readonly stepSeconds: number;
}

function ServiceCard({ series, query, stepSeconds }: ServiceCardProps) {
  const { state, go } = usePage();
  const { type } = query;
  const name = seriesName(series);
  const change = changeOf(series);
  return (
    <a
      className="card"
      href={formatLocation({ ...state, ...exploring(name) })}
      onClick={(event) => {
        // With a modifier key the browser opens the address itself.
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(exploring(name));
      }}
    >
      <span className="ends">
        <b>
          <bdi>{name}</bdi>
        </b>
        <b>{averageOf(series, query)}</b>
      </span>
      <span className="ends quiet">
        <span>
          {isState(type) ? 'on average' : `on average, ${formatValue(totalOf(series), partsOf(type).unit)} in all`}
        </span>
        <span
          className={change > 0.005 ? 'more' : change < -0.005 ? 'less' : ''}
          title="Second half of the time, against the first"
        >
          {describeChange(change)}
        </span>
      </span>
      <Sparkline
        series={series}
        range={query}
        stepSeconds={stepSeconds}
        heightPx={64}
        largest={formatPoint(Math.max(0, ...series.values), type, stepSeconds)}
      />
    </a>
  );
}

/** What a service used at a time, on average. */
function averageOf(series: Series, { type, startMs, endMs }: Query): string {
  const total = totalOf(series);
  if (isState(type)) return formatValue(total / Math.max(1, series.values.length), partsOf(type).unit);
  return formatPoint(total, type, (endMs - startMs) / 1_000);
}

function describeChange(change: number): string {
  if (!Number.isFinite(change)) return 'new';
  const percent = Math.round(change * 100);
  return percent === 0 ? 'steady' : `${percent > 0 ? '▲' : '▼'} ${Math.abs(percent)}%`;
}

function exploring(service: string): Partial<PageState> {
  return { view: 'explore', selector: withLabel('{}', 'service_name', service), focus: [], profile: '' };
}
