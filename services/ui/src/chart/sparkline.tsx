/** One series as a line without axes: what a service did, at a glance. */
import { useRef } from 'react';
import type { Series } from '../api/querier.ts';
import type { TimeRange } from '../model/time-range.ts';
import { useDarkMode } from '../parts/use-dark-mode.ts';
import { useWidth } from '../parts/use-width.ts';
import { chartScale, linePath } from './chart-scale.ts';
import { seriesColour } from './series-name.ts';

export interface SparklineProps {
  readonly series: Series;
  readonly range: TimeRange;
  readonly stepSeconds: number;
  readonly heightPx: number;
  /** The largest value, in words. */
  readonly largest: string;
}

export function Sparkline({ series, range, stepSeconds, heightPx, largest }: SparklineProps) {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const isDark = useDarkMode();
  const scale = chartScale([series], range, widthPx, heightPx);
  const path = linePath(series, scale, stepSeconds);
  const ends =
    series.timesMs.length === 0 ? '' : `L${scale.x((series.timesMs.at(-1) ?? 0) - stepSeconds * 500)} ${heightPx}Z`;
  return (
    <div className="chart" ref={frame}>
      <svg width={widthPx} height={heightPx} role="img" aria-label={`Time series, at most ${largest}`}>
        <path className="area" d={path + ends} fill={seriesColour(0, isDark)} />
        <path className="line" d={path} stroke={seriesColour(0, isDark)} />
      </svg>
    </div>
  );
}
