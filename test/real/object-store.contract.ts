/** What every object store must do. A driver's test calls this with a way to open the store. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { probePutIfAbsent, probeReadWrite } from '@flamelake/object-store';
import { randomHex, systemRandom } from '@flamelake/runtime';

export interface ObjectStoreContract {
  /** Opens the store; it may hold other objects. */
  readonly open: () => Promise<ObjectStore>;
  /** Why the contract cannot run here. */
  readonly skip?: string;
  /**
   * The server keeps objects as files in folders: no key is the folder of another, and a folder goes with its last
   * object, puts into it failing meanwhile.
   */
  readonly hasFolders?: boolean;
  /** The server sorts by UTF-16 units, which is byte order but for characters beyond U+FFFF. */
  readonly sortsUtf16?: boolean;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const hasCode = (code: string) => (error: unknown) => error instanceof FlamelakeError && error.code === code;

export function objectStoreContract(name: string, contract: ObjectStoreContract): void {
  describe(`object store contract: ${name}`, { skip: contract.skip ?? false }, () => {
    let store: ObjectStore;
    /** A prefix nobody else uses, so that stores may be shared. */
    let root: string;
    before(async () => {
      store = await contract.open();
      root = `contract-${randomHex(systemRandom, 8)}`;
    });
    after(() => store.close());
    const keysOf = async (prefix: string, options?: { startAfter?: string; limit?: number }) =>
      (await store.list(prefix, options)).map(({ key }) => key);

    test('an absent key reads as undefined', async () => {
      assert.equal(await store.get(`${root}/absent/key`), undefined);
      assert.deepEqual(await store.list(`${root}/absent/`), []);
      assert.deepEqual(await store.listFolders(`${root}/absent/`), []);
    });

    test('put-if-absent writes once', async () => {
      const key = `${root}/once/key`;
      assert.equal(await store.putIfAbsent(key, bytes('first')), 'created');
      assert.equal(await store.putIfAbsent(key, bytes('second')), 'exists');
      assert.deepEqual((await store.get(key))?.bytes, bytes('first'));
    });

    test('of 20 writers of one key exactly one wins, 25 times', async () => {
      for (let round = 0; round < 25; round++) {
        const key = `${root}/races/${round}`;
        const writers = Array.from({ length: 20 }, (_, i) => store.putIfAbsent(key, bytes(`writer ${i}`)));
        const answers = await Promise.all(writers);
        const winners = answers.flatMap((answer, i) => (answer === 'created' ? [i] : []));
        assert.equal(winners.length, 1, `round ${round}`);
        assert.deepEqual((await store.get(key))?.bytes, bytes(`writer ${winners[0]}`));
      }
    });

    test('the probes pass', async () => {
      await probePutIfAbsent(store, systemRandom);
      await probeReadWrite(store, systemRandom);
      assert.deepEqual(await store.list('probes/'), []);
    });

    test('a deleted key is absent again, and another object under it has another tag', async () => {
      const key = `${root}/again/key`;
      const tags = new Set<string | undefined>();
      for (let round = 0; round < 10; round++) {
        assert.equal(await store.putIfAbsent(key, bytes(`round ${round}`)), 'created');
        const first = await store.get(key);
        assert.equal((await store.get(key, { offset: 0, length: 1 }))?.etag, first?.etag);
        tags.add(first?.etag);
        await store.delete([key, `${root}/again/never-was`]);
        assert.equal(await store.get(key), undefined);
      }
      assert.equal(tags.size, 10);
    });

    test('put writes, and may write the same key again', async () => {
      const key = `${root}/put/key`;
      await store.put(key, bytes('one'));
      await store.put(key, bytes('one'));
      assert.deepEqual((await store.get(key))?.bytes, bytes('one'));
      assert.equal(await store.putIfAbsent(key, bytes('two')), 'exists');
    });

    test('an empty object is an object', async () => {
      const key = `${root}/empty/key`;
      assert.equal(await store.putIfAbsent(key, new Uint8Array(0)), 'created');
      const object = await store.get(key);
      assert.equal(object?.sizeBytes, 0);
      assert.equal(object?.bytes.length, 0);
      assert.equal((await store.get(key, { lastBytes: 8 }))?.bytes.length, 0);
      assert.equal((await store.list(`${root}/empty/`))[0]?.sizeBytes, 0);
    });

    test('16 MiB come back whole and in parts', async () => {
      const key = `${root}/large/key`;
      const body = new Uint8Array(16 * 1_048_576).map((_, i) => (i * 31) ^ (i >>> 12));
      assert.equal(await store.putIfAbsent(key, body), 'created');
      const whole = await store.get(key);
      assert.equal(Buffer.compare(whole?.bytes ?? bytes(''), body), 0);
      const part = await store.get(key, { offset: 9_000_000, length: 70_000 });
      assert.equal(Buffer.compare(part?.bytes ?? bytes(''), body.subarray(9_000_000, 9_070_000)), 0);
      await assert.rejects(
        store.putIfAbsent(`${root}/large/more`, new Uint8Array(16 * 1_048_576 + 1)),
        hasCode('invalid_argument'),
      );
    });

    test('a put may be larger than one part', async () => {
      const key = `${root}/parts/key`;
      const body = new Uint8Array(40 * 1_048_576).map((_, i) => (i * 29) ^ (i >>> 11));
      await store.put(key, body);
      assert.equal(Buffer.compare((await store.get(key))?.bytes ?? bytes(''), body), 0);
      const tail = await store.get(key, { lastBytes: 1_000 });
      assert.equal(tail?.sizeBytes, body.length);
      assert.equal(Buffer.compare(tail?.bytes ?? bytes(''), body.subarray(-1_000)), 0);
    });

    test('ranges are cut at the end of the object', async () => {
      const key = `${root}/range/key`;
      await store.put(key, bytes('0123456789'));
      const read = async (range: Parameters<ObjectStore['get']>[1]) => {
        const answer = await store.get(key, range);
        assert.equal(answer?.sizeBytes, 10);
        return Buffer.from(answer?.bytes ?? []).toString();
      };
      assert.equal(await read({ offset: 0, length: 10 }), '0123456789');
      assert.equal(await read({ offset: 3, length: 4 }), '3456');
      assert.equal(await read({ offset: 8, length: 100 }), '89');
      assert.equal(await read({ offset: 10, length: 5 }), '');
      assert.equal(await read({ offset: 50, length: 5 }), '');
      assert.equal(await read({ offset: 2, length: 0 }), '');
      assert.equal(await read({ lastBytes: 3 }), '789');
      assert.equal(await read({ lastBytes: 50 }), '0123456789');
      assert.equal(await read({ lastBytes: 0 }), '');
      await assert.rejects(store.get(key, { offset: -1, length: 1 }), hasCode('invalid_argument'));
    });

    test('what is read and written is the caller’s own memory', async () => {
      const key = `${root}/memory/key`;
      const body = bytes('before');
      await store.put(key, body);
      body.fill(0);
      (await store.get(key))?.bytes.fill(1);
      assert.deepEqual((await store.get(key))?.bytes, bytes('before'));
    });

    test('lists go in byte order, by pages', async () => {
      const folder = `${root}/list/`;
      const nested = contract.hasFolders === true ? ['a/b/c'] : ['a', 'a/b', 'a/b/c'];
      const names = [...nested, 'a-b', 'a0', 'A', 'aa/x', 'b', 'é', 'z', '～', 'a.b', 'a%2fb', 'a b', 'a+b'];
      if (contract.sortsUtf16 !== true) names.push('😀');
      for (const name of names) await store.put(folder + name, bytes(name));
      const sorted = names.map((name) => folder + name).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(await keysOf(folder), sorted);
      for (let limit = 1; limit <= 4; limit++) {
        const pages: string[] = [];
        for (;;) {
          const last = pages.at(-1);
          const page = await keysOf(folder, last === undefined ? { limit } : { startAfter: last, limit });
          assert.ok(page.length <= limit);
          if (page.length === 0) break;
          pages.push(...page);
        }
        assert.deepEqual(pages, sorted, `pages of ${limit}`);
      }
      for (const prefix of [`${folder}a/`, `${folder}a`, `${folder}a/b`, `${folder}aa/`]) {
        const below = sorted.filter((key) => key.startsWith(prefix));
        assert.ok(below.length > 0);
        assert.deepEqual(await keysOf(prefix), below, prefix);
      }
      const after = `${folder}a/a`;
      const rest = sorted.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
      assert.deepEqual(await keysOf(folder, { startAfter: after }), rest);
      assert.deepEqual(await keysOf(folder, { startAfter: `${root}/lis` }), sorted);
      assert.deepEqual(await keysOf(folder, { startAfter: `${root}/lisu` }), []);
      for (const limit of [0, -1, 1_001, 1.5]) {
        await assert.rejects(store.list(folder, { limit }), hasCode('invalid_argument'));
      }
    });

    test('a list never answers more than 1,000 keys', async () => {
      const folder = `${root}/many/`;
      const keys = Array.from({ length: 1_005 }, (_, i) => folder + String(i).padStart(20, '0'));
      for (let i = 0; i < keys.length; i += 67) {
        await Promise.all(keys.slice(i, i + 67).map((key) => store.put(key, bytes(key))));
      }
      assert.deepEqual(await keysOf(folder), keys.slice(0, 1_000));
      assert.deepEqual(await keysOf(folder, { startAfter: keys[999] ?? '' }), keys.slice(1_000));
      await store.delete(keys);
      assert.deepEqual(await keysOf(folder), []);
    });

    test('a listing tells size and time by the store’s clock', async () => {
      const beforeMs = await store.nowMs();
      await store.put(`${root}/info/key`, bytes('12345'));
      const afterMs = await store.nowMs();
      const [info] = await store.list(`${root}/info/`);
      const object = await store.get(`${root}/info/key`);
      assert.equal(info?.sizeBytes, 5);
      assert.equal(info?.modifiedMs, object?.modifiedMs);
      // Stores over HTTP keep whole seconds.
      assert.ok(info !== undefined && info.modifiedMs >= beforeMs - 1_000 && info.modifiedMs <= afterMs + 1_000);
    });

    test('folders are the next elements below a prefix', async () => {
      const folder = `${root}/folders/`;
      for (const name of ['b/1', 'a/x/y/1', 'ä/1', 'file', 'B.c/1', 'b-/1']) await store.put(folder + name, bytes(''));
      assert.deepEqual(await store.listFolders(folder), ['B.c', 'a', 'b-', 'b', 'ä'].sort(byElement));
      assert.deepEqual(await store.listFolders(`${folder}a/`), ['x']);
      await store.delete([`${folder}a/x/y/1`]);
      assert.deepEqual(await store.listFolders(`${folder}a/`), []);
      assert.ok(!(await store.listFolders(folder)).includes('a'));
      await assert.rejects(store.listFolders(`${folder}a`), hasCode('invalid_argument'));
    });

    test('keys that are none are refused', async () => {
      const long = 'x'.repeat(1_025);
      for (const key of ['', '/a', 'a/', 'a//b', '..', '../a', 'a/../b', 'a/./b', '\ud800', `${root}/${long}`]) {
        await assert.rejects(store.put(key, bytes('')), hasCode('invalid_argument'), key);
        await assert.rejects(store.get(key), hasCode('invalid_argument'), key);
      }
    });

    test('a canceled read says so', async () => {
      await store.put(`${root}/cancel/key`, bytes('1'));
      await assert.rejects(store.get(`${root}/cancel/key`, undefined, AbortSignal.abort()), hasCode('canceled'));
    });

    test('puts and deletes in one folder do not disturb each other', async () => {
      const folder = `${root}/churn/deep/er/`;
      if (contract.hasFolders === true) await store.put(`${folder}stays`, bytes(''));
      const churn = async (writer: number) => {
        for (let round = 0; round < 15; round++) {
          const key = `${folder}${writer}`;
          assert.equal(await store.putIfAbsent(key, bytes(`${round}`)), 'created');
          assert.deepEqual((await store.get(key))?.bytes, bytes(`${round}`));
          await store.delete([key]);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, writer) => churn(writer)));
      await store.delete([`${folder}stays`]);
      assert.deepEqual(await store.list(folder), []);
    });

    test('a closed store refuses', async () => {
      const closed = await contract.open();
      await closed.close();
      await assert.rejects(closed.get(`${root}/closed`), hasCode('failed_precondition'));
      await assert.rejects(closed.put(`${root}/closed`, bytes('')), hasCode('failed_precondition'));
      await closed.close();
    });
  });
}

/** Order of folders: as the keys below them sort. */
function byElement(a: string, b: string): number {
  return Buffer.compare(Buffer.from(`${a}/`), Buffer.from(`${b}/`));
}
