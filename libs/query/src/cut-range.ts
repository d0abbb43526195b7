/**
 * A time range in pieces that ranges which end a little later have in common: from one end to the next full quarter of an hour, from there
 * to the next full four hours, the rest. Only pieces at the ends change as a range moves, and they are small.
 */

/** Half-open, ms since 1970. */
export interface TimeRange {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface RangePiece extends TimeRange {
  /** Whether an end of the range is in it: it lies in one slice. */
  readonly isEdge: boolean;
}

export const WHOLE: TimeRange = { fromMs: Number.MIN_SAFE_INTEGER, untilMs: Number.MAX_SAFE_INTEGER };

/** A quarter of an hour. */
const SLICE_MS = 900_000;
/** Four hours. */
const LARGE_MS = 14_400_000;

/** @param range - ends at MIN_SAFE_INTEGER and MAX_SAFE_INTEGER are none */
export function cutRange({ fromMs, untilMs }: TimeRange): readonly RangePiece[] {
  const hasStart = fromMs !== WHOLE.fromMs;
  const hasEnd = untilMs !== WHOLE.untilMs;
  const [from, largeFrom] = hasStart ? ceilings(fromMs) : [fromMs, fromMs];
  const [until, largeUntil] = hasEnd ? ceilings(-untilMs).map((ms) => -ms) : [untilMs, untilMs];
  if (from > until) return fromMs < untilMs ? [{ fromMs, untilMs, isEdge: true }] : [];
  const inner = largeFrom <= largeUntil ? [from, largeFrom, largeUntil, until] : [from, until];
  const pieces = inner.slice(1).map((end, i) => ({ fromMs: inner[i], untilMs: end, isEdge: false }));
  return [{ fromMs, untilMs: from, isEdge: true }, ...pieces, { fromMs: until, untilMs, isEdge: true }].filter(
    (piece) => piece.fromMs < piece.untilMs,
  );
}

/** The slice that an edge lies in. */
export function sliceOf({ fromMs }: TimeRange): TimeRange {
  const start = Math.floor(fromMs / SLICE_MS) * SLICE_MS;
  return { fromMs: start, untilMs: start + SLICE_MS };
}

/** The next full slice and the next large piece after it. */
function ceilings(ms: number): readonly [number, number] {
  const slice = Math.ceil(ms / SLICE_MS) * SLICE_MS;
  return [slice, Math.ceil(slice / LARGE_MS) * LARGE_MS];
}
