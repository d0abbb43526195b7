/** Where the cells of a heat map lie, and how strong they are. */
import type { Exemplar, Heatmap } from '../api/querier.ts';
import type { TimeRange } from '../model/time-range.ts';

export interface HeatmapCell {
  readonly timeMs: number;
  readonly bucket: number;
  readonly count: number;
  /** The largest profile of the cell. */
  readonly largest: Exemplar | undefined;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** From 0.15 for the fewest profiles to 1 for the most, by magnitude. */
  readonly strength: number;
}

/** Profiles that are asked for one by one: the times (after, up to) and values (from, below) of a cell. */
export interface CellRange {
  readonly afterMs: number;
  readonly untilMs: number;
  readonly fromValue: number;
  /** Infinite in the highest cells. */
  readonly belowValue: number;
  readonly count: number;
  /** Profiles of the same times, whatever their value. */
  readonly columnCount: number;
}

const STRENGTH_MIN = 0.15;

export function heatmapCells(
  { slots, edges }: Heatmap,
  { startMs, endMs }: TimeRange,
  stepSeconds: number,
  widthPx: number,
  heightPx: number,
): readonly HeatmapCell[] {
  const buckets = Math.max(1, edges.length);
  const most = slots.reduce((max, { counts }) => counts.reduce((a, b) => Math.max(a, b), max), 1);
  const width = ((stepSeconds * 1_000) / (endMs - startMs)) * widthPx;
  const height = heightPx / buckets;
  return slots.flatMap(({ timeMs, counts, exemplars }) => {
    // Lower buckets first, one for each bucket that has any.
    const named = [...exemplars];
    return counts.flatMap((count, bucket): HeatmapCell[] => {
      if (count === 0) return [];
      const right = ((timeMs - startMs) / (endMs - startMs)) * widthPx;
      const strength = STRENGTH_MIN + ((1 - STRENGTH_MIN) * Math.log1p(count)) / Math.log1p(most);
      // What begins before the range is cut at its edge.
      const x = Math.max(0, right - width);
      const place = { x, y: heightPx - (bucket + 1) * height, width: Math.max(1, right - x - 1) };
      return [{ timeMs, bucket, count, largest: named.shift(), ...place, height: height - 1, strength }];
    });
  });
}

/** What lies in a cell of a heat map. */
export function cellRange({ slots, edges }: Heatmap, cell: HeatmapCell, stepSeconds: number): CellRange {
  const column = slots.find(({ timeMs }) => timeMs === cell.timeMs)?.counts ?? [];
  return {
    afterMs: cell.timeMs - stepSeconds * 1_000,
    untilMs: cell.timeMs,
    fromValue: edges[cell.bucket] ?? 0,
    belowValue: edges[cell.bucket + 1] ?? Number.POSITIVE_INFINITY,
    count: cell.count,
    columnCount: column.reduce((a, b) => a + b, 0),
  };
}
