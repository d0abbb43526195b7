import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Clock } from '@flamelake/model';
import { createMetrics, nodeFileSystem, systemClock } from '@flamelake/runtime';
import { hookFileSystem } from '../../runtime/src/hooked-file-system.test-support.ts';
import { bytes, hasCode, logPlace, readAll, text } from './file-log.test-support.ts';

test('an append resolves after the fdatasync of its bytes, and never before', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const events: string[] = [];
  const fileSystem = hookFileSystem(nodeFileSystem, { after: ({ name }) => events.push(name) });
  const log = await place.open({ fileSystem });
  events.length = 0;
  for (let i = 0; i < 3; i++) {
    await log.append(0, bytes(`record ${i}`));
    events.push('resolved');
  }
  const once = ['file.write', 'file.dataSync', 'file.stat', 'resolved'];
  assert.deepEqual(events, [...once, ...once, ...once]);
  await log.close();
});

test('appends that arrive during a sync share the next one, and wait for it', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const gate = Promise.withResolvers<void>();
  const firstSync = Promise.withResolvers<void>();
  let syncs = 0;
  const fileSystem = hookFileSystem(nodeFileSystem, {
    before: async ({ name }) => {
      if (name !== 'file.dataSync') return;
      syncs++;
      firstSync.resolve();
      if (syncs === 1) await gate.promise;
    },
  });
  const log = await place.open({ fileSystem });
  let done = 0;
  const count = (promise: Promise<unknown>) => promise.then(() => done++);
  const first = count(log.append(0, bytes('first')));
  await firstSync.promise;
  const others = Array.from({ length: 50 }, (_, i) => count(log.append(0, bytes(`other ${i}`))));
  assert.deepEqual(await log.bounds(0), { start: 0, end: 0 });
  assert.equal(done, 0);
  gate.resolve();
  await Promise.all([first, ...others]);
  assert.equal(syncs, 2);
  assert.equal((await readAll(log)).length, 51);
  await log.close();
});

test('append times never decrease, over clocks that jump back and restarts', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  let nowMs = 5_000;
  const clock: Clock = { ...systemClock, nowMs: () => nowMs };
  let log = await place.open({ clock, fileBytesMax: 100 });
  const times: number[] = [];
  for (const value of [5_000, 4_000, 6_000.75, 100]) {
    nowMs = value;
    times.push((await log.append(0, bytes('x'))).appendMs);
    await log.close();
    log = await place.open({ clock, fileBytesMax: 100 });
  }
  assert.deepEqual(times, [5_000, 5_000, 6_000, 6_000]);
  assert.deepEqual(
    (await readAll(log)).map(({ appendMs }) => appendMs),
    times,
  );
  await log.close();
});

test('files are rolled at their size, read across, and trimmed whole', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  // Five records of 232 bytes a file.
  const options = { fileBytesMax: 1_100, tailBytesMax: 0 };
  let log = await place.open(options);
  for (let i = 0; i < 30; i++) await log.append(0, bytes(`record ${i}`.padEnd(200)));
  const files = () => readdirSync(place.directory).filter((name) => name.endsWith('.log')).length;
  assert.equal(files(), 6);
  assert.equal((await readAll(log)).length, 30);
  assert.equal(text((await readAll(log, 17))[0]?.value).trim(), 'record 17');
  await log.trim(0, 12);
  const { start } = await log.bounds(0);
  assert.ok(start > 0 && start <= 12, String(start));
  assert.equal(files(), 4);
  await assert.rejects(log.read(0, start - 1, { bytesMax: 1, waitMs: 0 }), hasCode('out_of_range'));
  await log.trim(0, 1_000);
  assert.equal(files(), 1);
  await log.close();
  log = await place.open(options);
  assert.equal((await log.bounds(0)).end, 30);
  assert.equal((await log.append(0, bytes('next'))).offset, 30);
  await log.close();
});

test('a log never begins below the end of its chain', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  let log = await place.open();
  const { id } = log;
  for (let i = 0; i < 3; i++) await log.append(0, bytes(`record ${i}`));
  await log.close();
  const asked: string[] = [];
  const minimumEnd = async (logId: string) => {
    asked.push(logId);
    return 10;
  };
  log = await place.open({ minimumEnd });
  assert.deepEqual(asked, [id]);
  assert.deepEqual(await log.bounds(0), { start: 0, end: 10 });
  // A reader in the gap waits as one at the end does.
  const waiting = log.read(0, 5, { bytesMax: 100, waitMs: 600_000 });
  assert.equal((await log.append(0, bytes('after the gap'))).offset, 10);
  assert.deepEqual(
    (await waiting).map(({ offset }) => offset),
    [10],
  );
  assert.deepEqual(
    (await readAll(log)).map(({ offset }) => offset),
    [0, 1, 2, 10],
  );
  await log.close();
  log = await place.open({ minimumEnd, tailBytesMax: 0 });
  assert.deepEqual(
    (await readAll(log)).map(({ offset }) => offset),
    [0, 1, 2, 10],
  );
  assert.deepEqual(
    (await readAll(log, 4)).map(({ offset }) => offset),
    [10],
  );
  await log.close();
});

test('one process, and one log in it, holds a directory', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const log = await place.open();
  await assert.rejects(place.open(), hasCode('failed_precondition', /another process/));
  await log.close();
  await (await place.open()).close();
});

test('a deleted log is another log', async (t) => {
  const place = logPlace();
  const log = await place.open();
  await log.append(0, bytes('x'));
  await log.close();
  place.remove();
  const again = await place.open();
  t.after(place.remove);
  assert.notEqual(again.id, log.id);
  assert.deepEqual(await again.bounds(0), { start: 0, end: 0 });
  await again.close();
});

test('a full queue and a full log refuse, and take records again once there is room', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  const metrics = createMetrics();
  const limits = { recordBytesMax: 1_000, queueBytesMax: 5_000, fileBytesMax: 4_000, diskBytesMax: 10_000 };
  const log = await place.open({ ...limits, metrics });
  const value = new Uint8Array(1_000);
  const settled = await Promise.allSettled(Array.from({ length: 8 }, () => log.append(0, value)));
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 4);
  const refused = settled.find((result) => result.status === 'rejected');
  assert.ok(hasCode('resource_exhausted', /queue/)(refused?.reason));
  let appended = 4;
  await assert.rejects(
    async () => {
      for (;;) {
        await log.append(0, value);
        appended++;
      }
    },
    hasCode('resource_exhausted', /log is full/),
  );
  await log.trim(0, appended);
  assert.equal((await log.append(0, value)).offset, appended);
  const scraped = await metrics.text();
  assert.match(scraped, /flamelake_profile_log_refusals_total\{full="queue"\} 4\n/);
  assert.match(scraped, /flamelake_profile_log_refusals_total\{full="log"\} 1\n/);
  assert.match(scraped, new RegExp(`flamelake_profile_log_records_total ${appended + 1}\n`));
  await log.close();
});

test('limits that do not fit together are refused', async (t) => {
  const place = logPlace();
  t.after(place.remove);
  await assert.rejects(place.open({ fileBytesMax: 100, diskBytesMax: 150 }), hasCode('invalid_argument'));
  await assert.rejects(place.open({ recordBytesMax: 100, queueBytesMax: 99 }), hasCode('invalid_argument'));
  await assert.rejects(place.open({ groupBytesMax: 2 ** 31 }), hasCode('invalid_argument'));
});
