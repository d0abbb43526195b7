/** A flame graph as a picture of pixels. */
import { canvasSurface, drawBars, type Paint } from './draw.ts';
import type { FlameGraph } from './flame-graph.ts';
import { placeBars, ROW_HEIGHT } from './place-bars.ts';

/** Rows a picture has at most: canvases have bounds, and deeper ones are for SVG. */
const ROWS_MAX = 500;
const PIXEL_RATIO = 2;

export async function pngOf(graph: FlameGraph, widthPx: number, paint: Omit<Paint, 'found'>): Promise<Blob> {
  const rows = Math.min(graph.levels, ROWS_MAX);
  const canvas = new OffscreenCanvas(widthPx * PIXEL_RATIO, Math.max(1, rows) * ROW_HEIGHT * PIXEL_RATIO);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser gives no canvas to draw on');
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  context.fillStyle = paint.palette.isDark ? '#16161a' : '#ffffff';
  context.fillRect(0, 0, widthPx, rows * ROW_HEIGHT);
  const bars = placeBars(graph, { zoom: 0, widthPx, firstRow: 0, untilRow: rows });
  drawBars(canvasSurface(context, paint.palette), graph, bars, { ...paint, found: undefined });
  return canvas.convertToBlob({ type: 'image/png' });
}
