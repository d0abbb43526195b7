import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@flamelake/runtime';
import { createMemoryCache } from './memory-cache.ts';

const value = (sizeBytes: number) => new Uint8Array(sizeBytes);

test('the least recently used entries go first', async () => {
  const cache = createMemoryCache({ bytesMax: 4_000 });
  for (const key of ['a', 'b', 'c']) await cache.set(key, value(1_000));
  assert.ok(await cache.get('a'));
  await cache.set('d', value(1_000));
  assert.equal(await cache.get('b'), undefined);
  for (const key of ['a', 'c', 'd']) assert.ok(await cache.get(key));
  await cache.set('e', value(2_000));
  const left = await Promise.all(['a', 'c', 'd', 'e'].map((key) => cache.get(key)));
  assert.deepEqual(
    left.map((entry) => entry !== undefined),
    [false, false, true, true],
  );
});

test('it never holds more than it may, whatever the sizes', async () => {
  const cache = createMemoryCache({ bytesMax: 10_000 });
  let held = 0;
  for (let i = 0; i < 2_000; i++) {
    await cache.set(`key ${i % 37}`, value((i * 7_919) % 12_000));
    const { sizeBytes, entries } = cache.counts();
    assert.ok(sizeBytes <= 10_000 && sizeBytes >= entries * 256);
    held += entries;
  }
  assert.ok(held > 0);
  await cache.set('too large', value(10_000));
  assert.equal(await cache.get('too large'), undefined);
});

test('a value that does not fit takes the old one with it', async () => {
  const cache = createMemoryCache({ bytesMax: 1_000 });
  await cache.set('key', value(10));
  await cache.set('key', value(5_000));
  assert.equal(await cache.get('key'), undefined);
  assert.equal(cache.counts().sizeBytes, 0);
});

test('hits, misses and evictions are counted', async () => {
  const metrics = createMetrics();
  const cache = createMemoryCache({ bytesMax: 2_000, metrics });
  await cache.set('a', value(1_000));
  await cache.set('b', value(1_000));
  await cache.get('a');
  await cache.get('b');
  assert.deepEqual(cache.counts(), { hits: 1, misses: 1, evictions: 1, entries: 1, sizeBytes: 1_258 });
  const scraped = await metrics.text();
  assert.match(scraped, /flamelake_cache_requests_total\{result="hit"\} 1\n/);
  assert.match(scraped, /flamelake_cache_evictions_total 1\n/);
  assert.match(scraped, /flamelake_cache_size_bytes 1258\n/);
});
