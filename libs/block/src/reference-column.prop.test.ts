import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import fc from 'fast-check';
import { readReferences, writeReferences } from './reference-column.ts';

/** Numbers in the order of their first use: each choice is a new one, or one of those before. */
const columns = fc.array(fc.nat(40)).map((choices) => {
  let count = 0;
  return Uint32Array.from(choices, (choice) => (choice >= count ? count++ : choice));
});

test('references come back, in any two parts', () => {
  fc.assert(
    fc.property(columns, fc.nat(), (column, at) => {
      const cut = column.length === 0 ? 0 : at % column.length;
      const count = column.reduce((most, one) => Math.max(most, one + 1), 0);
      const raw = new ByteWriter();
      const next = writeReferences(raw, column, 0, cut, 0);
      assert.equal(writeReferences(raw, column, cut, column.length, next), count);
      const reader = new ByteReader(raw.view());
      const read = [...readReferences(reader, cut, count), ...readReferences(reader, column.length - cut, count)];
      assert.deepEqual(read, [...column]);
      assert.equal(reader.remaining, 0);
    }),
  );
});

test('whatever is read is below the limit, or data loss', () => {
  const numbers = fc.array(fc.oneof(fc.nat(6), fc.nat(0xffff_ffff)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(numbers, fc.nat(9), (codes, limit) => {
      const raw = new ByteWriter();
      raw.varints(Uint32Array.from(codes));
      try {
        for (const one of readReferences(new ByteReader(raw.view()), codes.length - 1, limit)) assert.ok(one < limit);
      } catch (error) {
        assert.ok(error instanceof FlamelakeError && error.code === 'data_loss');
      }
    }),
  );
});

test('rows that name new ones, or the same as others before in the same order, take a byte of 0 or 1 each', () => {
  const raw = new ByteWriter();
  const column = Uint32Array.of(0, 1, 2, 3, 0, 1, 4, 3);
  writeReferences(raw, column, 0, 4, 0);
  writeReferences(raw, column, 4, 8, 4);
  assert.deepEqual([...raw.view()], [0, 0, 0, 0, 0, 4, 1, 1, 0, 1]);
});
