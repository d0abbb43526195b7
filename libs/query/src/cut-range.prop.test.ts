/** Pieces of a range: what they are for is that ranges which move have most of them in common. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { cutRange, sliceOf, WHOLE } from './cut-range.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** Often on an edge of a slice. */
const time = fc.oneof(
  fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }),
  fc.integer({ min: -50, max: 50 }).map((slice) => slice * 15 * MINUTE_MS),
);

test('pieces follow one another from the start of the range to its end; an end of it lies in one slice', () => {
  const start = fc.option(time, { nil: WHOLE.fromMs });
  const end = fc.option(time, { nil: WHOLE.untilMs });
  fc.assert(
    fc.property(start, end, (fromMs, untilMs) => {
      const pieces = cutRange({ fromMs, untilMs });
      if (fromMs >= untilMs) assert.deepEqual(pieces, []);
      let at = fromMs;
      for (const piece of pieces) {
        assert.ok(piece.fromMs === at && piece.untilMs > at);
        at = piece.untilMs;
        if (!piece.isEdge) continue;
        const slice = sliceOf(piece);
        assert.ok(slice.fromMs <= piece.fromMs && piece.untilMs <= slice.untilMs);
      }
      assert.ok(fromMs >= untilMs || at === untilMs);
      assert.ok(pieces.length <= 5);
    }),
  );
});

test('a day that moves by minutes has few pieces that no day before had', () => {
  const seen = new Set<string>();
  for (let minute = 0; minute < 1_440; minute++) {
    const fromMs = minute * MINUTE_MS + 17;
    for (const piece of cutRange({ fromMs, untilMs: WHOLE.untilMs })) {
      seen.add(JSON.stringify(piece.isEdge ? sliceOf(piece) : piece));
    }
  }
  // 96 slices, as many pieces to the next four hours but the last before it, and six of the rest.
  assert.ok(seen.size <= 96 + 96 + 7, `${seen.size}`);
});
