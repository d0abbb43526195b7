/** What every profile log must do. A driver's test calls this with ways to open the log. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FlamelakeError, type LogRecord, type ProfileLog } from '@flamelake/model';

export interface ProfileLogContract {
  /** Begins a new, empty log of `partitionCount` partitions. */
  readonly create: () => Promise<ProfileLog>;
  /** Opens the log created last again, after it was closed; left out by logs that nothing outlives. */
  readonly reopen?: () => Promise<ProfileLog>;
  readonly partitionCount: number;
  /** Why the contract cannot run here. */
  readonly skip?: string;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => Buffer.from(value).toString();
const hasCode = (code: string) => (error: unknown) => error instanceof FlamelakeError && error.code === code;
const NO_WAIT = { bytesMax: 1_048_576, waitMs: 0 };
/** Longer than any test: a read that waits must be woken. */
const WAIT_MS = 600_000;

/** Reads `count` records from an offset on, in as many reads as it takes. */
export async function readRecords(log: ProfileLog, from: number, count: number, partition = 0): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let next = from;
  while (records.length < count) {
    const page = await log.read(partition, next, { bytesMax: 65_536, waitMs: WAIT_MS });
    records.push(...page.map((record) => ({ ...record, value: record.value.slice() })));
    next = (page.at(-1)?.offset ?? next - 1) + 1;
  }
  return records;
}

