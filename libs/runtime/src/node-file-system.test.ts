import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileError, fileErrorCode } from './file-system.ts';
import { hookFileSystem } from './hooked-file-system.test-support.ts';
import { makeFolders } from './make-folders.ts';
import { nodeFileSystem } from './node-file-system.ts';

const LOCKING = fileURLToPath(new URL('./locking-process.test-support.ts', import.meta.url));
const bytes = (text: string) => new TextEncoder().encode(text);
const fails = (code: string) => (error: unknown) => fileErrorCode(error) === code;

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-files-`);
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('files are written, read, cut, stamped and measured', async (t) => {
  const path = `${makeDirectory(t)}/file`;
  const file = await nodeFileSystem.open(path, 'create');
  await file.write(bytes('0123456789'), 0);
  await file.write(bytes('ab'), 4);
  await file.setModifiedMs(1_700_000_000_123.457);
  await file.dataSync();
  await file.sync();
  const target = new Uint8Array(20);
  assert.equal(await file.read(target, 3), 7);
  assert.deepEqual(target.subarray(0, 7), bytes('3ab6789'));
  await file.truncate(5);
  const { kind, sizeBytes, inode } = await file.stat();
  assert.deepEqual([kind, sizeBytes], ['file', 5]);
  await file.setModifiedMs(1_700_000_000_123.457);
  const stat = await nodeFileSystem.stat(path);
  assert.equal(stat?.inode, inode);
  assert.equal(Math.round((stat?.modifiedMs ?? 0) * 1_000), 1_700_000_000_123_457);
  await file.close();
  await assert.rejects(nodeFileSystem.open(path, 'create'), fails('EEXIST'));
  await assert.rejects(nodeFileSystem.open(`${path}-absent`, 'write'), fails('ENOENT'));
  assert.equal(await nodeFileSystem.stat(`${path}/below`), undefined);
});

test('links and folders refuse what is taken, absent or not empty', async (t) => {
  const directory = makeDirectory(t);
  const at = (name: string) => `${directory}/${name}`;
  await (await nodeFileSystem.open(at('a'), 'create')).close();
  await nodeFileSystem.link(at('a'), at('b'));
  await assert.rejects(nodeFileSystem.link(at('a'), at('b')), fails('EEXIST'));
  await assert.rejects(nodeFileSystem.link(at('a'), at('none/b')), fails('ENOENT'));
  await nodeFileSystem.makeFolder(at('folder'));
  await assert.rejects(nodeFileSystem.makeFolder(at('folder')), fails('EEXIST'));
  await nodeFileSystem.rename(at('b'), at('folder/c'));
  await assert.rejects(nodeFileSystem.removeFolder(at('folder')), fails('ENOTEMPTY'));
  const entries = [...(await nodeFileSystem.readFolder(directory))].sort((x, y) => (x.name < y.name ? -1 : 1));
  assert.deepEqual(entries, [
    { name: 'a', kind: 'file' },
    { name: 'folder', kind: 'folder' },
  ]);
  await nodeFileSystem.unlink(at('folder/c'));
  await nodeFileSystem.syncFolder(at('folder'));
  await nodeFileSystem.removeFolder(at('folder'));
  await assert.rejects(nodeFileSystem.readFolder(at('folder')), fails('ENOENT'));
});

test('folders are made with their parents, each name synced, those that were there too', async (t) => {
  const directory = makeDirectory(t);
  const synced: string[] = [];
  const fileSystem = hookFileSystem(nodeFileSystem, {
    before: ({ name, path }) => {
      if (name === 'syncFolder' && path === '/') throw fileError('EACCES', name, path);
    },
    after: ({ name, path }) => {
      if (name === 'syncFolder') synced.push(path);
    },
  });
  const path = `${directory}/a/b/c`;
  const names = [directory, `${directory}/a`, `${directory}/a/b`];
  await Promise.all([makeFolders(fileSystem, path), makeFolders(fileSystem, path)]);
  assert.equal((await nodeFileSystem.stat(path))?.kind, 'folder');
  for (const name of names) assert.equal(synced.filter((folder) => folder === name).length, 2, name);
  synced.length = 0;
  // Its maker may have been killed before the sync.
  await makeFolders(fileSystem, path);
  assert.deepEqual(synced.slice(-3), names);
});

test('a folder just made whose name cannot be synced is an error', async (t) => {
  const directory = makeDirectory(t);
  const fileSystem = hookFileSystem(nodeFileSystem, {
    before: ({ name, path }) => {
      if (name === 'syncFolder') throw fileError('EINVAL', name, path);
    },
  });
  await assert.rejects(makeFolders(fileSystem, `${directory}/a`), fails('EINVAL'));
  await makeFolders(fileSystem, directory);
});

test('a lock is held by one, in this process or another, and ends with its process', async (t) => {
  const path = `${makeDirectory(t)}/lock`;
  const start = () => spawn(process.execPath, [LOCKING, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const holder = start();
  assert.equal(String((await once(holder.stdout, 'data'))[0]), 'held\n');
  assert.equal(await nodeFileSystem.lock(path), undefined);
  const exit = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exit;
  const lock = await nodeFileSystem.lock(path);
  assert.ok(lock);
  assert.equal(await nodeFileSystem.lock(path), undefined);
  const refused = start();
  assert.equal(String((await once(refused.stdout, 'data'))[0]), 'refused\n');
  await lock.release();
  await lock.release();
  await (await nodeFileSystem.lock(path))?.release();
});
