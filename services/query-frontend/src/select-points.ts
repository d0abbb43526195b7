/** Heat maps, and the exemplars of time series. */
import {
  bucketEdges,
  heatmapBuckets,
  type Question,
  renderHeatmap,
  type Selection,
  type TimeGrid,
} from '@flamelake/query';
import type { Heatmap, HeatmapQuery } from './queries.ts';
import { type Ask, expect } from './run-question.ts';

/** Asks for the largest profile of each point of a time series. */
export function exemplarQuestion(grid: TimeGrid, groupBy: readonly string[]): Extract<Question, { kind: 'cells' }> {
  return {
    kind: 'cells',
    points: 'profiles',
    grid,
    buckets: { min: 0, max: 1, count: 1 },
    groupBy,
    hasExemplars: true,
  };
}

/** Looks for the range of values first: buckets are of all series together. */
export async function heatmapOf(ask: Ask, query: HeatmapQuery, grid: TimeGrid, selection: Selection): Promise<Heatmap> {
  const { points, groupBy, hasExemplars, limit } = query;
  const [extent] = await ask([{ question: { kind: 'extent', points }, selection }]);
  const buckets = heatmapBuckets(expect(extent, 'extent').extent);
  if (buckets === undefined) return { edges: [], series: [] };
  const [cells] = await ask([{ question: { kind: 'cells', points, grid, buckets, groupBy, hasExemplars }, selection }]);
  const series = renderHeatmap(expect(cells, 'cells').cells, grid, buckets, groupBy, limit);
  return { edges: bucketEdges(buckets), series };
}