export function profileLogContract(name: string, contract: ProfileLogContract): void {
  describe(`profile log contract: ${name}`, { skip: contract.skip ?? false }, () => {
    let log: ProfileLog;
    before(async () => {
      log = await contract.create();
    });
    after(() => log.close());

    test('a new log is empty and has an id of its own', async () => {
      assert.equal(log.partitionCount, contract.partitionCount);
      assert.ok(log.id.length > 0);
      for (let partition = 0; partition < log.partitionCount; partition++) {
        assert.deepEqual(await log.bounds(partition), { start: 0, end: 0 });
        assert.deepEqual(await log.read(partition, 0, NO_WAIT), []);
      }
    });

    test('records come back in order, with offsets from 0', async () => {
      for (let i = 0; i < 5; i++) assert.equal((await log.append(0, bytes(`record ${i}`))).offset, i);
      assert.deepEqual(await log.bounds(0), { start: 0, end: 5 });
      const records = await readRecords(log, 0, 5);
      assert.deepEqual(
        records.map(({ offset, value }) => [offset, text(value)]),
        [0, 1, 2, 3, 4].map((i) => [i, `record ${i}`]),
      );
      assert.deepEqual(
        (await readRecords(log, 3, 2)).map(({ offset }) => offset),
        [3, 4],
      );
    });

    test('appends that come together get an offset each, and each reads back under it', async () => {
      const { end } = await log.bounds(0);
      const appended = await Promise.all(Array.from({ length: 200 }, (_, i) => log.append(0, bytes(`together ${i}`))));
      const offsets = appended.map(({ offset }) => offset).sort((a, b) => a - b);
      assert.deepEqual(
        offsets,
        Array.from({ length: 200 }, (_, i) => end + i),
      );
      const byOffset = new Map((await readRecords(log, end, 200)).map((record) => [record.offset, record]));
      for (const [i, { offset, appendMs }] of appended.entries()) {
        assert.equal(text(byOffset.get(offset)?.value ?? bytes('')), `together ${i}`);
        assert.equal(byOffset.get(offset)?.appendMs, appendMs);
      }
    });

    test('append times never decrease', async () => {
      const { end } = await log.bounds(0);
      const times = (await readRecords(log, 0, end)).map(({ appendMs }) => appendMs);
      for (let i = 1; i < times.length; i++) assert.ok((times[i] ?? 0) >= (times[i - 1] ?? 0));
    });

    test('a read answers at least one record and no more than asked for beyond it', async () => {
      const { offset } = await log.append(0, new Uint8Array(1_000).fill(1));
      for (let i = 0; i < 4; i++) await log.append(0, new Uint8Array(1_000).fill(2));
      assert.equal((await log.read(0, offset, { bytesMax: 1, waitMs: WAIT_MS })).length, 1);
      assert.ok((await log.read(0, offset, { bytesMax: 2_500, waitMs: WAIT_MS })).length <= 2);
    });

    test('an empty value and one of the largest size are records', async () => {
      const empty = await log.append(0, new Uint8Array(0));
      assert.equal((await readRecords(log, empty.offset, 1))[0]?.value.length, 0);
      const size = Math.min(log.recordBytesMax, 4_194_304);
      const body = new Uint8Array(size).map((_, i) => i ^ (i >>> 9));
      const large = await log.append(0, body);
      const [record] = await readRecords(log, large.offset, 1);
      assert.equal(Buffer.compare(record?.value ?? bytes(''), body), 0);
      const tooLarge = new Uint8Array(log.recordBytesMax + 1);
      await assert.rejects(log.append(0, tooLarge), hasCode('invalid_argument'));
    });

    test('a waiting read wakes at an append, ends at an abort, and not before', async () => {
      const { end } = await log.bounds(0);
      const woken = log.read(0, end, { bytesMax: 1_000, waitMs: WAIT_MS });
      await log.append(0, bytes('wake'));
      const records = await woken;
      assert.equal(text(records[0]?.value ?? bytes('')), 'wake');
      const abort = new AbortController();
      const canceled = log.read(0, end + 1, { bytesMax: 1_000, waitMs: WAIT_MS, signal: abort.signal });
      abort.abort();
      assert.deepEqual(await canceled, []);
    });

    test('offsets beyond the log are out of range', async () => {
      const { end } = await log.bounds(0);
      for (const offset of [end + 1, -1, 0.5]) {
        await assert.rejects(log.read(0, offset, NO_WAIT), hasCode('out_of_range'), String(offset));
      }
    });

    test('partitions are apart, and there are no others', async () => {
      for (const partition of [-1, log.partitionCount, 0.5]) {
        await assert.rejects(log.append(partition, bytes('')), hasCode('invalid_argument'));
      }
      if (log.partitionCount === 1) return;
      const last = log.partitionCount - 1;
      assert.equal((await log.append(last, bytes('other'))).offset, 0);
      assert.equal(text((await readRecords(log, 0, 1, last))[0]?.value ?? bytes('')), 'other');
    });

    test('trimming keeps what it was not told to forget', async () => {
      const { end } = await log.bounds(0);
      await log.trim(0, end - 2);
      const { start } = await log.bounds(0);
      assert.ok(start <= end - 2);
      assert.deepEqual(
        (await readRecords(log, end - 2, 2)).map(({ offset }) => offset),
        [end - 2, end - 1],
      );
      if (start > 0) await assert.rejects(log.read(0, start - 1, NO_WAIT), hasCode('out_of_range'));
      assert.equal((await log.append(0, bytes('after trim'))).offset, end);
    });

    test('an append under way at close is kept or refused; a closed log refuses', async () => {
      const closing = await contract.create();
      const waiting = closing.read(0, 0, { bytesMax: 1_000, waitMs: WAIT_MS });
      const settled = Promise.allSettled([closing.append(0, bytes('last')), waiting]);
      await closing.close();
      const [append] = await settled;
      await assert.rejects(closing.append(0, bytes('late')), hasCode('failed_precondition'));
      await assert.rejects(closing.read(0, 0, NO_WAIT), hasCode('failed_precondition'));
      await closing.close();
      if (contract.reopen === undefined) return;
      const again = await contract.reopen();
      if (append.status === 'fulfilled')
        assert.equal(text((await readRecords(again, 0, 1))[0]?.value ?? bytes('')), 'last');
      await again.close();
    });

    const { reopen } = contract;
    if (reopen !== undefined)
      test('a log outlives its process', async () => {
        const first = await contract.create();
        for (let i = 0; i < 20; i++) await first.append(0, bytes(`kept ${i}`));
        const { id } = first;
        await first.close();
        const second = await reopen();
        assert.equal(second.id, id);
        assert.deepEqual(await second.bounds(0), { start: 0, end: 20 });
        const records = await readRecords(second, 0, 20);
        assert.deepEqual(
          records.map(({ value }) => text(value)),
          Array.from({ length: 20 }, (_, i) => `kept ${i}`),
        );
        assert.equal((await second.append(0, bytes('more'))).offset, 20);
        await second.close();
      });

    test('a log made anew has another id', async () => {
      const other = await contract.create();
      assert.notEqual(other.id, log.id);
      await other.close();
    });
  });
}
