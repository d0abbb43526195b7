import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileSystem } from '@flamelake/runtime';
import { createLossyFileSystem } from './lossy-file-system.ts';

async function writeNew(files: FileSystem, path: string, text: string): Promise<void> {
  const file = await files.open(path, 'create');
  await file.write(Buffer.from(text), 0);
  await file.sync();
  await file.close();
}

async function readText(files: FileSystem, path: string): Promise<string | undefined> {
  const stat = await files.stat(path);
  if (stat === undefined) return undefined;
  const file = await files.open(path, 'read');
  const bytes = new Uint8Array(stat.sizeBytes);
  await file.read(bytes, 0);
  return Buffer.from(bytes).toString();
}

/** What a crash leaves, over many seeds. */
async function outcomes(prepare: (files: FileSystem) => Promise<void>, look: (files: FileSystem) => Promise<unknown>) {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const lossy = createLossyFileSystem(seed);
    await prepare(lossy.mount());
    lossy.crash();
    seen.add(String(await look(lossy.mount())));
  }
  return seen;
}

test('what is synced, name and bytes, survives every crash', async () => {
  const seen = await outcomes(
    async (files) => {
      await files.makeFolder('data');
      await writeNew(files, 'data/a', 'hello');
      await files.syncFolder('data');
      await files.syncFolder('');
    },
    (files) => readText(files, 'data/a'),
  );
  assert.deepEqual([...seen], ['hello']);
});

test('a name that was not synced may be gone, alone or with its folder', async () => {
  const seen = await outcomes(
    async (files) => {
      await files.makeFolder('data');
      await files.syncFolder('');
      await writeNew(files, 'data/a', 'hello');
    },
    (files) => readText(files, 'data/a'),
  );
  assert.deepEqual([...seen].sort(), ['hello', 'undefined']);
});

test('bytes that were not synced are there, torn at any byte, zeros, or gone; synced ones before them stay', async () => {
  const seen = await outcomes(
    async (files) => {
      await writeNew(files, 'a', 'safe');
      await files.syncFolder('');
      const file = await files.open('a', 'write');
      await file.write(Buffer.from('RISK'), 4);
    },
    (files) => readText(files, 'a'),
  );
  for (const text of ['safe', 'safeR', 'safeRI', 'safeRISK', 'safe\0\0\0\0', 'safeRI\0\0'])
    assert.ok(seen.has(text), text);
  for (const text of seen) assert.match(text, /^safe(R?I?S?K?)\0*$/);
});

test('a rename within a folder leaves the old state or the new one', async () => {
  const seen = await outcomes(
    async (files) => {
      await writeNew(files, 'old', 'one');
      await writeNew(files, 'target', 'two');
      await files.syncFolder('');
      await files.rename('old', 'target');
    },
    async (files) => `${await readText(files, 'old')} ${await readText(files, 'target')}`,
  );
  assert.deepEqual([...seen].sort(), ['one two', 'undefined one']);
});

test('what a failed sync covered is in doubt even after a later sync', async () => {
  const seen = new Set<string | undefined>();
  for (let seed = 0; seed < 60; seed++) {
    const lossy = createLossyFileSystem(seed);
    const files = lossy.mount();
    await writeNew(files, 'a', 'safe');
    await files.syncFolder('');
    const file = await files.open('a', 'write');
    await file.write(Buffer.from('X'), 4);
    lossy.failNextSync();
    await assert.rejects(file.dataSync(), { code: 'EIO' });
    await file.dataSync();
    lossy.crash();
    seen.add(await readText(lossy.mount(), 'a'));
  }
  assert.ok(seen.has('safe') && seen.has('safeX'));
});

test('after a crash an old mount neither answers nor writes, and its lock is free', async () => {
  const lossy = createLossyFileSystem(1);
  const before = lossy.mount();
  await writeNew(before, 'a', 'one');
  await before.syncFolder('');
  const file = await before.open('a', 'write');
  assert.ok(await before.lock('lock'));
  assert.equal(await before.lock('lock'), undefined);
  lossy.crash();
  let answered = false;
  void file.write(Buffer.from('two'), 0).then(() => {
    answered = true;
  });
  const after = lossy.mount();
  assert.ok(await after.lock('lock'));
  assert.equal(await readText(after, 'a'), 'one');
  assert.equal(answered, false);
});

test('errors are those of a file system', async () => {
  const lossy = createLossyFileSystem(1);
  const files = lossy.mount();
  await assert.rejects(files.open('none', 'read'), { code: 'ENOENT' });
  await assert.rejects(files.open('none/a', 'create'), { code: 'ENOENT' });
  await files.makeFolder('f');
  await assert.rejects(files.makeFolder('f'), { code: 'EEXIST' });
  await writeNew(files, 'f/a', 'x');
  await assert.rejects(files.open('f/a', 'create'), { code: 'EEXIST' });
  await assert.rejects(files.removeFolder('f'), { code: 'ENOTEMPTY' });
  await writeNew(files, 'f/b', 'y');
  await assert.rejects(files.link('f/a', 'f/b'), { code: 'EEXIST' });
  lossy.capacityBytes = 4;
  const file = await files.open('f/a', 'write');
  await assert.rejects(file.write(Buffer.from('12345'), 0), { code: 'ENOSPC' });
  await files.unlink('f/a');
  await files.unlink('f/b');
  await files.removeFolder('f');
  assert.equal(await files.stat('f'), undefined);
});
