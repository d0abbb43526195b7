import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type FileSystem, nodeFileSystem } from '@flamelake/runtime';
import { hookFileSystem } from '../../runtime/src/hooked-file-system.test-support.ts';
import { bytes, hasCode, logPlace, text } from './file-log.test-support.ts';
import { readFileLog } from './read-file-log.ts';

async function readTexts(directory: string, fileSystem: FileSystem = nodeFileSystem): Promise<string[]> {
  const log = await readFileLog({ directory, fileSystem });
  const texts: string[] = [];
  for await (const { offset, value } of log?.records() ?? []) texts.push(`${offset} ${text(value)}`);
  return texts;
}

const logFiles = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.log'));

test('a log is read while another process holds it, from its first record to its last, without a write', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const log = await place.open({ fileBytesMax: 200 });
  for (let i = 0; i < 10; i++) await log.append(0, bytes(`record ${i}`));
  const operations = new Set<string>();
  const fileSystem = hookFileSystem(nodeFileSystem, { before: ({ name }) => void operations.add(name) });
  assert.deepEqual(
    await readTexts(place.directory, fileSystem),
    Array.from({ length: 10 }, (_, i) => `${i} record ${i}`),
  );
  for (const name of operations) assert.match(name, /^(stat|readFolder|open|file\.(read|stat|close))$/);
  const reading = await readFileLog({ directory: place.directory, fileSystem });
  assert.deepEqual([reading?.id, reading?.start], [log.id, 0]);
  await log.close();
});

test('what is trimmed or appended meanwhile does not disturb', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const log = await place.open({ fileBytesMax: 120 });
  for (let i = 0; i < 12; i++) await log.append(0, bytes(`record ${i}`));
  const reading = await readFileLog({ directory: place.directory, fileSystem: nodeFileSystem });
  const offsets: number[] = [];
  for await (const { offset } of reading?.records() ?? []) {
    offsets.push(offset);
    if (offset !== 1) continue;
    await log.append(0, bytes('late'));
    await log.trim(0, 9);
  }
  const { start } = await log.bounds(0);
  assert.ok(start > 4, 'files between were trimmed');
  const expected = Array.from({ length: 12 }, (_, i) => i).filter((i) => i >= start);
  assert.deepEqual(offsets.slice(-expected.length), expected);
  assert.ok(offsets.length < 12);
  await log.close();
});

test('a torn end is where the log ends, and stays on disk', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const log = await place.open();
  for (let i = 0; i < 3; i++) await log.append(0, bytes(`record ${i}`));
  await log.close();
  const path = `${place.directory}/${logFiles(place.directory)[0]}`;
  truncateSync(path, statSync(path).size - 1);
  const sizeBytes = statSync(path).size;
  assert.deepEqual(await readTexts(place.directory), ['0 record 0', '1 record 1']);
  appendFileSync(path, bytes('rubbish that no frame begins with, of some length or other'));
  assert.deepEqual(await readTexts(place.directory), ['0 record 0', '1 record 1']);
  assert.ok(statSync(path).size > sizeBytes);
});

test('damage below acknowledged records is told, in the last file and in one before', async (t) => {
  for (const fileBytesMax of [120, 1_000_000]) {
    const place = logPlace();
    t.after(place.remove);
    const log = await place.open({ fileBytesMax });
    for (let i = 0; i < 8; i++) await log.append(0, bytes(`record ${i}`));
    await log.close();
    const path = `${place.directory}/${logFiles(place.directory)[0]}`;
    const content = readFileSync(path);
    content[100] = (content[100] ?? 0) ^ 1;
    writeFileSync(path, content);
    await assert.rejects(readTexts(place.directory), hasCode('data_loss', /damaged/));
  }
});

test('a directory without a log has none', async (t) => {
  const place = logPlace();
  t.after(() => rmSync(place.directory, { recursive: true, force: true }));
  assert.equal(await readFileLog({ directory: place.directory, fileSystem: nodeFileSystem }), undefined);
  rmSync(place.directory, { recursive: true });
  assert.equal(await readFileLog({ directory: place.directory, fileSystem: nodeFileSystem }), undefined);
});
