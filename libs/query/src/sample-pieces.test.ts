/** Samples piece by piece: the same ones, in the memory of one piece. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VisitSamples } from '@flamelake/block';
import type { Memory } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { cutIntoPieces, visitPieces } from './sample-pieces.ts';
import type { RowRun } from './select-rows.ts';
import { blockOf } from './test-blocks.ts';

const signal = new AbortController().signal;

function countedMemory() {
  let [heldBytes, peakBytes] = [0, 0];
  const memory: Memory = {
    take(bytes) {
      heldBytes += bytes;
      peakBytes = Math.max(peakBytes, heldBytes);
    },
    give: (bytes) => {
      heldBytes -= bytes;
    },
  };
  return { memory, held: () => heldBytes, peak: () => peakBytes };
}

test('pieces have all rows once, in order, and no more than their share', () => {
  const runs = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 40 })), { minLength: 1 }).map((lengths) => {
    let at = 0;
    return lengths.map(([gap, length], series): RowRun => {
      const from = at + gap;
      at = from + length;
      return { series, from, until: at };
    });
  });
  const rowsIn = (some: readonly RowRun[]) =>
    some.flatMap(({ series, from, until }) => Array.from({ length: until - from }, (_, i) => [series, from + i]));
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 5_000 }), (all, pieceBytes) => {
      const rows = rowsIn(all).length;
      const pieces = cutIntoPieces(all, 10 * rows, rows, pieceBytes);
      assert.deepEqual(pieces.flatMap(rowsIn), rowsIn(all));
      assert.ok(pieces.length <= Math.ceil((10 * rows) / pieceBytes));
      const most = Math.max(...pieces.map((piece) => rowsIn(piece).length));
      assert.ok(most <= Math.max(1, Math.ceil(pieceBytes / 10)), `${most} rows in ${pieceBytes} bytes`);
    }),
  );
});

test('a large dataset is visited in a part of the memory, and what was visited is let go', async () => {
  const random = createSeededRandom(5);
  const shape = { services: ['a'], functionsMax: 5_000, stacksMax: 20_000, depthMax: 12 };
  const block = blockOf(
    Array.from({ length: 24 }, () => randomProfileRecord(random, shape)),
    1,
    1,
  );
  const whole = countedMemory();
  const dataset = block.openDataset(0, whole.memory);
  const { count } = await dataset.profiles();
  const all = [{ series: 0, from: 0, until: count }];
  const sums = async (visitAll: (visit: VisitSamples) => Promise<void>) => {
    const byRow = new Map<number, number>();
    await visitAll((row, stacktraces, stackFrom, values, valueFrom, length, unit) => {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += (stacktraces[stackFrom + i] + 1) * values[valueFrom + i] * unit;
      byRow.set(row, (byRow.get(row) ?? 0) + sum);
    });
    return byRow;
  };
  const truth = await sums((visit) => dataset.visitSamples(all, visit));
  assert.equal(truth.size, count);
  const pieces = cutIntoPieces(all, dataset.info.sizeBytes, count, Math.ceil(dataset.info.sizeBytes / 8));
  assert.equal(pieces.length, 8);
  const pieced = countedMemory();
  let pauses = 0;
  const pause = async () => void pauses++;
  const open = (own: Memory) => block.openDataset(0, own);
  const found = await sums((visit) => visitPieces(open, pieces, visit, { signal, memory: pieced.memory, pause }));
  assert.deepEqual(found, truth);
  assert.deepEqual([pieced.held(), pauses], [0, 8]);
  assert.ok(pieced.peak() < whole.peak() / 2, `${pieced.peak()} of ${whole.peak()}`);
});
