/** Which deletes a kept piece of a dataset depends on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetQuestions } from './dataset-question.ts';
import { compileDeletes } from './select-rows.ts';
import type { Selection } from './task.ts';

const DAY_MS = 1_700_006_400_000;
const MINUTE_MS = 60_000;
const DATASET = { tenant: 't', service: 'a', minTimeMs: DAY_MS, maxTimeMs: DAY_MS + 1_440 * MINUTE_MS - 1 };
const SELECTION: Selection = {
  tenants: ['t'],
  fromMs: at(5, 1),
  untilMs: Number.MAX_SAFE_INTEGER,
  selectors: [],
  profileTypeId: undefined,
};

function at(hour: number, minute: number): number {
  return DAY_MS + (hour * 60 + minute) * MINUTE_MS;
}

function piecesWithout(fromMs: number, untilMs: number) {
  const deletes = compileDeletes([{ tenant: 't', selector: '{}', fromMs, untilMs }]);
  return datasetQuestions({ question: { kind: 'functions' }, selection: SELECTION }, DATASET, deletes) ?? [];
}

test('a piece is the same whatever is deleted outside its range', () => {
  const keys = (fromMs: number, untilMs: number) => piecesWithout(fromMs, untilMs).map((piece) => piece.fingerprint);
  const before = keys(0, at(2, 1));
  // The slice at the edge is 05:00 to 05:15; from there to 08:00; the rest.
  assert.equal(before.length, 3);
  assert.deepEqual(keys(0, at(2, 2)), before);
  assert.deepEqual(keys(0, at(5, 0)), before);
  const changed = (fromMs: number, untilMs: number) =>
    keys(fromMs, untilMs).map((fingerprint, i) => fingerprint !== before[i]);
  assert.deepEqual(changed(0, at(5, 0) + 1), [true, false, false]);
  assert.deepEqual(changed(at(5, 15), at(8, 0)), [false, true, false]);
  assert.deepEqual(changed(at(5, 15) - 1, at(8, 0) + 1), [true, true, true]);
  assert.deepEqual(changed(at(8, 0), at(9, 0)), [false, false, true]);
  assert.deepEqual(
    piecesWithout(at(5, 15), at(8, 0)).map((piece) => piece.deletes.length),
    [0, 1, 0],
  );
});
