/** One service: its time series, and where the chosen time went. */
import { useEffect, useRef, useState } from 'react';
import { type Query, selectFlameGraph, selectHeatmap, selectProfile, selectSeries } from '../api/querier.ts';
import { type CellRange, cellRange } from '../chart/heatmap-cells.ts';
import { HeatmapChart } from '../chart/heatmap-chart.tsx';
import { SeriesChart } from '../chart/series-chart.tsx';
import { decodeFlameGraph } from '../flame/flame-graph.ts';
import { graphOfProfile } from '../flame/profile-graph.ts';
import { stepOf } from '../model/time-range.ts';
import { formatPoint, formatValue, partsOf, pointUnit } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { queryOf, usePage } from '../parts/page.ts';
import { QueryBar } from '../parts/query-bar.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { CellList } from './cell-list.tsx';
import { ExportMenu } from './export-menu.tsx';
import { NoData } from './no-data.tsx';
import { ProfilePanes } from './profile-panes.tsx';

/** Height of what is over time: another kind of it moves nothing. */
const CHART_PX = 150;

export function ExploreView() {
  const page = usePage();
  const { state, go, nowMs } = page;
  const query = queryOf(page);
  const key = JSON.stringify([query.type, query.selector, state.from, state.until, state.tenant, nowMs]);
  const { focus, profile, detail, frames } = state;
  const graph = useAnswer(`${key}${JSON.stringify([focus, profile, detail, frames])}`, async (signal) => {
    const caller = { tenant: state.tenant, signal };
    const narrowing = { focus, profile, detail };
    if (frames === 'line') return graphOfProfile(await selectProfile(caller, query, narrowing));
    return decodeFlameGraph(await selectFlameGraph(caller, query, narrowing));
  });
  return (
    <>
      <div className="row">
        <QueryBar hasService={true} />
        <ExportMenu query={query} graph={graph.value} />
      </div>
      <div className="tabs" role="tablist" aria-label="Over time">
        <button role="tab" aria-selected={state.chart === 'series'} onClick={() => go({ chart: 'series' })}>
          Time series
        </button>
        <button role="tab" aria-selected={state.chart === 'heatmap'} onClick={() => go({ chart: 'heatmap' })}>
          Heat map
        </button>
        {state.profile !== '' && (
          <button className="chip" onClick={() => go({ profile: '' })}>
            One profile: <code>{state.profile}</code> ×
          </button>
        )}
      </div>
      {state.chart === 'series' ? (
        <SeriesOf query={query} saidError={graph.error} />
      ) : (
        <HeatmapOf query={query} saidError={graph.error} />
      )}
      <Loading answer={graph} minHeightPx={500}>
        {(shown) => <ProfilePanes graph={shown} unit={partsOf(state.type).unit} empty={<NoData />} />}
      </Loading>
    </>
  );
}

interface OverTimeProps {
  readonly query: Query;
  readonly saidError: string | undefined;
}

function SeriesOf({ query, saidError }: OverTimeProps) {
  const { state, go, nowMs } = usePage();
  const step = stepOf(query);
  const key = JSON.stringify([query.type, query.selector, state.from, state.until, state.tenant, nowMs]);
  const series = useAnswer(key, (signal) => selectSeries({ tenant: state.tenant, signal }, query, step, []));
  return (
    <Loading answer={series} minHeightPx={CHART_PX} saidError={saidError}>
      {(lines) => (
        <SeriesChart
          series={lines}
          range={query}
          stepSeconds={step}
          heightPx={CHART_PX}
          format={(value) => formatPoint(value, state.type, step)}
          unit={pointUnit(state.type, step)}
          onRange={({ startMs, endMs }) => go({ from: String(startMs), until: String(endMs) })}
        />
      )}
    </Loading>
  );
}

function HeatmapOf({ query, saidError }: OverTimeProps) {
  const { state, go, nowMs } = usePage();
  const [cell, setCell] = useState<CellRange | undefined>(undefined);
  const frame = useRef<HTMLDivElement>(null);
  const step = stepOf(query);
  const asked = JSON.stringify([query.type, query.selector, state.from, state.until, state.tenant]);
  const answer = useAnswer(`${asked}${nowMs}`, (signal) =>
    selectHeatmap({ tenant: state.tenant, signal }, query, step),
  );
  // Another question has other cells.
  useEffect(() => setCell(undefined), [asked]);
  const { unit } = partsOf(state.type);
  const format = (value: number): string => formatValue(value, unit);
  const close = (): void => {
    setCell(undefined);
    frame.current?.querySelector<SVGElement>('[role=grid]')?.focus();
  };
  return (
    <div ref={frame}>
      <Loading answer={answer} minHeightPx={CHART_PX} saidError={saidError}>
        {(heatmap) => (
          <HeatmapChart
            heatmap={heatmap}
            range={query}
            stepSeconds={step}
            heightPx={CHART_PX}
            format={format}
            onPick={(picked) => {
              if (picked.count > 1) setCell(cellRange(heatmap, picked, step));
              else if (picked.largest !== undefined) go({ profile: picked.largest.profileId });
            }}
          />
        )}
      </Loading>
      {cell !== undefined && <CellList query={query} cell={cell} format={format} onClose={close} />}
    </div>
  );
}
