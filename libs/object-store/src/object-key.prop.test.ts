import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBytes } from '@flamelake/model';
import * as fc from 'fast-check';
import { compareStored, folderName, isKeyElement, keyPath, NAME_BYTES_MAX, storedName } from './object-key.ts';

const element = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => {
  return !text.includes('/') && isKeyElement(text);
});

test('names on disk read back as the elements they stand for, and are plain on any file system', () => {
  fc.assert(
    fc.property(element, (text) => {
      const { file } = keyPath(text);
      const folder = folderName(text);
      for (const name of [file, folder]) assert.match(name, /^[a-z0-9_%-]+(\.obj)?$/);
      assert.deepEqual(storedName(file, 'file'), { element: text, name: file });
      assert.deepEqual(storedName(folder, 'folder'), { element: `${text}/`, name: folder });
      assert.equal(storedName(folder, 'file'), undefined);
    }),
  );
});

test('names that differ only in case or form stay apart on any file system', () => {
  fc.assert(
    fc.property(element, element, (a, b) => {
      if (a !== b) assert.notEqual(folderName(a).normalize('NFC').toLowerCase(), folderName(b).toLowerCase());
    }),
  );
});

test('names sort as the keys below them', () => {
  const kind = fc.constantFrom('file' as const, 'folder' as const);
  fc.assert(
    fc.property(element, kind, element, kind, (a, kindA, b, kindB) => {
      const name = (text: string, of: 'file' | 'folder') => (of === 'file' ? keyPath(text).file : folderName(text));
      const key = (text: string, of: 'file' | 'folder') => (of === 'file' ? text : `${text}/x`);
      const storedA = storedName(name(a, kindA), kindA);
      const storedB = storedName(name(b, kindB), kindB);
      assert.ok(storedA !== undefined && storedB !== undefined);
      if (a === b && kindA === kindB) return;
      assert.equal(Math.sign(compareStored(storedA, storedB)), Math.sign(compareBytes(key(a, kindA), key(b, kindB))));
    }),
  );
});

test('elements too long for a name are refused, the longest that fit are not', () => {
  assert.equal(keyPath('x'.repeat(NAME_BYTES_MAX - 4)).file.length, NAME_BYTES_MAX);
  assert.throws(() => keyPath('x'.repeat(NAME_BYTES_MAX - 3)), /too long/);
  assert.throws(() => keyPath(`${'É'.repeat(43)}/x`), /too long/);
  assert.throws(() => keyPath('a/../b'), /dots/);
});
