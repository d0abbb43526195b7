import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { orderByRendezvous } from './rendezvous.ts';

const peersOf = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `10.0.${i}.7:9095` }));
const keysOf = (seed: number) => Array.from({ length: 4_000 }, (_, i) => `${seed}-${i}`.padStart(32, '0'));

test('a peer that goes moves only its own keys, one that comes takes only its own', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 12 }), fc.nat(), (seed, count, gone) => {
      const all = peersOf(count);
      const left = all.filter((_, i) => i !== gone % count);
      for (const key of keysOf(seed).slice(0, 100)) {
        const [before] = orderByRendezvous(all, key);
        const [after] = orderByRendezvous(left, key);
        if (before !== all[gone % count]) assert.equal(after, before);
        assert.equal(orderByRendezvous(all.toReversed(), key)[0], before);
      }
    }),
  );
});

test('each peer has about its share of the keys, also as the one that stands in', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 8 }), (seed, count) => {
      const peers = peersOf(count);
      const firsts = new Map(peers.map((peer) => [peer, 0]));
      const seconds = new Map(peers.map((peer) => [peer, 0]));
      const keys = keysOf(seed);
      for (const key of keys) {
        const [first, second] = orderByRendezvous(peers, key);
        firsts.set(first, (firsts.get(first) ?? 0) + 1);
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
      }
      for (const shares of [firsts, seconds]) {
        for (const share of shares.values()) assert.ok(Math.abs((share * count) / keys.length - 1) < 0.25, `${share}`);
      }
    }),
    { numRuns: 20 },
  );
});
