import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileTypeId } from '@flamelake/model';
import { firstCopies, naiveMerge, naiveRows, naiveTotal } from './naive-model.ts';
import { CPU_TYPE, randomProfileRecord } from './random-profile-record.ts';
import { createSeededRandom } from './seeded-random.ts';
import { stackAt } from './stack-trees.ts';

const records = Array.from({ length: 50 }, (_, seed) => randomProfileRecord(createSeededRandom(seed)));

test('generated records are valid: references in range, stacks distinct, no sample without a value', () => {
  for (const { symbols, stacks, groups, types } of records) {
    assert.ok(symbols.functions.name.every((name) => name < symbols.strings.count));
    assert.ok(symbols.locations.lineFunction.every((index) => index < symbols.functions.count));
    assert.equal(symbols.locations.lineStart.at(-1), symbols.locations.lineFunction.length);
    assert.ok(stacks.location.every((location) => location < symbols.locations.count));
    assert.ok(stacks.parent.every((parent, node) => node === 0 || parent < node));
    const texts = Array.from(stacks.parent, (_, node) => stackAt(stacks, node).join());
    assert.equal(new Set(texts).size, stacks.count);
    for (const group of groups) {
      assert.equal(group.values.length, group.sampleCount * types.length);
      assert.equal(new Set(group.stack).size, group.sampleCount);
      assert.ok(group.stack.every((stack) => stack < stacks.count));
    }
  }
});

test('copies of an identity count once, the first one', () => {
  const [first, second] = records;
  assert.ok(first !== undefined && second !== undefined);
  const copy = { ...second, identity: first.identity };
  assert.deepEqual(firstCopies([first, copy, first]), [first]);
});

test('a merge adds up what its rows add up to, and parts add up to the whole', () => {
  const whole = naiveTotal(naiveMerge(records));
  const rows = records.flatMap((record) => naiveRows(record));
  assert.equal(
    whole,
    rows.reduce((sum, row) => sum + naiveTotal(row.stacks), 0n),
  );
  const cpu = { profileTypeId: profileTypeId(CPU_TYPE) };
  const parts = ['checkout', 'cart'].map((service) => naiveTotal(naiveMerge(records, { ...cpu, service })));
  assert.equal(
    naiveTotal(naiveMerge(records, cpu)),
    parts.reduce((sum, part) => sum + part, 0n),
  );
  assert.ok(parts.every((part) => part > 0n));
});

test('time bounds are half-open', () => {
  const [record] = records;
  assert.ok(record !== undefined);
  const timeMs = Number(record.timeNanos / 1_000_000n);
  assert.ok(naiveTotal(naiveMerge([record], { fromMs: timeMs, untilMs: timeMs + 1 })) > 0n);
  assert.equal(naiveMerge([record], { fromMs: timeMs + 1 }).size, 0);
  assert.equal(naiveMerge([record], { untilMs: timeMs }).size, 0);
});

test('a location without lines has its address for a name, in answers with its binary', () => {
  const record = records.find(({ symbols }) => symbols.locations.lineStart[1] === 0);
  assert.ok(record !== undefined);
  const frames = (stacks: Iterable<string>) => [...stacks].flatMap((stack) => stack.split(';'));
  assert.ok(
    frames(naiveRows(record).flatMap((row) => [...row.stacks.keys()])).some((name) => name.startsWith('0x4000')),
  );
  assert.ok(frames(naiveMerge([record]).keys()).some((name) => name.startsWith('app!0x4000')));
});
