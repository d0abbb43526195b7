import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  blockKey,
  manifestKey,
  positionOfSegmentKey,
  segmentKey,
  versionOfBlockKey,
  versionOfManifestKey,
} from './keys.ts';

const ROOT = { logId: 'log1', partition: 3 };
const number = fc.nat(Number.MAX_SAFE_INTEGER);

test('keys are what the design says', () => {
  assert.equal(segmentKey(ROOT, 17), 'logs/log1/partitions/3/segments/00000000000000000017');
  assert.equal(manifestKey(ROOT, 0), 'logs/log1/partitions/3/manifests/99999999999999999999');
  assert.equal(manifestKey(ROOT, 12), 'logs/log1/partitions/3/manifests/99999999999999999987');
  assert.equal(blockKey(ROOT, 5, 'ab'), 'logs/log1/partitions/3/blocks/00000000000000000005-ab');
});

test('numbers come back from keys, and newer manifests sort first', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      assert.equal(positionOfSegmentKey(segmentKey(ROOT, a)), a);
      assert.equal(versionOfManifestKey(manifestKey(ROOT, a)), a);
      assert.equal(versionOfBlockKey(blockKey(ROOT, a, '00ff')), a);
      assert.equal(segmentKey(ROOT, a) < segmentKey(ROOT, b), a < b);
      assert.equal(manifestKey(ROOT, a) < manifestKey(ROOT, b), a > b);
    }),
  );
});

test('a key without a number is data loss', () => {
  assert.throws(() => versionOfManifestKey('logs/log1/partitions/3/manifests/x'), { code: 'data_loss' });
});
