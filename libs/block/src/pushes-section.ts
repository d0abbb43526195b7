/**
 * Section of a dataset's pushes: what all rows of a pushed profile have in common, numbered as their first rows come. By column:
 *
 *     0 time in ms, zigzag of the difference    1 duration in ns, varint    2 period, varint    3 identity, delta
 *
 * Differences are from the push before in the part; the first counts from 0.
 */
import { join, readInt64s, readUint32s, readWhole, totalRows } from './columns.ts';
import { toNumbers } from './int64.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';

export interface PushColumns {
  readonly count: number;
  readonly timeMs: Float64Array;
  readonly durationNanos: Float64Array;
  readonly period: BigInt64Array;
  /** Index into the block's identities. */
  readonly identity: Uint32Array;
}

export function writePushes(writer: PageWriter, pushes: PushColumns): void {
  const { raw } = writer;
  for (let from = 0; from < pushes.count; from += PART_ROWS) {
    const until = Math.min(from + PART_ROWS, pushes.count);
    let previous = 0;
    for (let i = from; i < until; i++) {
      const timeMs = pushes.timeMs[i];
      raw.signedVarint64(BigInt(timeMs - previous));
      previous = timeMs;
    }
    endColumn(writer);
    for (let i = from; i < until; i++) raw.varint(pushes.durationNanos[i]);
    endColumn(writer);
    raw.varints64(pushes.period.subarray(from, until));
    endColumn(writer);
    raw.deltas(pushes.identity.subarray(from, until));
    endColumn(writer);
    endPart(writer, 'pushes', until - from);
  }
}

export function readPushes(parts: readonly Part[], identityCount: number): PushColumns {
  const timeMs = parts.map((part) =>
    addUp(toNumbers(readWhole(part, 0, part.rows, (reader, count) => reader.signedVarints64(count)))),
  );
  return {
    count: totalRows(parts),
    timeMs: join(timeMs, (length) => new Float64Array(length)),
    durationNanos: toNumbers(readInt64s(parts, 1, (reader, count) => reader.varints64(count))),
    period: readInt64s(parts, 2, (reader, count) => reader.varints64(count)),
    identity: readUint32s(parts, 3, (reader, count) => reader.deltas(count, identityCount)),
  };
}

/** Differences → what they lead to, in place. */
function addUp(steps: Float64Array): Float64Array {
  for (let i = 1; i < steps.length; i++) steps[i] += steps[i - 1];
  return steps;
}
