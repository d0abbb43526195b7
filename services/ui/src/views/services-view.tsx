/** All services: a sparkline each, what they used in all, and how that changed. */
import { useState } from 'react';
import { type Series, selectSeries } from '../api/querier.ts';
import { seriesName } from '../chart/series-name.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { withLabel } from '../model/selector.ts';
import { stepOf } from '../model/time-range.ts';
import { formatPoint, formatValue, partsOf } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { queryOf, usePage } from '../parts/page.ts';
import { QueryBar } from '../parts/query-bar.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { changeOf, totalOf } from './series-totals.ts';

type Order = 'value' | 'change' | 'name';

const ORDERS: Readonly<Record<Order, (a: Series, b: Series) => number>> = {
  value: (a, b) => totalOf(b) - totalOf(a),
  change: (a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a)),
  name: (a, b) => seriesName(a).localeCompare(seriesName(b)),
};

export function ServicesView() {
  const page = usePage();
  const { state, go, nowMs } = page;
  const [order, setOrder] = useState<Order>('value');
  const query = { ...queryOf(page), selector: '{}' };
  const step = stepOf(query);
  const key = JSON.stringify([state.type, state.from, state.until, state.tenant, nowMs]);
  const answer = useAnswer(key, (signal) =>
    selectSeries({ tenant: state.tenant, signal }, query, step, ['service_name']),
  );
  const { unit } = partsOf(state.type);
  return (
    <>
      <div className="row">
        <QueryBar hasService={false} />
        <label>
          Sort by{' '}
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
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
              {[...series].sort(ORDERS[order]).map((one) => (
                <a
                  key={seriesName(one)}
                  className="card"
                  href="/explore"
                  onClick={(event) => {
                    event.preventDefault();
                    go({ view: 'explore', selector: withLabel('{}', 'service_name', seriesName(one)), focus: [] });
                  }}
                >
                  <b>{seriesName(one)}</b>
                  <span className="quiet">
                    {formatValue(totalOf(one), unit)} · {describeChange(changeOf(one))}
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

function describeChange(change: number): string {
  if (!Number.isFinite(change)) return 'new in the second half';
  const percent = Math.round(change * 100);
  return percent === 0 ? 'steady' : `${percent > 0 ? '+' : ''}${percent}% in the second half`;
}

export function NoData() {
  const { state, go } = usePage();
  return (
    <div className="empty">
      <p>
        <b>No profile of this type in this time range.</b>
      </p>
      <p>
        <button onClick={() => go({ from: 'now-24h', until: 'now' })}>Look at the last day</button>
        {state.type.startsWith('process_cpu:cpu') ? null : ' or choose another profile type above.'}
      </p>
      <p className="quiet">
        Nothing sent yet? <a href="/start">How to send profiles</a>
      </p>
    </div>
  );
}
