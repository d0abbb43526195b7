/** Where keys lead from a cell of a heat map. */
import type { HeatmapCell } from './heatmap-cells.ts';

/** @param at - number of a cell; -1 where none is marked. @returns undefined when the key leads nowhere */
export function neighbourCell(cells: readonly HeatmapCell[], at: number, key: string): number | undefined {
  const from = cells[at];
  if (key === 'Home' || (from === undefined && key.startsWith('Arrow'))) return cells.length > 0 ? 0 : undefined;
  if (key === 'End') return cells.length > 0 ? cells.length - 1 : undefined;
  if (from === undefined) return undefined;
  if (key === 'ArrowUp') return nearest(cells, from, (one) => one.timeMs === from.timeMs && one.bucket > from.bucket);
  if (key === 'ArrowDown') return nearest(cells, from, (one) => one.timeMs === from.timeMs && one.bucket < from.bucket);
  if (key === 'ArrowRight') return nearest(cells, from, (one) => one.timeMs > from.timeMs);
  return key === 'ArrowLeft' ? nearest(cells, from, (one) => one.timeMs < from.timeMs) : undefined;
}

/** Of those that fit the nearest in time, of these the nearest in size. */
function nearest(
  cells: readonly HeatmapCell[],
  from: HeatmapCell,
  fits: (cell: HeatmapCell) => boolean,
): number | undefined {
  let best: number | undefined;
  for (const [i, cell] of cells.entries()) {
    if (!fits(cell)) continue;
    const than = cells[best ?? -1];
    const time = Math.abs(cell.timeMs - from.timeMs);
    const bestTime = than === undefined ? Number.POSITIVE_INFINITY : Math.abs(than.timeMs - from.timeMs);
    const size = Math.abs(cell.bucket - from.bucket);
    const bestSize = than === undefined ? Number.POSITIVE_INFINITY : Math.abs(than.bucket - from.bucket);
    if (time < bestTime || (time === bestTime && size < bestSize)) best = i;
  }
  return best;
}
