import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeManifest, EMPTY_MANIFEST, encodeManifest } from './manifest.ts';
import type { Manifest } from './types.ts';

const count = fc.nat(Number.MAX_SAFE_INTEGER);
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const dataset = fc.record({
  tenant: fc.string(),
  service: fc.string(),
  minTimeMs: count,
  maxTimeMs: count,
  profileTypes: fc.array(fc.string(), { maxLength: 3 }),
  sizeBytes: count,
});
const log = fc.record({
  logId: fc.string(),
  partition: fc.nat(255),
  position: count,
  next: count,
  lastAppendMs: count,
  gaps: fc.array(fc.record({ from: count, until: count }), { maxLength: 2 }),
});
const block = fc.record({
  key: fc.string(),
  id,
  level: fc.nat(3),
  sizeBytes: count,
  log,
  datasets: fc.array(dataset, { maxLength: 3 }),
});
const manifest: fc.Arbitrary<Manifest> = fc
  .record({
    version: count,
    position: count,
    lastAppendMs: count,
    firstAppendMs: count,
    blocks: fc.array(block, { maxLength: 4 }),
    dropped: fc.array(fc.record({ key: fc.string(), version: count }), { maxLength: 3 }),
    deletes: fc.constant([]),
    pins: fc.constant([]),
    cuts: fc.array(fc.record({ tenant: fc.string(), beforeMs: count }), { maxLength: 2 }),
    expired: fc.array(fc.record({ from: count, until: count }), { maxLength: 2 }),
    floor: count,
    commitIds: fc.array(id, { maxLength: 64 }),
  })
  // fast-check makes objects without a prototype; JSON does not.
  .map((value) => structuredClone(value));

test('manifests come back', () => {
  fc.assert(
    fc.property(manifest, (value) => assert.deepEqual(decodeManifest(encodeManifest(value), 'key'), value)),
    { numRuns: 50 },
  );
});

test('a manifest that was changed or cut is data loss that names the object', () => {
  fc.assert(
    fc.property(manifest, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const bytes = encodeManifest(value);
      const changed = bytes.slice();
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ flip;
      assert.throws(() => decodeManifest(changed, 'the/key'), isDataLossOf('the/key'));
      assert.throws(() => decodeManifest(bytes.subarray(0, at % bytes.length), 'the/key'), isDataLossOf('the/key'));
    }),
    { numRuns: 100 },
  );
});

test('a manifest larger than one put can be is refused', () => {
  const noise = randomBytes(24_000_000).toString('base64');
  const dropped = [{ key: noise, version: 1 }];
  assert.throws(() => encodeManifest({ ...EMPTY_MANIFEST, dropped }), { code: 'resource_exhausted' });
});

function isDataLossOf(key: string) {
  return (error: { code?: string; details?: { key?: string } }) =>
    error.code === 'data_loss' && error.details?.key === key;
}
