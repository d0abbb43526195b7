import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeFrameHeader, decodeHeader, encodeGroup, encodeHeader, frameSeed, isFrameIntact } from './log-format.ts';

const count = fc.maxSafeNat();
const header = fc.record({
  logId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('hex')),
  base: count,
  previousBase: count,
  previousEnd: count,
  previousSizeBytes: fc.nat({ max: 0xffff_ffff }),
  appendMs: count,
});

test('a header reads back as written', () => {
  fc.assert(fc.property(header, (value) => assert.deepEqual(decodeHeader(encodeHeader(value)), { ...value })));
});

test('a header cut or with a flipped bit is none', () => {
  fc.assert(
    fc.property(header, fc.nat({ max: 63 }), fc.nat({ max: 7 }), (value, at, bit) => {
      const bytes = encodeHeader(value);
      assert.equal(decodeHeader(bytes.subarray(0, at)), undefined);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      assert.equal(decodeHeader(bytes), undefined);
    }),
  );
});

test('a group’s frames read back as written; a flipped bit is seen', () => {
  const group = fc.record({
    values: fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 5 }),
    firstOffset: fc.nat(),
    appendMs: count,
    position: count,
  });
  fc.assert(
    fc.property(header, group, fc.nat(), ({ logId }, content, flip) => {
      const seed = frameSeed(logId);
      const bytes = encodeGroup({ ...content, seed });
      const view = new DataView(bytes.buffer);
      let at = 0;
      for (const [i, value] of content.values.entries()) {
        const frame = decodeFrameHeader(view, at);
        const whole = bytes.subarray(at, at + 32 + frame.valueSizeBytes);
        assert.equal(frame.offset, content.firstOffset + i);
        assert.equal(frame.appendMs, content.appendMs);
        assert.equal(frame.groupStart, content.position);
        assert.deepEqual(whole.slice(32), value);
        assert.ok(isFrameIntact(whole, frame.checksum, seed));
        assert.ok(!isFrameIntact(whole, frame.checksum, seed ^ 1));
        const damaged = Uint8Array.from(whole);
        const place = 4 + (flip % (damaged.length - 4));
        damaged[place] = (damaged[place] ?? 0) ^ (1 << (flip % 8));
        assert.ok(!isFrameIntact(damaged, frame.checksum, seed));
        at += whole.length;
      }
      assert.equal(at, bytes.length);
    }),
  );
});
