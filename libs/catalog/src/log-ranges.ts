/** Ranges of the log that blocks made of others cover. */
import type { LogRange } from '@flamelake/block';
import { FlamelakeError } from '@flamelake/model';

/**
 * The range from the first to the last of all; between them there may be offsets of none. `next` and `lastAppendMs` stay one point of the
 * log's running maximum: what lies before the one was appended at the other at the latest.
 */
export function hullOf(ranges: readonly LogRange[]): LogRange {
  const inOrder = ranges.toSorted((a, b) => a.next - b.next || a.position - b.position);
  const last = inOrder.at(-1);
  if (last === undefined) throw new FlamelakeError('internal', 'no log ranges to join');
  const gaps = new Map(inOrder.flatMap((range) => range.gaps.map((gap) => [gap.from, gap])));
  return {
    logId: last.logId,
    partition: last.partition,
    position: Math.min(...inOrder.map(({ position }) => position)),
    next: last.next,
    lastAppendMs: last.lastAppendMs,
    gaps: [...gaps.values()].sort((a, b) => a.from - b.from),
  };
}
