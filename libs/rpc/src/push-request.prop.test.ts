/** The hand-written reader of PushRequest against protobuf-es. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import fc from 'fast-check';
import { PushRequestSchema } from './gen/push/v1/push_pb.js';
import { encodeMessage, pushRequestFromJson, pushRequestFromProto } from './index.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const request = fc.array(
  fc.record({
    labels: fc.array(fc.record({ name: text, value: text }, { noNullPrototype: true }), { maxLength: 4 }),
    samples: fc.array(fc.record({ rawProfile: fc.uint8Array({ maxLength: 300 }), ID: text }), { maxLength: 3 }),
    annotations: fc.array(fc.record({ key: text, value: text }), { maxLength: 2 }),
  }),
  { maxLength: 4 },
);

test('both forms read back what was written, annotations dropped', () => {
  fc.assert(
    fc.property(request, (series) => {
      const expected = series.map(({ labels, samples }) => ({
        labels,
        samples: samples.map(({ rawProfile, ID }) => ({ rawProfile: Buffer.from(rawProfile), id: ID })),
      }));
      for (const [form, read] of [['proto', pushRequestFromProto] as const, ['json', pushRequestFromJson] as const]) {
        const got = read(encodeMessage(PushRequestSchema, { series }, form)).map(({ labels, samples }) => ({
          labels,
          samples: samples.map(({ rawProfile, id }) => ({ rawProfile: Buffer.from(rawProfile), id })),
        }));
        assert.deepEqual(got, expected);
      }
    }),
  );
});

test('cut short or with bits flipped it is read or refused, nothing else', () => {
  fc.assert(
    fc.property(request, fc.nat(), fc.nat(), (series, cut, flip) => {
      const whole = encodeMessage(PushRequestSchema, { series }, 'proto');
      const bytes = whole.slice(0, cut % (whole.length + 1));
      const at = flip % Math.max(1, bytes.length);
      if (bytes.length > 0) bytes[at] = bytes[at] ^ (1 << (flip % 8));
      for (const read of [pushRequestFromProto, pushRequestFromJson]) {
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof FlamelakeError);
          assert.equal(error.code, 'invalid_argument');
        }
      }
    }),
  );
});

test('unknown fields are skipped, a length beyond the end is refused', () => {
  const unknown = Buffer.concat([
    Buffer.of(0xfa, 0x07, 1, 0xff, 0x78, 5),
    encodeMessage(PushRequestSchema, { series: [{}] }, 'proto'),
  ]);
  assert.deepEqual(pushRequestFromProto(unknown), [{ labels: [], samples: [] }]);
  const beyond = Buffer.of(0x0a, 0x04, 0x12, 0x05, 0x0a, 0x03, 1, 2, 3);
  assert.throws(() => pushRequestFromProto(beyond), { code: 'invalid_argument' });
  for (const body of ['{"series":[{"samples":[{"rawProfile":"!!!"}]}]}', '{"series":{}}', '\xff']) {
    assert.throws(() => pushRequestFromJson(Buffer.from(body)), { code: 'invalid_argument' }, body);
  }
  const spelt = '{"series":[{"samples":[{"raw_profile":"AQI=","ID":"i"}]}]}';
  assert.deepEqual(pushRequestFromJson(Buffer.from(spelt))[0]?.samples[0]?.id, 'i');
});

test('millions of empty messages are refused before they take memory', () => {
  const series = Buffer.alloc(20_000_000, Buffer.of(0x0a, 0x00));
  const labels = Buffer.concat([Buffer.of(0x0a, 0x80, 0xda, 0xc4, 0x09), series]);
  const kibBefore = process.resourceUsage().maxRSS;
  for (const body of [series, labels]) {
    assert.throws(() => pushRequestFromProto(body), { code: 'invalid_argument', message: /too many series/ });
  }
  const json = Buffer.from(`{"series":[${'{},'.repeat(3_000_000)}{}]}`);
  assert.throws(() => pushRequestFromJson(json), { code: 'invalid_argument', message: /too many values/ });
  assert.ok(process.resourceUsage().maxRSS - kibBefore < 100_000);
  // Punctuation inside strings is none, escaped quotes do not end them.
  const name = ',:[{\\\\"'.repeat(300_000);
  const quoted = JSON.stringify({ series: [{ labels: [{ name }] }] });
  assert.equal(pushRequestFromJson(Buffer.from(quoted))[0]?.labels[0]?.name, name);
});
