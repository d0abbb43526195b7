import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { type Clock, FlamelakeError, type ObjectStore } from '@flamelake/model';
import { type FileSystem, fileError, nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { hookFileSystem } from '../../runtime/src/hooked-file-system.test-support.ts';
import { createFileStore, type FileStoreOptions } from './file-store.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const hasCode = (code: string) => (error: unknown) => error instanceof FlamelakeError && error.code === code;

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-store-`);
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function open(directory: string, options: Partial<FileStoreOptions> = {}): Promise<ObjectStore> {
  const ports = { fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom };
  return createFileStore({ directory, ...ports, ...options });
}

/** Names of operations as they succeed, with the path below the directory; temporary names are all `tmp`. */
function record(directory: string, events: string[]): FileSystem {
  return hookFileSystem(nodeFileSystem, {
    after: ({ name, path }) => {
      const below = path.slice(directory.length + 1);
      events.push(`${name} ${below.startsWith('tmp/') ? 'tmp' : below}`);
    },
  });
}

test('an object is synced before it gets its name, and its name before the answer', async (t) => {
  const directory = makeDirectory(t);
  const events: string[] = [];
  const store = await open(directory, { fileSystem: record(directory, events) });
  events.length = 0;
  await store.putIfAbsent('a/b/key', bytes('1'));
  assert.deepEqual(events, [
    'makeFolder objects/a',
    'syncFolder objects',
    'makeFolder objects/a/b',
    'syncFolder objects/a',
    'stat objects/a/b/key.obj',
    'open tmp',
    'file.write tmp',
    'file.setModifiedMs tmp',
    'file.sync tmp',
    'file.close tmp',
    'link objects/a/b/key.obj',
    'unlink tmp',
    'syncFolder objects/a/b',
  ]);
  events.length = 0;
  // Its first writer may have died before the folder was synced.
  assert.equal(await store.putIfAbsent('a/b/key', bytes('2')), 'exists');
  assert.deepEqual(events, ['stat objects/a/b/key.obj', 'syncFolder objects/a/b']);
  events.length = 0;
  await store.put('a/b/key', bytes('3'));
  assert.deepEqual(events.slice(-3), ['file.close tmp', 'rename objects/a/b/key.obj', 'syncFolder objects/a/b']);
  await store.close();
});

test('a list reads the folders its prefix names, and no object that it does not answer', async (t) => {
  const directory = makeDirectory(t);
  const events: string[] = [];
  const store = await open(directory, { fileSystem: record(directory, events) });
  for (let i = 0; i < 50; i++) await store.put(`a/m/${String(i).padStart(3, '0')}`, bytes(''));
  for (const other of ['a/other/1', 'b/m/1', 'a/m/1/2']) await store.put(other, bytes(''));
  events.length = 0;
  assert.equal((await store.list('a/m/', { limit: 1 }))[0]?.key, 'a/m/000');
  assert.deepEqual(events, ['readFolder objects/a/m', 'stat objects/a/m/000.obj']);
  events.length = 0;
  await store.list('a/m/', { startAfter: 'a/m/048', limit: 1 });
  assert.deepEqual(events, ['readFolder objects/a/m', 'stat objects/a/m/049.obj']);
  await store.close();
});

test('what a crash left half written is swept at opening, and is never listed', async (t) => {
  const directory = makeDirectory(t);
  await (await open(directory)).close();
  writeFileSync(`${directory}/tmp/left`, 'half');
  writeFileSync(`${directory}/objects/foreign`, 'not ours');
  mkdirSync(`${directory}/objects/Foreign`);
  const store = await open(directory);
  assert.deepEqual(readdirSync(`${directory}/tmp`), []);
  assert.deepEqual(await store.list(''), []);
  assert.deepEqual(await store.listFolders(''), []);
  await store.close();
});

test('a put whose temporary file was swept, or whose folder was removed by another process, tries again', async (t) => {
  const directory = makeDirectory(t);
  for (const name of ['link', 'rename']) {
    let disturbances = 3;
    const fileSystem = hookFileSystem(nodeFileSystem, {
      before: (operation) => {
        if (operation.name !== name || disturbances === 0) return;
        disturbances--;
        for (const entry of readdirSync(`${directory}/tmp`)) rmSync(`${directory}/tmp/${entry}`);
        rmSync(`${directory}/objects/a`, { recursive: true, force: true });
      },
    });
    const store = await open(directory, { fileSystem });
    if (name === 'link') assert.equal(await store.putIfAbsent('a/b/key', bytes(name)), 'created');
    else await store.put('a/b/key', bytes(name));
    assert.equal(disturbances, 0);
    assert.deepEqual((await store.get('a/b/key'))?.bytes, bytes(name));
    await store.close();
  }
});

test('a full disk refuses, leaves nothing behind, and recovers', async (t) => {
  const directory = makeDirectory(t);
  let isFull = true;
  const fileSystem = hookFileSystem(nodeFileSystem, {
    writable: () => (isFull ? 1 : undefined),
    partError: (path) => fileError('ENOSPC', 'write', path),
  });
  const store = await open(directory, { fileSystem });
  for (const write of [() => store.putIfAbsent('a/1', bytes('one')), () => store.put('a/1', bytes('one'))]) {
    await assert.rejects(write(), (error) => {
      assert.ok(error instanceof FlamelakeError);
      assert.deepEqual([error.code, error.message], ['resource_exhausted', 'disk is full']);
      assert.equal(error.details.directory, directory);
      return true;
    });
  }
  assert.deepEqual(readdirSync(`${directory}/tmp`), []);
  assert.equal(await store.get('a/1'), undefined);
  isFull = false;
  assert.equal(await store.putIfAbsent('a/1', bytes('one')), 'created');
  await store.close();
});

test('a failing disk is unavailable, and an object cut short is lost data', async (t) => {
  const directory = makeDirectory(t);
  const fileSystem = hookFileSystem(nodeFileSystem, {
    before: ({ name, path }) => {
      if (name === 'file.sync') throw fileError('EIO', name, path);
    },
  });
  const broken = await open(directory, { fileSystem });
  await assert.rejects(broken.putIfAbsent('a', bytes('1')), hasCode('unavailable'));
  assert.deepEqual(readdirSync(`${directory}/tmp`), []);
  const store = await open(directory);
  await store.put('key', bytes('12345'));
  const cut = hookFileSystem(nodeFileSystem, {});
  const reading: FileSystem = {
    ...cut,
    open: async (path, mode) => ({ ...(await cut.open(path, mode)), read: async () => 2 }),
  };
  const short = await open(directory, { fileSystem: reading });
  await assert.rejects(short.get('key'), hasCode('data_loss'));
});

test('emptied folders go, but never under a put', async (t) => {
  const directory = makeDirectory(t);
  const store = await open(directory);
  await store.put('a/b/c/1', bytes(''));
  await store.put('a/2', bytes(''));
  await store.delete(['a/b/c/1']);
  assert.deepEqual(readdirSync(`${directory}/objects/a`), ['2.obj']);
  await store.delete(['a/2']);
  assert.deepEqual(readdirSync(`${directory}/objects`), []);
  for (let round = 0; round < 50; round++) {
    await store.put('x/y/old', bytes(''));
    await Promise.all([store.delete(['x/y/old']), store.put('x/y/new', bytes(`${round}`))]);
    assert.deepEqual((await store.get('x/y/new'))?.bytes, bytes(`${round}`));
    await store.delete(['x/y/new']);
  }
  assert.deepEqual(readdirSync(`${directory}/objects`), []);
  await store.close();
});

test('two stores on one directory are one store', async (t) => {
  const directory = makeDirectory(t);
  const [one, two] = await Promise.all([open(directory), open(directory)]);
  for (let round = 0; round < 25; round++) {
    const stores = [one, two, one, two];
    const answers = await Promise.all(stores.map((store, i) => store.putIfAbsent(`x/${round}`, bytes(`${i}`))));
    assert.equal(answers.filter((answer) => answer === 'created').length, 1);
    const winner = answers.indexOf('created');
    assert.deepEqual((await two.get(`x/${round}`))?.bytes, bytes(`${winner}`));
    if (round % 5 === 0) await Promise.all([one.delete([`x/${round}`]), two.put(`x/y/${round}`, bytes(''))]);
  }
});

test('times are of the store’s clock, and the tag differs even when time stands still', async (t) => {
  const clock: Clock = { ...systemClock, nowMs: () => 1_234_567_890_123 };
  const store = await open(makeDirectory(t), { clock });
  const tags = new Set<string | undefined>();
  for (let i = 0; i < 20; i++) {
    await store.putIfAbsent('key', bytes('same'));
    const object = await store.get('key');
    assert.equal(object?.modifiedMs, 1_234_567_890_123);
    tags.add(object?.etag);
    await store.delete(['key']);
  }
  assert.equal(tags.size, 20);
  assert.equal(await store.nowMs(), 1_234_567_890_123);
});

test('more operations than may wait are refused', async (t) => {
  const store = await open(makeDirectory(t), { concurrency: 2, waitingMax: 3 });
  const settled = await Promise.allSettled(Array.from({ length: 10 }, () => store.get('key')));
  const refused = settled.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 5);
  assert.ok(refused.every(({ reason }) => hasCode('resource_exhausted')(reason)));
  await store.close();
});

test('a store open for reading only makes, sweeps and writes nothing', async (t) => {
  const directory = makeDirectory(t);
  await (await open(directory)).putIfAbsent('a/b', bytes('1'));
  writeFileSync(`${directory}/tmp/of-another-process`, 'half');
  const store = await open(directory, { readOnly: true });
  assert.deepEqual((await store.get('a/b'))?.bytes, bytes('1'));
  assert.deepEqual(
    (await store.list('')).map(({ key }) => key),
    ['a/b'],
  );
  await assert.rejects(store.putIfAbsent('a/c', bytes('2')), hasCode('failed_precondition'));
  await assert.rejects(store.put('a/b', bytes('2')), hasCode('failed_precondition'));
  await assert.rejects(store.delete(['a/b']), hasCode('failed_precondition'));
  assert.deepEqual(readdirSync(`${directory}/tmp`), ['of-another-process']);
  const absent = await open(`${directory}/absent`, { readOnly: true });
  assert.deepEqual(await absent.list(''), []);
  assert.equal(readdirSync(directory).includes('absent'), false);
});
