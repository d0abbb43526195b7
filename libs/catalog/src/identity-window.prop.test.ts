import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdentityWindow } from './identity-window.ts';

const WINDOW_MS = 800;

/** Few identities, so that they repeat. */
function identity(number: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => (i === 3 ? number : 7));
}

test('smallest offsets within the window are those of a map', () => {
  const add = fc.record({ number: fc.nat(40), offset: fc.nat(1_000), stepMs: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(add, { maxLength: 120 }), (adds) => {
      const window = createIdentityWindow({ windowMs: WINDOW_MS });
      const naive = new Map<number, { offset: number; seenMs: number }>();
      let nowMs = 0;
      for (const { number, offset, stepMs } of adds) {
        nowMs += stepMs;
        window.forgetBefore(nowMs - WINDOW_MS);
        for (const [known, { offset: smallest, seenMs }] of naive) {
          const found = window.offsetOf(identity(known), 0);
          if (seenMs >= nowMs - WINDOW_MS) assert.equal(found, smallest);
          // An eighth of the window more may still be there.
          else if (seenMs < nowMs - WINDOW_MS - WINDOW_MS / 8) assert.equal(found, undefined);
          if (found === undefined) naive.delete(known);
        }
        const known = naive.get(number);
        window.add(identity(number), 0, offset, nowMs);
        if (known === undefined) naive.set(number, { offset, seenMs: nowMs });
        else known.offset = Math.min(known.offset, offset);
        assert.equal(window.count, naive.size);
      }
    }),
  );
});

test('many identities, at any place of a column', () => {
  const window = createIdentityWindow({ windowMs: WINDOW_MS });
  const ids = new Uint8Array(16 * 5_000);
  const words = new Uint32Array(ids.buffer);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b1);
  for (let i = 0; i < 5_000; i++) window.add(ids, i * 16, i, i);
  assert.equal(window.count, 5_000);
  for (let i = 0; i < 5_000; i++) assert.equal(window.offsetOf(ids, i * 16), i);
  window.forgetBefore(10_000);
  assert.equal(window.count, 0);
});

test('a full window refuses what is new and knows what it has', () => {
  const window = createIdentityWindow({ windowMs: WINDOW_MS, identitiesMax: 2 });
  window.add(identity(1), 0, 5, 0);
  window.add(identity(2), 0, 6, 0);
  window.add(identity(2), 0, 3, 0);
  assert.equal(window.offsetOf(identity(2), 0), 3);
  assert.throws(() => window.add(identity(3), 0, 7, 0), { code: 'resource_exhausted' });
});
