/** What every cache must do: forget what it likes, never answer wrongly, never throw. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Cache } from '@flamelake/model';
import { randomHex, systemRandom } from '@flamelake/runtime';

export interface CacheContract {
  /** Opens the cache, with room for 1 MiB at least; it may hold other entries. */
  readonly open: () => Promise<Cache>;
  /** Why the contract cannot run here. */
  readonly skip?: string;
}

const bytes = (text: string) => new TextEncoder().encode(text);

export function cacheContract(name: string, contract: CacheContract): void {
  describe(`cache contract: ${name}`, { skip: contract.skip ?? false }, () => {
    let cache: Cache;
    let root: string;
    before(async () => {
      cache = await contract.open();
      root = randomHex(systemRandom, 8);
    });
    after(() => cache.close());

    test('an unknown key is a miss', async () => {
      assert.equal(await cache.get(`${root}/unknown`), undefined);
    });

    test('what was set last is what is read', async () => {
      await cache.set(`${root}/key`, bytes('one'));
      assert.deepEqual(await cache.get(`${root}/key`), bytes('one'));
      await cache.set(`${root}/key`, bytes('two'));
      assert.deepEqual(await cache.get(`${root}/key`), bytes('two'));
    });

    test('keys and values may hold any bytes', async () => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      const keys = [`${root}/a b\nc\0d`, `${root}/é😀`, `${root}/${'long'.repeat(100)}`, `${root}/{tag}`];
      for (const key of keys) await cache.set(key, every);
      for (const key of keys) assert.deepEqual(await cache.get(key), every);
      await cache.set(`${root}/empty`, new Uint8Array(0));
      assert.equal((await cache.get(`${root}/empty`))?.length, 0);
    });

    test('values are copied in and out', async () => {
      const value = bytes('before');
      await cache.set(`${root}/copy`, value);
      value.fill(0);
      (await cache.get(`${root}/copy`))?.fill(1);
      assert.deepEqual(await cache.get(`${root}/copy`), bytes('before'));
    });

    test('more than fits is forgotten, not refused, and answers stay right', async () => {
      const body = (i: number) => new Uint8Array(65_536).fill(i);
      for (let i = 0; i < 100; i++) await cache.set(`${root}/many/${i}`, body(i));
      for (let i = 0; i < 100; i++) {
        const value = await cache.get(`${root}/many/${i}`);
        if (value !== undefined) assert.deepEqual(value, body(i));
      }
    });

    test('a closed cache misses and takes nothing, silently', async () => {
      const closed = await contract.open();
      await closed.set(`${root}/closed`, bytes('1'));
      await closed.close();
      assert.equal(await closed.get(`${root}/closed`), undefined);
      await closed.set(`${root}/closed`, bytes('1'));
      assert.equal(await closed.get(`${root}/closed`), undefined);
      await closed.close();
    });
  });
}
