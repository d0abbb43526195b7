/** The judge of the kill test finds each kind of wrong answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answered, judgeAnswer } from './judge-answer.ts';
import { createLedger } from './ledger.ts';

function setUp() {
  const ledger = createLedger(['shop']);
  const add = (value: number, isSound = true) =>
    Object.assign(ledger.add({ service: 'shop', pod: '', value, timeMs: value, isSound }), { acknowledgedMs: 1_000 });
  const [first, second, refused] = [add(1), add(2), add(3, false)];
  const after = { entry: second, token: '', sentMs: 2_000 };
  const judge = (counted: Record<string, bigint>, changes: object = {}, answered: Answered = {}) =>
    judgeAnswer(
      { service: 'shop', startMs: 0, endMs: 10, sentMs: 5_000, after, ...changes },
      ledger.of('shop'),
      new Map(Object.entries(counted)),
      answered,
    );
  return { first, second, refused, judge };
}

test('a right answer is right, also an old one where nothing asks for more', () => {
  const { first, second, judge } = setUp();
  assert.deepEqual(judge({ [first.id]: 1n, [second.id]: 2n }), []);
  assert.deepEqual(judge({}, { after: undefined }), []);
  assert.deepEqual(judge({ [second.id]: 2n }, { startMs: 2 }), []);
});

test('too much, too little, refused, unknown and out of range are wrong', () => {
  const { first, second, refused, judge } = setUp();
  const right = { [first.id]: 1n, [second.id]: 2n };
  for (const counted of [
    { ...right, [first.id]: 2n },
    { [first.id]: 1n },
    { [second.id]: 2n },
    { ...right, [refused.id]: 3n },
    { ...right, stranger: 1n },
  ]) {
    assert.equal(judge(counted).length, 1);
  }
  assert.equal(judge(right, { startMs: 2 }).length, 1);
});

test('what was seen stays', () => {
  const { first, judge } = setUp();
  first.seenMs = 4_800;
  assert.deepEqual(judge({}, { after: undefined }), []);
  first.seenMs = 4_600;
  assert.equal(judge({}, { after: undefined }).length, 1);
});

const ROOTS = [0, 1].map((partition) => ({ logId: 'log', partition }));
const snapshotOf = (...versions: number[]) =>
  versions.map((version, i) => ({ root: ROOTS[i] ?? ROOTS[0], version, next: 0 }));

test('what is deleted is in no answer whose snapshot has the delete, whenever it comes; what may be deleted may be missing', () => {
  const { first, second, judge } = setUp();
  const right = { [first.id]: 1n, [second.id]: 2n };
  const without = { [second.id]: 2n };
  first.mayGo = true;
  for (const counted of [right, without]) assert.deepEqual(judge(counted, {}, { snapshot: snapshotOf(9, 9) }), []);
  first.deletedIn = snapshotOf(3, 5);
  for (const snapshot of [snapshotOf(2, 6), snapshotOf(9), []]) assert.deepEqual(judge(right, {}, { snapshot }), []);
  assert.deepEqual(judge(right), []);
  for (const snapshot of [snapshotOf(3, 5), snapshotOf(4, 9)]) {
    assert.equal(judge(right, {}, { snapshot }).length, 1);
    assert.deepEqual(judge(without, {}, { snapshot }), []);
  }
});

test('what has expired is in no answer, unless somebody pins it; what is pinned is in each whose snapshot has the pin', () => {
  const { first, second, judge } = setUp();
  const right = { [first.id]: 1n, [second.id]: 2n };
  const without = { [second.id]: 2n };
  const expired = { surelyBeforeMs: 2, perhapsBeforeMs: 2 };
  assert.equal(judge(right, {}, { expired }).length, 1);
  assert.deepEqual(judge(without, {}, { expired }), []);
  // It may expire while the question is under way.
  for (const counted of [right, without]) {
    assert.deepEqual(judge(counted, {}, { expired: { ...expired, surelyBeforeMs: 0 } }), []);
  }
  first.mayStay = true;
  first.pinnedIn = snapshotOf(3, 5);
  assert.deepEqual(judge(right, {}, { expired, snapshot: snapshotOf(2, 5) }), []);
  assert.deepEqual(judge(without, {}, { expired, snapshot: snapshotOf(2, 5) }), []);
  assert.deepEqual(judge(right, {}, { expired, snapshot: snapshotOf(3, 5) }), []);
  assert.equal(judge(without, {}, { expired, snapshot: snapshotOf(3, 5) }).length, 1);
});
