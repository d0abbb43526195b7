import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sealCommitToken, unsealCommitToken } from './commit-token.ts';
import { EMPTY_MANIFEST } from './manifest.ts';
import { type StoreKeys, seal, unseal } from './seal.ts';
import { sealSnapshotName, unsealSnapshotName } from './snapshot-name.ts';

const KEYS: StoreKeys = { seal: new Uint8Array(32).fill(1), hmac: new Uint8Array(32).fill(2) };
const OTHER_KEYS: StoreKeys = { ...KEYS, seal: new Uint8Array(32).fill(3) };
const bytes = fc.uint8Array({ maxLength: 200 });

test('a seal opens for its store and purpose only, and equal values have equal seals', () => {
  fc.assert(
    fc.property(bytes, (plaintext) => {
      const sealed = seal(KEYS, 'a', plaintext);
      assert.deepEqual(new Uint8Array(unseal(KEYS, 'a', sealed)), plaintext);
      assert.equal(sealed, seal(KEYS, 'a', plaintext));
      assert.throws(() => unseal(KEYS, 'b', sealed), { code: 'invalid_argument' });
      assert.throws(() => unseal(OTHER_KEYS, 'a', sealed), { code: 'invalid_argument' });
    }),
  );
});

test('a seal that was changed or cut does not open', () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plaintext, at, flip) => {
      const sealed = Buffer.from(seal(KEYS, 'a', plaintext), 'base64url');
      const changed = Buffer.from(sealed);
      changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip;
      assert.throws(() => unseal(KEYS, 'a', changed.toString('base64url')), { code: 'invalid_argument' });
      const cut = sealed.subarray(0, at % sealed.length).toString('base64url');
      assert.throws(() => unseal(KEYS, 'a', cut), { code: 'invalid_argument' });
    }),
  );
});

test('commit tokens come back', () => {
  const offsets = fc.dictionary(fc.nat(255).map(String), fc.nat(Number.MAX_SAFE_INTEGER));
  fc.assert(
    fc.property(fc.string(), offsets, (logId, byPartition) => {
      const token = {
        logId: logId.toWellFormed(),
        offsets: new Map(Object.entries(byPartition).map(([partition, offset]) => [Number(partition), offset])),
      };
      assert.deepEqual(unsealCommitToken(KEYS, sealCommitToken(KEYS, token)), token);
    }),
  );
  assert.throws(() => unsealCommitToken(KEYS, 'no token'), { code: 'invalid_argument' });
});

test('the name of a snapshot of 256 partitions fits a header and tells nothing', () => {
  const partitions = Array.from({ length: 256 }, (_, partition) => ({
    root: { logId: 'a-log', partition },
    manifest: { ...EMPTY_MANIFEST, version: 1_000_000 },
    segments: [],
    next: 1e12 + partition,
  }));
  const name = sealSnapshotName(KEYS, { partitions });
  assert.ok(name.length < 5_000, `${name.length} characters`);
  assert.match(name, /^[A-Za-z0-9_-]+$/);
  assert.doesNotMatch(Buffer.from(name, 'base64url').toString('latin1'), /a-log/);
  assert.equal(name, sealSnapshotName(KEYS, { partitions }));
  const said = partitions.map(({ root, manifest, next }) => ({ root, version: manifest.version, next }));
  assert.deepEqual(unsealSnapshotName(KEYS, name), said);
  assert.throws(() => unsealSnapshotName(KEYS, name.slice(0, -2)), { code: 'invalid_argument' });
});
