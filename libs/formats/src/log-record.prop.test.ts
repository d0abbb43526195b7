import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { FlamelakeError } from '@flamelake/model';
import fc from 'fast-check';
import {
  crc32c,
  decodeLogRecord,
  encodeLogRecord,
  type ProfileRecord,
  type SampleGroup,
  type SampleTimes,
} from './index.ts';

const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const column = (length: number, below: number) =>
  fc.array(fc.nat(Math.max(0, below - 1)), { minLength: length, maxLength: length }).map((a) => Uint32Array.from(a));
const signed = (length: number) =>
  fc.array(int32, { minLength: length, maxLength: length }).map((a) => Int32Array.from(a));
const wide = (length: number) =>
  fc.array(int64, { minLength: length, maxLength: length }).map((a) => BigInt64Array.from(a));
const wideUnsigned = (length: number) =>
  fc.array(uint64, { minLength: length, maxLength: length }).map((a) => BigUint64Array.from(a));

/** Plain objects, which deepEqual wants. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });

/** How many of everything a profile has. */
const shape = record({
  texts: fc.array(text, { maxLength: 8 }),
  functions: fc.nat(4),
  mappings: fc.nat(2),
  lines: fc.array(fc.nat(3), { maxLength: 6 }),
  /** Of each node but the root, which node ahead of it is its parent. */
  parents: fc.array(fc.nat(8), { maxLength: 12 }),
  types: fc.integer({ min: 1, max: 3 }),
});

const profile: fc.Arbitrary<ProfileRecord> = shape.chain(({ texts, functions, mappings, lines, parents, types }) => {
  const encoded = ['', ...texts].map((string) => Buffer.from(string));
  const strings = {
    count: encoded.length,
    bytes: new Uint8Array(Buffer.concat(encoded)),
    offsets: starts(encoded.map((b) => b.length)),
  };
  // Lines need a function to refer to, stacks a location.
  const lineStart = starts(lines.map((count) => (functions === 0 ? 0 : count)));
  // So do nodes.
  const parent = Uint32Array.of(0, ...(lines.length === 0 ? [] : parents.map((back, i) => Math.max(0, i - back))));
  const lineCount = lineStart.at(-1) as number;
  const string = (length: number) => column(length, strings.count);
  return record({
    tenant: text,
    service: text,
    identity: bytes(16),
    timeNanos: int64,
    durationNanos: int64,
    period: int64,
    types: fc.array(record({ name: text, sampleType: text, sampleUnit: text, periodType: text, periodUnit: text }), {
      minLength: types,
      maxLength: types,
    }),
    symbols: record({
      strings: fc.constant(strings),
      functions: record({
        count: fc.constant(functions),
        name: string(functions),
        systemName: string(functions),
        filename: string(functions),
        startLine: signed(functions),
      }),
      mappings: record({
        count: fc.constant(mappings),
        memoryStart: wideUnsigned(mappings),
        memoryLimit: wideUnsigned(mappings),
        fileOffset: wideUnsigned(mappings),
        filename: string(mappings),
        buildId: string(mappings),
        flags: fc.uint8Array({ minLength: mappings, maxLength: mappings }),
      }),
      locations: record({
        count: fc.constant(lines.length),
        mapping: column(lines.length, mappings + 1),
        address: wideUnsigned(lines.length),
        lineStart: fc.constant(lineStart),
        lineFunction: column(lineCount, functions),
        lineNumber: signed(lineCount),
      }),
    }),
    stacks: record({
      count: fc.constant(parent.length),
      parent: fc.constant(parent),
      location: column(parent.length, lines.length).map((column) => column.fill(0, 0, 1)),
    }),
    groups: fc.array(group(types, parent.length), { maxLength: 3 }),
  });
});

