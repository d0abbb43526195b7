/** Values of a sealed cache come back as they were, or not at all, whatever happens to what it keeps them in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cache } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import * as fc from 'fast-check';
import { createMemoryCache } from './memory-cache.ts';
import { createSealedCache } from './sealed-cache.ts';

const KEY = new Uint8Array(32).fill(7);
const value = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  // Long enough, and alike enough, to be compressed.
  fc.uint8Array({ minLength: 500, maxLength: 700, max: 3 }),
);
const key = fc.string({ maxLength: 20 });

/** A cache that everybody can reach into. */
function openCache() {
  const entries = new Map<string, Uint8Array>();
  const cache: Cache = {
    get: async (name) => entries.get(name),
    set: async (name, bytes) => void entries.set(name, bytes),
    close: async () => {},
  };
  return { entries, cache };
}

test('values come back, small and large', async () => {
  await fc.assert(
    fc.asyncProperty(key, value, async (name, bytes) => {
      const { cache, entries } = openCache();
      const sealed = createSealedCache(cache, { key: KEY });
      const given = bytes.slice();
      await sealed.set(name, given);
      given.fill(0);
      assert.deepEqual(new Uint8Array((await sealed.get(name)) ?? []), bytes);
      if (bytes.length > 512) assert.ok((entries.get(name)?.length ?? 0) < bytes.length / 2);
    }),
  );
});

test('changed, cut, longer, foreign and moved values are misses, and counted', async () => {
  await fc.assert(
    fc.asyncProperty(key, value, fc.nat(), async (name, bytes, at) => {
      const metrics = createMetrics();
      const { cache, entries } = openCache();
      const sealed = createSealedCache(cache, { key: KEY, metrics });
      await sealed.set(name, bytes);
      const kept = entries.get(name) as Uint8Array;
      const turned = kept.slice();
      turned[at % kept.length] ^= 1 << (at % 8);
      const foreign = openCache();
      await createSealedCache(foreign.cache, { key: new Uint8Array(32).fill(8) }).set(name, bytes);
      const other = openCache();
      await createSealedCache(other.cache, { key: KEY }).set(`${name}'`, bytes);
      const damaged = [
        turned,
        kept.slice(0, at % kept.length),
        Buffer.concat([kept, Buffer.of(at % 256)]),
        foreign.entries.get(name) as Uint8Array,
        other.entries.get(`${name}'`) as Uint8Array,
        bytes,
      ];
      for (const one of damaged) {
        entries.set(name, one);
        assert.equal(await sealed.get(name), undefined);
      }
      assert.match(await metrics.text(), new RegExp(`flamelake_cache_refused_values_total ${damaged.length}\n`));
    }),
  );
});

test('a value over the limit is not kept', async () => {
  const { cache, entries } = openCache();
  const sealed = createSealedCache(cache, { key: KEY, valueBytesMax: 1_000 });
  await sealed.set('a', new Uint8Array(1_000));
  await sealed.set('b', new Uint8Array(1_001));
  assert.deepEqual([...entries.keys()], ['a']);
});

test('over an in-process cache it behaves the same', async () => {
  const sealed = createSealedCache(createMemoryCache({ bytesMax: 1_000_000 }), { key: KEY });
  await sealed.set('a', new Uint8Array(5_000).fill(3));
  assert.deepEqual(new Uint8Array((await sealed.get('a')) ?? []), new Uint8Array(5_000).fill(3));
  await sealed.close();
  assert.equal(await sealed.get('a'), undefined);
});
