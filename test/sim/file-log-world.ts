/**
 * The real local log over a file system that forgets: appenders and a reader, killed or cut from power at any moment and started again.
 * What they were told must stay true.
 */
import assert from 'node:assert/strict';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import { openFileLog } from '@flamelake/profile-log';
import { createLossyFileSystem, createSimulation, type SimulatedProcess } from '@flamelake/testkit';

export interface FileLogRun {
  /** How often the process ended. */
  readonly lives: number;
  readonly acknowledged: number;
  readonly read: number;
  /** How often a sync failed. */
  readonly fatal: number;
}

const DIRECTORY = '/data/log';

/**
 * Runs one seed to its end; throws an AssertionError on a broken promise.
 * @param restartsAfterFailedSync - the log is opened again on a page cache that a failed sync has left in doubt, without a power cut
 */
export async function runFileLog(seed: number, restartsAfterFailedSync = false): Promise<FileLogRun> {
  const simulation = createSimulation(seed, { stepMsMax: 5 });
  const { random } = simulation;
  const disk = createLossyFileSystem(`${seed}/disk`, simulation.nowMs);
  /** What was promised: by an acknowledgement, or by having been shown to a reader. */
  const promised = new Map<number, { appendMs: number; value: string }>();
  const sent = new Set<string>();
  let logId: string | undefined;
  let trimmedBelow = 0;
  const counts = { lives: 0, acknowledged: 0, read: 0, fatal: 0 };

  function promise(offset: number, appendMs: number, value: string, how: string): void {
    const before = promised.get(offset);
    assert.ok(sent.has(value), `${how}: offset ${offset} holds what nobody appended`);
    if (before !== undefined) assert.deepEqual({ appendMs, value }, before, `${how}: offset ${offset} has changed`);
    promised.set(offset, { appendMs, value });
  }

  function checkIdentity(log: ProfileLog): void {
    if (promised.size > 0) assert.equal(log.id, logId, 'the log has forgotten who it is');
    logId = log.id;
  }

  async function append(log: ProfileLog, life: number, appender: number): Promise<void> {
    for (let i = 0; ; i++) {
      const value = `${life}/${appender}/${i}/${'x'.repeat(random.integer(300))}`;
      sent.add(value);
      const { offset, appendMs } = await log.append(0, Buffer.from(value));
      checkIdentity(log);
      promise(offset, appendMs, value, 'acknowledged');
      counts.acknowledged++;
    }
  }

  /** Reads all there is, again and again, and looks for every promise kept so far. */
  async function readAll(log: ProfileLog): Promise<void> {
    const { start, end } = await log.bounds(0);
    assert.ok(start <= trimmedBelow, `the log begins at ${start} and was trimmed to ${trimmedBelow}`);
    const expected = [...promised.keys()].filter((offset) => offset >= start);
    assert.ok(end > Math.max(-1, ...expected), `the log ends at ${end} below a promised offset`);
    const seen = new Map<number, string>();
    let lastAppendMs = 0;
    for (let offset = start; offset < end; ) {
      const records = await log.read(0, offset, { bytesMax: 500, waitMs: 0 });
      assert.ok(records.length > 0, `nothing at ${offset} of [${start}, ${end})`);
      for (const record of records) {
        assert.ok(record.offset >= offset, 'offsets go back');
        assert.ok(record.appendMs >= lastAppendMs, 'append time goes back');
        lastAppendMs = record.appendMs;
        const value = Buffer.from(record.value).toString();
        promise(record.offset, record.appendMs, value, 'read');
        seen.set(record.offset, value);
        offset = record.offset + 1;
        counts.read++;
      }
    }
    for (const offset of expected) assert.ok(seen.has(offset), `LOST: promised offset ${offset} is not in the log`);
  }

  async function trimSome(log: ProfileLog): Promise<void> {
    const { start, end } = await log.bounds(0);
    trimmedBelow = Math.max(trimmedBelow, start + random.integer(end - start + 1));
    await log.trim(0, trimmedBelow);
  }

  async function live(process: SimulatedProcess, life: number): Promise<void> {
    const log = await openFileLog({
      directory: DIRECTORY,
      fileSystem: disk.mount(process),
      clock: process.clock,
      random: process.random,
      onFatal: () => {
        counts.fatal++;
        process.crash();
      },
      fileBytesMax: 1_200,
      diskBytesMax: 1_000_000,
      groupBytesMax: 700,
      tailBytesMax: 900,
    });
    checkIdentity(log);
    await readAll(log);
    for (let appender = 0; appender < 3; appender++) process.spawn(() => append(log, life, appender));
    for (;;) {
      await process.clock.sleep(random.integer(200));
      if (random.chance(0.1)) await trimSome(log);
      await readAll(log);
    }
  }

  const lives = 4 + random.integer(6);
  for (let life = 0; life < lives; life++) {
    counts.lives++;
    const process = simulation.process(`life ${life}`);
    process.spawn(() => live(process, life));
    const hasEnded = () => process.failures.length > 0 || process.isCrashed;
    await simulation.run(hasEnded, { stepsMax: 5 + random.integer(200) });
    if (random.chance(0.15)) {
      disk.failNextSync();
      await simulation.run(hasEnded, { stepsMax: 50 });
    }
    const [failure] = process.failures;
    // A sync that fails while the log is opened ends the process as well.
    if (failure !== undefined && !isSyncFailure(failure)) throw failure;
    const mustCut = !restartsAfterFailedSync && (failure !== undefined || process.isCrashed);
    process.crash();
    // After a failed sync the page cache may hold what the disk does not, and only a power cut tells.
    if (mustCut || random.chance(0.6)) disk.crash();
    else disk.kill();
  }
  return counts;
}

function isSyncFailure(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'unavailable';
}
