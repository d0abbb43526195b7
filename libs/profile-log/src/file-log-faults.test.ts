import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileError, nodeFileSystem } from '@flamelake/runtime';
import { hookFileSystem } from '../../runtime/src/hooked-file-system.test-support.ts';
import { bytes, hasCode, logPlace, readAll, text } from './file-log.test-support.ts';

test('a full disk refuses appends, forgets them durably, and recovers', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  let isFull = false;
  const events: string[] = [];
  const fileSystem = hookFileSystem(nodeFileSystem, {
    after: ({ name }) => events.push(name),
    // Most of the group gets to the disk: whole records among it.
    writable: (_path, _position, frames) => (isFull ? frames.length - 1 : undefined),
    partError: (path) => fileError('ENOSPC', 'write', path),
  });
  const log = await place.open({ fileSystem });
  await log.append(0, bytes('kept 0'));
  isFull = true;
  events.length = 0;
  const refused = await Promise.allSettled(['a', 'b', 'c'].map((value) => log.append(0, bytes(value))));
  for (const result of refused) {
    assert.equal(result.status, 'rejected');
    assert.ok(hasCode('resource_exhausted', /disk is full/)(result.reason));
    assert.equal(result.reason.details.directory, place.directory);
  }
  // The cut is durable before anyone hears of the refusal: a crash brings no refused record back.
  assert.deepEqual(events, ['file.truncate', 'file.dataSync']);
  isFull = false;
  assert.equal((await log.append(0, bytes('kept 1'))).offset, 1);
  await log.close();
  const again = await place.open();
  assert.deepEqual(
    (await readAll(again)).map(({ value }) => text(value)),
    ['kept 0', 'kept 1'],
  );
  await again.close();
  assert.deepEqual(place.fatal, []);
});

test('a disk too full for a new file refuses until there is room', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  let isFull = false;
  const fileSystem = hookFileSystem(nodeFileSystem, {
    writable: (path) => (isFull && path.endsWith('.tmp') ? 10 : undefined),
    partError: (path) => fileError('EDQUOT', 'write', path),
  });
  const log = await place.open({ fileSystem, fileBytesMax: 100 });
  await log.append(0, bytes('x'.repeat(200)));
  isFull = true;
  for (let i = 0; i < 2; i++) await assert.rejects(log.append(0, bytes('y')), hasCode('resource_exhausted'));
  isFull = false;
  assert.equal((await log.append(0, bytes('z'))).offset, 1);
  await log.close();
  const again = await place.open();
  assert.equal((await readAll(again)).length, 2);
  await again.close();
});

for (const operation of ['file.dataSync', 'file.write', 'file.truncate'] as const) {
  test(`a failing ${operation} is fatal: everything pending and later is refused`, async (t) => {
    const place = logPlace();
    t.after(place.remove);
    let isBroken = false;
    const failure = fileError('EIO', operation, place.directory);
    const fileSystem = hookFileSystem(nodeFileSystem, {
      before: ({ name }) => {
        if (!isBroken) return;
        if (name === operation) throw failure;
        // A truncation is needed only after a disk that was full.
        if (operation === 'file.truncate' && name === 'file.write') throw fileError('ENOSPC', 'write', '');
      },
    });
    const log = await place.open({ fileSystem, groupBytesMax: 10 });
    await log.append(0, bytes('durable'));
    isBroken = true;
    const pending = await Promise.allSettled([1, 2, 3].map((i) => log.append(0, bytes(`pending ${i}`))));
    for (const result of pending) {
      assert.equal(result.status, 'rejected');
      assert.ok(hasCode('unavailable', /failed on disk/)(result.reason));
    }
    assert.equal(place.fatal.length, 1);
    isBroken = false;
    await assert.rejects(log.append(0, bytes('later')), hasCode('unavailable'));
    assert.deepEqual(await log.bounds(0), { start: 0, end: 1 });
    assert.deepEqual(
      (await readAll(log)).map(({ value }) => text(value)),
      ['durable'],
    );
    await log.close();
  });
}

test('a file that cannot be read says so in our words', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  let isBroken = false;
  const fileSystem = hookFileSystem(nodeFileSystem, {
    before: ({ name, path }) => {
      if (isBroken && (name === 'file.read' || name === 'unlink')) throw fileError('EIO', name, path);
    },
  });
  const log = await place.open({ fileSystem, tailBytesMax: 0, fileBytesMax: 100 });
  for (let i = 0; i < 3; i++) await log.append(0, new Uint8Array(200));
  isBroken = true;
  await assert.rejects(log.read(0, 0, { bytesMax: 1, waitMs: 0 }), hasCode('unavailable'));
  await assert.rejects(log.trim(0, 2), hasCode('unavailable'));
  isBroken = false;
  await log.trim(0, 2);
  assert.equal((await log.bounds(0)).start, 2);
  await log.close();
});
