/** A flame graph as a picture that scales: SVG text, every name escaped. */
import { textColour } from './colours.ts';
import { drawBars, FAINT_BAR, FAINT_TEXT, guessedWidth, type Paint, type Surface } from './draw.ts';
import type { FlameGraph } from './flame-graph.ts';
import { placeBars, ROW_HEIGHT } from './place-bars.ts';

/** The picture of what is zoomed to, all levels. */
export function flameSvg(graph: FlameGraph, zoom: number, widthPx: number, paint: Paint): string {
  const bars = placeBars(graph, { zoom, widthPx, firstRow: 0, untilRow: graph.levels });
  const heightPx = graph.levels * ROW_HEIGHT;
  const parts: string[] = [];
  const surface: Surface = {
    rect(x, y, width, height, colour, isFaint) {
      const place = `x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${height}"`;
      parts.push(`<rect ${place} fill="${colour}"${isFaint ? ` opacity="${FAINT_BAR}"` : ''}/>`);
    },
    text(words, x, y, isRight, isItalic, isFaint) {
      const style = `${isRight ? ' text-anchor="end"' : ''}${isItalic ? ' font-style="italic"' : ''}${isFaint ? ` opacity="${FAINT_TEXT}"` : ''}`;
      parts.push(`<text x="${x.toFixed(2)}" y="${y + 4}"${style}>${escapeXml(words)}</text>`);
    },
    widthOf: guessedWidth,
  };
  drawBars(surface, graph, bars, paint);
  const back = paint.palette.isDark ? '#16161a' : '#ffffff';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}" font-family="system-ui, sans-serif" font-size="12" fill="${textColour(paint.palette)}"><rect width="${widthPx}" height="${heightPx}" fill="${back}"/>${parts.join('')}</svg>`;
}

/** Text that can stand in XML; characters that XML cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