function group(types: number, stacks: number): fc.Arbitrary<SampleGroup> {
  return fc.nat(5).chain((sampleCount) =>
    record<SampleGroup>({
      labels: fc.array(record({ name: text, value: text }), { maxLength: 3 }),
      sampleCount: fc.constant(sampleCount),
      stack: column(sampleCount, stacks),
      values: wide(sampleCount * types),
      spanIds: fc.option(wideUnsigned(sampleCount), { nil: undefined }),
      traceIds: fc.option(bytes(sampleCount * 16), { nil: undefined }),
      times: fc.option(times(sampleCount), { nil: undefined }),
    }).map(({ times: some, ...rest }) => (some === undefined ? rest : { ...rest, times: some })),
  );
}

function times(samples: number): fc.Arbitrary<SampleTimes> {
  return fc
    .array(fc.array(int32, { maxLength: 4 }), { minLength: samples, maxLength: samples })
    .map((each) => ({ start: starts(each.map(({ length }) => length)), offsetMs: Int32Array.from(each.flat()) }));
}

test('log records give back what was put in', () => {
  fc.assert(
    fc.property(fc.array(profile, { maxLength: 3 }), (profiles) => {
      assert.deepEqual(decodeLogRecord(encodeLogRecord(profiles)), profiles);
    }),
  );
});

test('a record cut short or with a bit flipped is data loss', () => {
  fc.assert(
    fc.property(fc.array(profile, { maxLength: 2 }), fc.nat(), fc.nat(7), (profiles, at, bit) => {
      const encoded = encodeLogRecord(profiles);
      assert.throws(() => decodeLogRecord(encoded.subarray(0, at % encoded.length)), isDataLoss);
      encoded[at % encoded.length] = encoded[at % encoded.length] ^ (1 << bit);
      assert.throws(() => decodeLogRecord(encoded), isDataLoss);
    }),
  );
});

test('a body that was written wrong, with a checksum that is right, is data loss or another valid profile', () => {
  fc.assert(
    fc.property(profile, fc.nat(), fc.nat(255), (one, at, byte) => {
      const record = encodeLogRecord([one]);
      if (record[1] !== 0) return;
      // Behind version and codec, before the checksum.
      record[2 + (at % (record.length - 6))] = byte;
      new DataView(record.buffer).setUint32(record.length - 4, crc32c(record.subarray(0, -4)), true);
      try {
        assert.equal(decodeLogRecord(record).length, 1);
      } catch (error) {
        assert.ok(isDataLoss(error), String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('releases that know no times step over their frame', () => {
  fc.assert(
    fc.property(profile, (one) => {
      const record = encodeLogRecord([one]);
      const size = new DataView(record.buffer).getUint32(2, true);
      if (record[1] === 0) return;
      // As they unpack a body: its frame, and what any decoder of zstd passes over.
      const body = zstdDecompressSync(record.subarray(6, -4), { maxOutputLength: size, chunkSize: Math.max(64, size) });
      const groups = one.groups.map((group) => ({ ...group, times: undefined }));
      const timeless = encodeLogRecord([{ ...one, groups }]);
      const plain = timeless.subarray(6, -4);
      const expected = timeless[1] === 0 ? plain : zstdDecompressSync(plain);
      assert.equal(body.length, expected.length);
      // They differ in nothing but the flags of label sets, bits that were never looked at.
      for (const [i, byte] of body.entries()) if (byte !== expected[i]) assert.equal(byte ^ 4, expected[i]);
    }),
  );
});

test('a later version is refused as one, and a size is not believed', () => {
  const reseal = (record: Uint8Array) => {
    new DataView(record.buffer).setUint32(record.length - 4, crc32c(record.subarray(0, -4)), true);
    return record;
  };
  const later = encodeLogRecord([]);
  later[0] = 2;
  assert.throws(() => decodeLogRecord(reseal(later)), { code: 'unimplemented', details: { version: 2 } });
  const packed = encodeLogRecord(fc.sample(profile, { numRuns: 50, seed: 1 }));
  assert.equal(packed[1], 1);
  for (const size of [1, 1000, 0xffff_ffff]) {
    new DataView(packed.buffer).setUint32(2, size, true);
    assert.throws(() => decodeLogRecord(reseal(packed)), isDataLoss);
  }
});

function isDataLoss(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'data_loss';
}

function starts(lengths: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i] + length;
  return offsets;
}
