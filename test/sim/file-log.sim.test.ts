import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFileLog } from '@flamelake/profile-log';
import { createLossyFileSystem, createSeededRandom, createSimulation } from '@flamelake/testkit';
import { runFileLog } from './file-log-world.ts';

const SEEDS = 100;

test(`the local log keeps its promises through kills and power cuts, ${SEEDS} seeds`, async () => {
  const sum = { lives: 0, acknowledged: 0, read: 0, fatal: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const counts = await runFileLog(seed).catch((cause: unknown) => {
      throw new Error(`seed ${seed}; replay: make soak SEED=${seed} KIND=log`, { cause });
    });
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
  }
  assert.ok(sum.lives > SEEDS * 4 && sum.acknowledged > SEEDS * 10 && sum.fatal > SEEDS / 10, JSON.stringify(sum));
});

test('after a failed sync the log is opened on a page cache in doubt: what it then promises survives a power cut', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await runFileLog(seed, true).catch((cause: unknown) => {
      throw new Error(`seed ${seed}; replay: make soak SEED=${seed} KIND=failed-sync`, { cause });
    });
  }
});

/** A log with some acknowledged records, and the machine it is on. */
async function logWith(records: number) {
  const simulation = createSimulation(1);
  const process = simulation.process('p');
  const disk = createLossyFileSystem(1);
  const options = (minimumEnd?: number) => ({
    directory: '/log',
    fileSystem: disk.mount(),
    clock: process.clock,
    random: createSeededRandom(1),
    onFatal: (error: unknown) => assert.fail(String(error)),
    ...(minimumEnd === undefined ? {} : { minimumEnd: () => Promise.resolve(minimumEnd) }),
  });
  const log = await openFileLog(options());
  for (let i = 0; i < records; i++) await log.append(0, Buffer.from(`record ${i}`));
  const { id } = log;
  await log.close();
  return { disk, options, id, path: `/log/${'0'.padStart(20, '0')}.log` };
}

test('torn tail below an acknowledged record: the log refuses to open rather than forget', async () => {
  const { disk, options, path } = await logWith(5);
  const file = await disk.mount().open(path, 'write');
  // The third of five records: what follows it proves that it was durable.
  await file.write(new Uint8Array(8), 64 + 2 * (32 + 8) + 34);
  await assert.rejects(openFileLog(options()), { code: 'data_loss' });
});

test('torn tail: a half-written last record is cut off, and its offset given again', async () => {
  const { disk, options, path } = await logWith(5);
  const files = disk.mount();
  const file = await files.open(path, 'write');
  await file.truncate((await file.stat()).sizeBytes - 3);
  const log = await openFileLog(options());
  assert.deepEqual(await log.bounds(0), { start: 0, end: 4 });
  assert.equal((await log.append(0, Buffer.from('again'))).offset, 4);
});

test("log shorter than its chain: offsets up to the chain's end stay a gap and are never given again", async () => {
  const { disk, options, path, id } = await logWith(5);
  const file = await disk.mount().open(path, 'write');
  await file.truncate(64 + 2 * (32 + 8));
  const log = await openFileLog(options(7));
  assert.equal(log.id, id);
  assert.equal((await log.append(0, Buffer.from('new'))).offset, 7);
  const before = await log.read(0, 0, { bytesMax: 1_000, waitMs: 0 });
  assert.deepEqual(
    before.map(({ offset }) => offset),
    [0, 1],
  );
  const after = await log.read(0, 2, { bytesMax: 1_000, waitMs: 0 });
  assert.deepEqual(
    after.map(({ offset }) => offset),
    [7],
  );
});
