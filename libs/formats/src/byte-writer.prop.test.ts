import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import fc from 'fast-check';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const int64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -300n, max: 300n }));
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n }));

test('every kind of number is read back as written', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      int32,
      uint64,
      int64,
      uint32,
      fc.string({ unit: 'binary' }),
      (whole, signed, wide, signedWide, fixed, text) => {
        const writer = new ByteWriter(0);
        writer.varint(whole);
        writer.signedVarint(signed);
        writer.varint64(wide);
        writer.signedVarint64(signedWide);
        writer.uint32(fixed);
        writer.uint8(fixed & 0xff);
        writer.text(text);
        const reader = new ByteReader(writer.copy());
        assert.equal(reader.varint(), whole);
        assert.equal(reader.signedVarint(), signed);
        assert.equal(reader.varint64(), wide);
        assert.equal(reader.signedVarint64(), signedWide);
        assert.equal(reader.uint32(), fixed);
        assert.equal(reader.uint8(), fixed & 0xff);
        assert.equal(reader.text(), text);
        assert.equal(reader.remaining, 0);
      },
    ),
  );
});

test('every kind of column is read back as written', () => {
  fc.assert(
    fc.property(fc.array(uint32), fc.array(int32), fc.array(int64), fc.array(uint64), (a, b, c, d) => {
      const unsigned = Uint32Array.from(a);
      const signed = Int32Array.from(b);
      const wide = BigInt64Array.from(c);
      const wideUnsigned = BigUint64Array.from(d);
      const writer = new ByteWriter();
      writer.varints(unsigned);
      writer.deltas(unsigned);
      writer.signedVarints(signed);
      writer.varints64(wide);
      writer.signedVarints64(wide);
      writer.varints64(wideUnsigned);
      const reader = new ByteReader(writer.view());
      assert.deepEqual(reader.varints(a.length), unsigned);
      assert.deepEqual(reader.deltas(a.length), unsigned);
      assert.deepEqual(reader.signedVarints(b.length), signed);
      assert.deepEqual(reader.varints64(c.length), wide);
      assert.deepEqual(reader.signedVarints64(c.length), wide);
      assert.deepEqual(new BigUint64Array(reader.varints64(d.length).buffer), wideUnsigned);
      assert.equal(reader.remaining, 0);
    }),
  );
});

test('a column cut short, a count past the end and an element at its limit are data loss', () => {
  fc.assert(
    fc.property(fc.array(int64, { minLength: 1 }), fc.nat(), (values, cut) => {
      const writer = new ByteWriter();
      writer.signedVarints64(BigInt64Array.from(values));
      const bytes = writer.copy();
      const short = bytes.subarray(0, cut % bytes.length);
      assert.throws(() => new ByteReader(short).signedVarints64(values.length), isDataLoss);
    }),
  );
  assert.throws(() => new ByteReader(Uint8Array.of(5, 1, 1)).count(), isDataLoss);
  assert.throws(() => new ByteReader(Uint8Array.of(0x80, 0x80)).varint(), isDataLoss);
  assert.throws(() => new ByteReader(Uint8Array.of(1, 5)).varints(2, 5), isDataLoss);
  assert.throws(() => new ByteReader(Uint8Array.of(2, 8)).deltas(2, 5), isDataLoss);
  assert.throws(() => new ByteReader(new Uint8Array(11).fill(0xff)).varint64(), isDataLoss);
  assert.throws(() => new ByteReader(Uint8Array.of(1, 0xff)).text(), isDataLoss);
});

function isDataLoss(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'data_loss';
}
