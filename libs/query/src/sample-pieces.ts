/**
 * Samples of a large dataset, some at a time: decoded they are many times what is stored, and only their sums are wanted. Each piece is read
 * by a reader of its own, which is let go before the next one.
 */
import type { DatasetReader, VisitSamples } from '@flamelake/block';
import { type Memory, openMemoryScope } from '@flamelake/model';
import type { RowRun } from './select-rows.ts';
import { type TurnOptions, takeTurn } from './take-turn.ts';

/** Stored bytes of a dataset whose samples are decoded at a time, 16 MiB: more begins to hold others up. */
export const PIECE_BYTES = 16_777_216;

/**
 * Cuts runs of rows into pieces of about equal rows.
 * @param rowsOfAll - rows of the dataset, in `sizeBytes`
 */
export function cutIntoPieces(
  runs: readonly RowRun[],
  sizeBytes: number,
  rowsOfAll: number,
  pieceBytes = PIECE_BYTES,
): readonly (readonly RowRun[])[] {
  const rows = runs.reduce((sum, { from, until }) => sum + until - from, 0);
  const count = Math.ceil((sizeBytes / pieceBytes) * (rows / rowsOfAll));
  if (count <= 1) return [runs];
  const rowsMax = Math.ceil(rows / count);
  const pieces: RowRun[][] = [[]];
  let room = rowsMax;
  for (const { series, from, until } of runs) {
    for (let start = from; start < until; ) {
      if (room === 0) {
        pieces.push([]);
        room = rowsMax;
      }
      const end = Math.min(until, start + room);
      pieces.at(-1)?.push({ series, from: start, until: end });
      room -= end - start;
      start = end;
    }
  }
  return pieces;
}

/**
 * Visits the samples of all pieces.
 * @param open - opens the dataset again, what it holds being taken from the memory
 * @throws {FlamelakeError} `canceled` when the signal aborts, what reading throws
 */
export async function visitPieces(
  open: (memory: Memory) => DatasetReader,
  pieces: readonly (readonly RowRun[])[],
  visit: VisitSamples,
  { signal, memory, pause }: TurnOptions & { readonly memory: Memory },
): Promise<void> {
  for (const rows of pieces) {
    await takeTurn({ signal, pause });
    const held = openMemoryScope(memory);
    const dataset = open(held);
    await dataset.load(['samples'], signal, rows);
    await dataset.visitSamples(rows, visit);
    held.end();
  }
}
