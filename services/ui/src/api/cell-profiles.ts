/** The single profiles of a heat map's cell: a heat map of that cell alone, so fine that each profile has one of its own. */
import type { CellRange } from '../chart/heatmap-cells.ts';
import { type Caller, type Exemplar, labelNames, type Query, selectHeatmaps } from './querier.ts';

/** Profiles of one time that are told apart: their labels cost the server a series each. */
export const PROFILES_TOLD_MAX = 2_000;
const STEP_SECONDS = 0.001;

/** The largest first. Of profiles that have all labels, their ms and nearly their value in common only the largest is there. */
export async function cellProfiles(caller: Caller, query: Query, cell: CellRange): Promise<readonly Exemplar[]> {
  const own = {
    ...query,
    startMs: cell.afterMs,
    endMs: Math.max(cell.afterMs + 1, Math.min(cell.untilMs, query.endMs)),
  };
  const names = (await labelNames(caller, own)).filter((name) => !name.startsWith('__'));
  const heatmaps = await selectHeatmaps(caller, own, STEP_SECONDS, names);
  const profiles = heatmaps.flatMap(({ labels, slots }) =>
    slots.flatMap(({ exemplars }) => exemplars.map((one) => ({ ...one, labels }))),
  );
  return profiles
    .filter(({ timeMs, value }) => timeMs > cell.afterMs && value >= cell.fromValue && value < cell.belowValue)
    .sort((a, b) => b.value - a.value || a.timeMs - b.timeMs);
}
