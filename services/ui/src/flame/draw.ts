/** Draws the placed bars of a flame graph. */
import { barColour, diffColour, type Palette, plainColour, textColour } from './colours.ts';
import { type FlameGraph, nameOf, OTHER } from './flame-graph.ts';
import { type PlacedBars, ROW_HEIGHT, THIN } from './place-bars.ts';

const TEXT_WIDTH_MIN = 28;
/** How much is seen of what was not searched for: its name can still be read. */
export const FAINT_BAR = 0.3;
export const FAINT_TEXT = 0.65;
const FONT = '12px system-ui, sans-serif';
/** No letter of a name is narrower, px: what is longer than this allows need not be measured. */
const LETTER_WIDTH_MIN = 2;
/** Letters of what is cut by guess, px. */
const LETTER_WIDTH = 7;

export interface Paint {
  readonly palette: Palette;
  /** Which end of a name is cut when it does not fit. */
  readonly align: 'left' | 'right';
  /** Found bars by number, or undefined when nothing is searched. */
  readonly found: Uint8Array | undefined;
}

/** What a canvas and its counterparts (a picture as text) can do. */
export interface Surface {
  rect(x: number, y: number, width: number, height: number, colour: string, isFaint: boolean): void;
  text(text: string, x: number, y: number, isRight: boolean, isItalic: boolean, isFaint: boolean): void;
  /** Width of a text, px, near enough to cut it by. */
  widthOf(text: string): number;
}

/** Where nothing can be measured. */
export const guessedWidth = (text: string): number => text.length * LETTER_WIDTH;

/** Bars of a graph in their colours; `y` counts from the first placed row. */
export function drawBars(surface: Surface, graph: FlameGraph, bars: PlacedBars, paint: Paint): void {
  const { palette, found, align } = paint;
  const colours: (string | undefined)[] = [];
  const thin = plainColour(palette);
  for (let row = 0; row + 1 < bars.rowStart.length; row++) {
    const y = row * ROW_HEIGHT;
    const end = bars.rowStart[row + 1] ?? 0;
    for (let i = bars.rowStart[row] ?? 0; i < end; i++) {
      const bar = bars.bar[i] ?? THIN;
      const x = bars.x[i] ?? 0;
      const width = bars.width[i] ?? 0;
      const isFaint = bar === THIN || (found !== undefined && found[bar] === 0);
      surface.rect(x, y, width > 3 ? width - 1 : width, ROW_HEIGHT - 1, bar === THIN ? thin : colourOf(bar), isFaint);
      // Of a bar that is cut at the edge, the part that is seen has the name.
      const left = Math.max(0, x);
      const room = x + width - left;
      if (bar === THIN || room < TEXT_WIDTH_MIN) continue;
      const isRight = align === 'right';
      const words = fitted(nameOf(graph, bar), room - 8, isRight, surface.widthOf);
      const isInlined = graph.inlined?.[bar] === 1;
      surface.text(words, isRight ? left + room - 5 : left + 4, y + ROW_HEIGHT / 2, isRight, isInlined, isFaint);
    }
  }

  function colourOf(bar: number): string {
    if (graph.right !== undefined) {
      const left = (graph.total[bar] ?? 0) / Math.max(1, graph.total[0] ?? 0);
      const right = (graph.right.total[bar] ?? 0) / Math.max(1, graph.right.total[0] ?? 0);
      return diffColour(left, right, palette);
    }
    if (bar === 0) return thin;
    const number = graph.name[bar] ?? 0;
    colours[number] ??= graph.names[number] === OTHER ? thin : barColour(graph.names[number] ?? '', palette);
    return colours[number] ?? thin;
  }
}

/** A canvas as a surface. Its state is set only where it changes: that is what drawing many bars costs. */
export function canvasSurface(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  palette: Palette,
): Surface {
  const ink = textColour(palette);
  let fill = '';
  let alpha = -1;
  let align = '';
  let font = '';
  context.textBaseline = 'middle';
  const set = (colour: string, wanted: number): void => {
    if (colour !== fill) context.fillStyle = fill = colour;
    if (wanted !== alpha) context.globalAlpha = alpha = wanted;
  };
  return {
    rect(x, y, width, height, colour, isFaint) {
      set(colour, isFaint ? FAINT_BAR : 1);
      context.fillRect(x, y, width, height);
    },
    text(words, x, y, isRight, isItalic, isFaint) {
      set(ink, isFaint ? FAINT_TEXT : 1);
      const wantedAlign = isRight ? 'right' : 'left';
      if (wantedAlign !== align) context.textAlign = align = wantedAlign;
      const wantedFont = isItalic ? `italic ${FONT}` : FONT;
      if (wantedFont !== font) context.font = font = wantedFont;
      context.fillText(words, x, y);
    },
    widthOf(text) {
      // Of the upright font; the other is as wide.
      if (font === '') context.font = font = FONT;
      return context.measureText(text).width;
    },
  };
}

/** The text, cut to a width at one end; long package paths lose their beginning first. */
export function fitted(
  text: string,
  width: number,
  keepsEnd: boolean,
  widthOf: (text: string) => number = guessedWidth,
): string {
  const longest = Math.floor(width / LETTER_WIDTH_MIN);
  if (text.length <= longest && widthOf(text) <= width) return text;
  const short = text.slice(text.lastIndexOf('/') + 1);
  const isMeasured = short.length <= longest;
  const shortWidth = isMeasured ? widthOf(short) : guessedWidth(short);
  if (shortWidth <= width) return short;
  let letters = Math.floor((width / shortWidth) * short.length);
  for (; letters >= 2; letters--) {
    const cut = keepsEnd ? `…${text.slice(1 - letters)}` : `${short.slice(0, letters - 1)}…`;
    if (widthOf(cut) <= width) return cut;
  }
  return '';
}
