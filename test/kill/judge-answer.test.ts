/** The judge of the kill test finds each kind of wrong answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAnswer } from './judge-answer.ts';
import { createLedger } from './ledger.ts';

function setUp() {
  const ledger = createLedger(['shop']);
  const add = (value: number, isSound = true) =>
    Object.assign(ledger.add({ service: 'shop', pod: '', value, timeMs: value, isSound }), { acknowledgedMs: 1_000 });
  const [first, second, refused] = [add(1), add(2), add(3, false)];
  const after = { entry: second, token: '', sentMs: 2_000 };
  const judge = (counted: Record<string, bigint>, changes: object = {}) =>
    judgeAnswer(
      { service: 'shop', startMs: 0, endMs: 10, sentMs: 5_000, after, ...changes },
      ledger.of('shop'),
      new Map(Object.entries(counted)),
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
