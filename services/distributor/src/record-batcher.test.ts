import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import { createMemoryLog } from '@flamelake/profile-log';
import { systemClock } from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { createRecordBatcher } from './record-batcher.ts';

const random = createSeededRandom('record batcher');
const profile = () => randomProfileRecord(random, { groupsMax: 4 });

/** Names each profile of a record, and pads each to a size: enough to follow where profiles went. */
function encodeNames(bytesEach: number) {
  return (profiles: readonly ProfileRecord[]): Uint8Array => {
    const names = profiles.map(({ identity, groups }) => `${hex(identity)}/${groups.length}`).join(' ');
    return Buffer.from(names.padEnd(profiles.length * bytesEach));
  };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A log whose appends wait for `open`. */
function gatedLog(recordBytesMax: number) {
  const log = createMemoryLog({ clock: systemClock, random, partitionCount: 2, recordBytesMax });
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gated: ProfileLog = {
    ...log,
    async append(partition, value) {
      await gate;
      return log.append(partition, value);
    },
  };
  return { log: gated, open };
}

async function recordsOf(log: ProfileLog, partition: number): Promise<string[][]> {
  const records = await log.read(partition, 0, { bytesMax: 1e9, waitMs: 0 });
  return records.map(({ value }) => Buffer.from(value).toString().trim().split(' '));
}

test('an idle partition writes at once; what comes meanwhile shares the next record', async () => {
  const { log, open } = gatedLog(1e6);
  const batcher = createRecordBatcher({ log, encode: encodeNames(0) });
  const appends = [batcher.append(0, profile())];
  await Promise.resolve();
  await Promise.resolve();
  for (let i = 0; i < 5; i++) appends.push(batcher.append(0, profile()));
  appends.push(batcher.append(1, profile()));
  open();
  const places = (await Promise.all(appends)).map((appended) => appended.map(({ offset }) => offset));
  assert.deepEqual(places, [[0], [1], [1], [1], [1], [1], [0]]);
  assert.deepEqual(
    (await recordsOf(log, 0)).map((names) => names.length),
    [1, 5],
  );
});

test('profiles handed over in one task share a record', async () => {
  const { log, open } = gatedLog(1e6);
  open();
  const batcher = createRecordBatcher({ log, encode: encodeNames(0) });
  await Promise.all([profile(), profile(), profile()].map((one) => batcher.append(0, one)));
  assert.equal((await recordsOf(log, 0)).length, 1);
});

test('a record never holds more than surely fits, and full records do not wait for each other', async () => {
  const { log, open } = gatedLog(16_384);
  const sizes: number[] = [];
  const batcher = createRecordBatcher({ log, encode: encodeNames(1_000), observe: (count) => sizes.push(count) });
  const appends = Array.from({ length: 60 }, () => batcher.append(0, profile()));
  open();
  await Promise.all(appends);
  assert.equal(
    sizes.reduce((sum, count) => sum + count, 0),
    60,
  );
  assert(Math.max(...sizes) <= 16, sizes.join());
  assert(Math.max(...sizes) > 1, sizes.join());
});

test('a profile that does not fit is split by label sets, each part with an identity of its own', async () => {
  const log = createMemoryLog({ clock: systemClock, random, partitionCount: 1, recordBytesMax: 2_000 });
  const big = { ...profile() };
  const group = big.groups[0];
  assert(group !== undefined);
  const groups = Array.from({ length: 5 }, () => group);
  const encode = (profiles: readonly ProfileRecord[]) =>
    Buffer.from(
      encodeNames(0)(profiles)
        .toString()
        .padEnd(600 * (profiles[0]?.groups.length ?? 0)),
    );
  const batcher = createRecordBatcher({ log, encode });
  const places = await batcher.append(0, { ...big, groups });
  const parts = (await recordsOf(log, 0)).map(([name]) => (name ?? '').split('/') as [string, string]);
  assert.equal(places.length, parts.length);
  assert.equal(
    parts.reduce((sum, [, count]) => sum + Number(count), 0),
    5,
  );
  assert.equal(new Set(parts.map(([identity]) => identity)).size, parts.length);
  assert(parts.every(([identity]) => identity !== hex(big.identity)));
  await batcher.append(0, { ...big, groups });
  const again = (await recordsOf(log, 0)).slice(parts.length).map(([name]) => (name ?? '').split('/'));
  assert.deepEqual(again, parts, 'a resend is split the same way');
});

test('one label set beyond the record size is refused with the limit', async () => {
  const log = createMemoryLog({ clock: systemClock, random, partitionCount: 1, recordBytesMax: 500 });
  const batcher = createRecordBatcher({ log, encode: () => new Uint8Array(501) });
  await assert.rejects(batcher.append(0, { ...profile(), groups: profile().groups.slice(0, 1) }), (error) => {
    assert(error instanceof FlamelakeError);
    assert.deepEqual(
      [error.details.reason, error.details.limitBytes, error.details.bytes],
      ['record_size_limit', 500, 501],
    );
    return true;
  });
});

test('a failed append fails its profiles alone, later ones are written', async () => {
  const log = createMemoryLog({ clock: systemClock, random, partitionCount: 1 });
  let isDown = true;
  const flaky: ProfileLog = {
    ...log,
    append: (partition, value) =>
      isDown ? Promise.reject(new FlamelakeError('unavailable', 'log is down')) : log.append(partition, value),
  };
  const batcher = createRecordBatcher({ log: flaky, encode: encodeNames(0) });
  await assert.rejects(batcher.append(0, profile()), { code: 'unavailable' });
  isDown = false;
  assert.equal((await batcher.append(0, profile())).length, 1);
  await batcher.close();
  await assert.rejects(batcher.append(0, profile()), { code: 'unavailable' });
});

test('closing waits for writes under way', async () => {
  const { log, open } = gatedLog(1e6);
  const batcher = createRecordBatcher({ log, encode: encodeNames(0) });
  let isClosed = false;
  const append = batcher.append(0, profile());
  const closed = batcher.close().then(() => {
    isClosed = true;
  });
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assert.equal(isClosed, false);
  open();
  await closed;
  assert.equal((await recordsOf(log, 0)).length, 1);
  await append;
});

test('what waits behind a write that the log does not take is refused with it, and the next is tried', async () => {
  const { log, open } = gatedLog(1e6);
  let isDown = true;
  const down = new FlamelakeError('unavailable', 'log does not answer');
  const append: ProfileLog['append'] = async (partition, value) => {
    const appended = await log.append(partition, value);
    if (isDown) throw down;
    return appended;
  };
  const batcher = createRecordBatcher({ log: { ...log, append }, encode: encodeNames(0) });
  const first = batcher.append(0, profile());
  await Promise.resolve();
  await Promise.resolve();
  const waiting = [batcher.append(0, profile()), batcher.append(0, profile())];
  open();
  for (const outcome of await Promise.allSettled([first, ...waiting])) {
    assert.equal(outcome.status === 'rejected' && outcome.reason, down);
  }
  assert.equal((await recordsOf(log, 0)).length, 1, 'nobody wrote again what was refused');
  isDown = false;
  assert.equal((await batcher.append(0, profile())).length, 1);
  await batcher.close();
});
