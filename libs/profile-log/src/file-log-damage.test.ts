import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { bytes, hasCode, type LogPlace, logPlace, readAll, text } from './file-log.test-support.ts';
import { FRAME_HEADER_BYTES, HEADER_BYTES } from './log-format.ts';

/** Groups of `sizes` records each; the last file's path and where its frames begin. */
async function writeGroups(place: LogPlace, sizes: readonly number[]) {
  const log = await place.open();
  let count = 0;
  for (const size of sizes) {
    const first = count;
    await Promise.all(Array.from({ length: size }, (_, i) => log.append(0, bytes(`record ${first + i}`))));
    count += size;
  }
  await log.close();
  const name = readdirSync(place.directory)
    .filter((file) => file.endsWith('.log'))
    .sort()
    .at(-1);
  const path = `${place.directory}/${name}`;
  return { path, content: readFileSync(path), frameBytes: FRAME_HEADER_BYTES + 'record 0'.length };
}

const values = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => `record ${from + i}`);

test('a log cut at any byte of its last record opens without that record, and goes on', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const { path, content, frameBytes } = await writeGroups(place, [1, 1, 1, 1]);
  assert.equal(content.length, HEADER_BYTES + 4 * frameBytes);
  for (let cut = content.length - frameBytes; cut < content.length; cut++) {
    writeFileSync(path, content.subarray(0, cut));
    const log = await place.open();
    assert.deepEqual(
      (await readAll(log)).map(({ value }) => text(value)),
      values(0, 3),
      `cut at ${cut}`,
    );
    assert.equal((await log.append(0, bytes('record 3'))).offset, 3);
    await log.close();
  }
});

test('a flipped bit in the last group is a torn write; below it, it is damage', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const { path, content, frameBytes } = await writeGroups(place, [1, 1, 3]);
  const lastGroup = HEADER_BYTES + 2 * frameBytes;
  for (let at = HEADER_BYTES; at < content.length; at++) {
    const damaged = Buffer.from(content);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, damaged);
    if (at < lastGroup) {
      await assert.rejects(place.open(), (error) => {
        assert.ok(hasCode('data_loss', /damaged/)(error), `byte ${at}`);
        return true;
      });
      // Refusing leaves everything as it was.
      assert.equal(Buffer.compare(readFileSync(path), damaged), 0);
      continue;
    }
    const log = await place.open();
    const intact = 2 + Math.floor((at - lastGroup) / frameBytes);
    assert.deepEqual(
      (await readAll(log)).map(({ value }) => text(value)),
      values(0, intact),
      `byte ${at}`,
    );
    await log.close();
  }
});

test('zeros, or old bytes, behind the end are no records', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const { path, content, frameBytes } = await writeGroups(place, [1, 1]);
  for (const rest of [new Uint8Array(5_000), content.subarray(HEADER_BYTES, HEADER_BYTES + frameBytes)]) {
    writeFileSync(path, Buffer.concat([content, rest]));
    const log = await place.open();
    assert.deepEqual(
      (await readAll(log)).map(({ value }) => text(value)),
      values(0, 2),
    );
    await log.close();
    assert.equal(readFileSync(path).length, content.length);
  }
});

test('frames of another log are none of this one', async (t) => {
  const place = logPlace();
  const other = logPlace();
  t.after(place.remove);
  t.after(other.remove);
  const { path, content } = await writeGroups(place, [1]);
  const foreign = await writeGroups(other, [1, 1]);
  const secondFrame = foreign.content.subarray(HEADER_BYTES + foreign.frameBytes);
  writeFileSync(path, Buffer.concat([content, secondFrame]));
  const log = await place.open();
  assert.equal((await readAll(log)).length, 1);
  await log.close();
});

test('damage in a file that is not the last is found by reading, and names the place', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const options = { fileBytesMax: 100, tailBytesMax: 0 };
  let log = await place.open(options);
  for (let i = 0; i < 3; i++) await log.append(0, new Uint8Array(200).fill(i));
  await log.close();
  const first = `${place.directory}/${'0'.repeat(20)}.log`;
  const content = readFileSync(first);
  content[150] = 99;
  writeFileSync(first, content);
  log = await place.open(options);
  await assert.rejects(readAll(log), (error) => hasCode('data_loss')(error) && String(error).includes('damaged'));
  assert.equal((await readAll(log, 1)).length, 2);
  await log.close();
});

test('missing, cut or foreign files and damaged headers are refused', async (t) => {
  const place = logPlace();
  const kept = `${place.directory}-kept`;
  t.after(() => {
    place.remove();
    rmSync(kept, { recursive: true });
  });
  const log = await place.open({ fileBytesMax: 100 });
  for (let i = 0; i < 4; i++) await log.append(0, new Uint8Array(200).fill(i));
  await log.close();
  const names = readdirSync(place.directory)
    .filter((name) => name.endsWith('.log'))
    .sort();
  assert.equal(names.length, 4);
  mkdirSync(kept);
  for (const name of names) copyFileSync(`${place.directory}/${name}`, `${kept}/${name}`);
  const restore = () => {
    for (const name of names) copyFileSync(`${kept}/${name}`, `${place.directory}/${name}`);
  };
  const [first, second, , last] = names.map((name) => `${place.directory}/${name}`) as [string, string, string, string];
  const damages: (() => void)[] = [
    () => rmSync(second),
    () => truncateSync(first, readFileSync(first).length - 1),
    () => truncateSync(last, HEADER_BYTES - 1),
    () => copyFileSync(first, second),
    () => writeFileSync(last, readFileSync(last).fill(7, 30, 31)),
  ];
  for (const damage of damages) {
    damage();
    await assert.rejects(place.open(), hasCode('data_loss'), damage.toString());
    restore();
  }
  const again = await place.open();
  assert.equal((await readAll(again)).length, 4);
  await again.close();
});

test('a log whose directory is removed under it acknowledges nothing more, and says so', async (t) => {
  const place = logPlace();
  t.after(() => rmSync(place.directory, { recursive: true, force: true }));
  const log = await place.open();
  await log.append(0, bytes('kept'));
  rmSync(place.directory, { recursive: true });
  await assert.rejects(log.append(0, bytes('lost')), hasCode('unavailable', /must be opened again/));
  assert.equal(place.fatal.length, 1);
  assert.ok(hasCode('data_loss', /was removed/)(place.fatal[0]));
  await assert.rejects(log.append(0, bytes('later')), hasCode('unavailable'));
  // A directory of the same name does not bring the file back.
  mkdirSync(place.directory);
  await assert.rejects(log.append(0, bytes('later still')), hasCode('unavailable'));
  await log.close();
});
