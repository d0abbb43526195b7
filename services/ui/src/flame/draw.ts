/** Draws the part of a flame graph that is seen: bars below half a pixel are not looked at, nor is what lies on them. */
import { barColour, diffColour, type Palette } from './colours.ts';
import { type FlameGraph, nameOf, OTHER } from './flame-graph.ts';

export const ROW_HEIGHT = 20;
const TEXT_WIDTH_MIN = 28;
const BAR_WIDTH_MIN = 0.5;

export interface Scene {
  readonly graph: FlameGraph;
  /** Bar that fills the width; its ancestors lie above it over the whole width. */
  readonly zoom: number;
  readonly hovered: number;
  readonly selected: number;
  /** Found bars by number, or undefined when nothing is searched. */
  readonly found: Uint8Array | undefined;
  readonly widthPx: number;
  readonly palette: Palette;
}

export interface Placed {
  readonly bar: number;
  readonly x: number;
  readonly width: number;
  readonly row: number;
}

/** The bars that are seen, parents before children. */
export function placeBars({ graph, zoom, widthPx }: Pick<Scene, 'graph' | 'zoom' | 'widthPx'>): Placed[] {
  const placed: Placed[] = [];
  const from = graph.start[zoom] ?? 0;
  const scale = widthPx / Math.max(graph.width[zoom] ?? 0, Number.MIN_VALUE);
  const isSeen = new Uint8Array(graph.count);
  const ancestors: number[] = [];
  for (let at = zoom; at >= 0; at = graph.parent[at] ?? -1) ancestors.push(at);
  for (const bar of ancestors.reverse()) {
    isSeen[bar] = 1;
    placed.push({ bar, x: 0, width: widthPx, row: graph.depth[bar] ?? 0 });
  }
  for (let bar = zoom + 1; bar < graph.count; bar++) {
    const parent = graph.parent[bar] ?? -1;
    if (parent < zoom || isSeen[parent] === 0) continue;
    const width = (graph.width[bar] ?? 0) * scale;
    if (width < BAR_WIDTH_MIN) continue;
    isSeen[bar] = 1;
    placed.push({ bar, x: ((graph.start[bar] ?? 0) - from) * scale, width, row: graph.depth[bar] ?? 0 });
  }
  return placed;
}

export function drawScene(context: CanvasRenderingContext2D, scene: Scene, bars: readonly Placed[]): void {
  const { graph, hovered, selected, found, widthPx, palette } = scene;
  context.clearRect(0, 0, widthPx, graph.levels * ROW_HEIGHT);
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const text = palette.isDark ? '#f4f4f5' : '#18181b';
  for (const { bar, x, width, row } of bars) {
    const y = row * ROW_HEIGHT;
    const gap = width > 3 ? 1 : 0;
    context.globalAlpha = found !== undefined && found[bar] === 0 ? 0.25 : 1;
    context.fillStyle = colourOf(scene, bar);
    context.fillRect(x, y, width - gap, ROW_HEIGHT - 1);
    if (bar === hovered || bar === selected) {
      context.strokeStyle = text;
      context.strokeRect(x + 0.5, y + 0.5, Math.max(0, width - gap - 1), ROW_HEIGHT - 2);
    }
    if (width < TEXT_WIDTH_MIN) continue;
    context.fillStyle = text;
    context.fillText(fitted(nameOf(graph, bar), width - 8), x + 4, y + ROW_HEIGHT / 2);
  }
  context.globalAlpha = 1;
}

function colourOf({ graph, palette }: Scene, bar: number): string {
  const name = nameOf(graph, bar);
  if (graph.right !== undefined) {
    const left = (graph.total[bar] ?? 0) / Math.max(1, graph.total[0] ?? 0);
    const right = (graph.right.total[bar] ?? 0) / Math.max(1, graph.right.total[0] ?? 0);
    return diffColour(left, right, palette);
  }
  if (bar === 0 || name === OTHER) return palette.isDark ? '#3f3f46' : '#d4d4d8';
  return barColour(name, palette);
}

/** The text, cut at its end to a width; long package paths lose their beginning first. */
function fitted(text: string, width: number): string {
  const perLetter = 6.9;
  const letters = Math.floor(width / perLetter);
  if (text.length <= letters) return text;
  const short = text.slice(text.lastIndexOf('/') + 1);
  if (short.length <= letters) return short;
  return letters < 2 ? '' : `${short.slice(0, letters - 1)}…`;
}

/** The bar under a point, or -1. */
export function barAt(bars: readonly Placed[], x: number, y: number): number {
  const row = Math.floor(y / ROW_HEIGHT);
  return bars.find((one) => one.row === row && x >= one.x && x < one.x + one.width)?.bar ?? -1;
}
