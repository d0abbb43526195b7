import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka';
import fc from 'fast-check';
import { type BatchRecord, batchOverheadBytes, encodeRecordBatch, readRecordBatches } from './kafka-record-batch.ts';

const SESSION = { producerId: 77n, producerEpoch: 3 };
const values = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 40 });

function readAll(bytes: Buffer): { records: BatchRecord[]; next: number | undefined } {
  const records: BatchRecord[] = [];
  const next = readRecordBatches(bytes, (record) => {
    records.push(record);
    return true;
  });
  return { records, next };
}

/** As the leader does when it appends. */
function placeAt(batch: Buffer, offset: number): Buffer {
  const placed = Buffer.from(batch);
  placed.writeBigInt64BE(BigInt(offset), 0);
  return placed;
}

test('what is encoded is read again, by another reader too', () => {
  fc.assert(
    fc.property(values, fc.nat(), fc.nat(2 ** 40), (some, sequence, offset) => {
      const batch = encodeRecordBatch(some, SESSION, sequence, 1_234.5);
      const bytes = some.reduce((sum, { length }) => sum + length, 0);
      assert.ok(batch.length <= bytes + batchOverheadBytes(some.length));
      const { records, next } = readAll(placeAt(batch, offset));
      assert.deepEqual(
        records.map((record) => [record.offset, record.timeMs, Buffer.from(record.value)]),
        some.map((value, i) => [offset + i, 1_234, Buffer.from(value)]),
      );
      assert.equal(next, offset + some.length);
      const [other] = readRecordsBatches(Reader.from(batch));
      assert.deepEqual([other?.producerId, other?.producerEpoch, other?.firstSequence], [77n, 3, sequence]);
      assert.deepEqual(
        other?.records.map(({ value }) => Buffer.from(value ?? [])),
        some.map((value) => Buffer.from(value)),
      );
    }),
  );
});

test('a trace goes with the record it was given for, as a header that other readers see', () => {
  const traceparent = fc.option(fc.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/), { nil: undefined });
  const records = fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), traceparent), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(records, (some) => {
      const traces = some.map(([, trace]) => trace);
      const batch = encodeRecordBatch(
        some.map(([value]) => value),
        SESSION,
        0,
        1,
        traces,
      );
      const read = readAll(batch).records;
      assert.deepEqual(
        read.map(({ value, traceparent: trace }) => [Buffer.from(value), trace]),
        some.map(([value, trace]) => [Buffer.from(value), trace]),
      );
      const [other] = readRecordsBatches(Reader.from(batch));
      const headers = other?.records.map((record) =>
        record.headers.map(([name, value]) => `${String(name)}=${String(value)}`),
      );
      assert.deepEqual(
        headers,
        traces.map((trace) => (trace === undefined ? [] : [`traceparent=${trace}`])),
      );
    }),
  );
});

test('a cut batch at the end is left out; a flipped bit is noticed', () => {
  fc.assert(
    fc.property(values, values, fc.double({ min: 0, max: 1, noNaN: true }), (first, second, part) => {
      const whole = encodeRecordBatch(first, SESSION, 0, 1);
      const cut = placeAt(encodeRecordBatch(second, SESSION, 0, 1), first.length);
      const bytes = Buffer.concat([whole, cut.subarray(0, Math.floor(part * (cut.length - 1)))]);
      assert.equal(readAll(bytes).records.length, first.length);
      // Offset, length and leader epoch are the broker's to change; what the checksum covers is not.
      const at = 21 + Math.floor(part * (whole.length - 22));
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      assert.throws(
        () => readAll(flipped),
        (error) => error instanceof FlamelakeError && error.code === 'data_loss',
      );
    }),
  );
});

test('batches of others are read: compressed, with keys and headers, marks of transactions', () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const messages = ['a', '', 'c'].map((value) => ({
      topic: 't',
      partition: 0,
      key: Buffer.from('key'),
      value: Buffer.from(value),
      headers: new Map([[Buffer.from('h'), Buffer.from('v')]]),
      timestamp: 5n,
    }));
    const { records, next } = readAll(createRecordsBatch(messages, { compression }).buffer);
    assert.deepEqual(
      records.map(({ offset, value }) => [offset, Buffer.from(value).toString()]),
      [
        [0, 'a'],
        [1, ''],
        [2, 'c'],
      ],
    );
    assert.equal(next, 3);
  }
  const mark = encodeRecordBatch([Buffer.from('mark')], SESSION, 0, 1);
  const behind = placeAt(encodeRecordBatch([Buffer.from('x')], SESSION, 0, 1), 1);
  const control = controlBatch(mark);
  assert.deepEqual(
    readAll(Buffer.concat([control, behind])).records.map(({ offset }) => offset),
    [1],
  );
  assert.deepEqual(readAll(control), { records: [], next: 1 });
});

/** The same batch as a mark of a transaction: made by the client, so that its checksum is right. */
function controlBatch(batch: Buffer): Buffer {
  const options = { producerId: 1n, producerEpoch: 0 };
  const made = createRecordsBatch([{ topic: 't', value: batch, timestamp: 1n }], options).buffer;
  made.writeInt16BE(0x20, 21);
  made.writeUInt32BE(checksumOf(made), 17);
  return made;
}

function checksumOf(batch: Buffer): number {
  let crc = 0xff_ff_ff_ff;
  for (const byte of batch.subarray(21)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82_f6_3b_78 & -(crc & 1));
  }
  return (crc ^ 0xff_ff_ff_ff) >>> 0;
}
