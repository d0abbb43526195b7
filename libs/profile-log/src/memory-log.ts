/** A profile log in memory: for tests, and the model that other logs are compared with. */
import { type Clock, FlamelakeError, type LogRecord, type ProfileLog, type Random } from '@flamelake/model';
import { randomHex } from '@flamelake/runtime';
import { checkPartition, checkReadable, checkRecordSize, closedError } from './check-log.ts';
import { DurableSignal } from './durable-signal.ts';

export interface MemoryLogOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly partitionCount: number;
  /** Bytes kept of all partitions, 256 MiB by default; beyond it `resource_exhausted`. */
  readonly bytesMax?: number;
  /** 32 MiB by default. */
  readonly recordBytesMax?: number;
}

interface Partition {
  start: number;
  lastAppendMs: number;
  records: LogRecord[];
  readonly durable: DurableSignal;
}

/** Makes an empty log. Values are copied in and out. */
export function createMemoryLog(options: MemoryLogOptions): ProfileLog {
  const { clock, random, partitionCount, bytesMax = 268_435_456, recordBytesMax = 33_554_432 } = options;
  const partitions = Array.from(
    { length: partitionCount },
    (): Partition => ({ start: 0, lastAppendMs: 0, records: [], durable: new DurableSignal(clock) }),
  );
  let sizeBytes = 0;
  let isClosed = false;

  const find = (number: number): Partition => {
    if (isClosed) throw closedError();
    checkPartition(number, partitionCount);
    return partitions[number];
  };
  const endOf = (partition: Partition) => partition.start + partition.records.length;

  return {
    id: randomHex(random, 16),
    partitionCount,
    recordBytesMax,
    async append(number, value) {
      const partition = find(number);
      checkRecordSize(value, recordBytesMax);
      if (sizeBytes + value.length > bytesMax) {
        throw new FlamelakeError('resource_exhausted', 'profile log is full', { sizeBytes, limit: bytesMax });
      }
      const appendMs = Math.max(Math.floor(clock.nowMs()), partition.lastAppendMs);
      const offset = endOf(partition);
      partition.lastAppendMs = appendMs;
      partition.records.push({ offset, appendMs, value: value.slice() });
      sizeBytes += value.length;
      partition.durable.notify();
      return { offset, appendMs };
    },
    async read(number, fromOffset, { bytesMax: answerBytesMax, waitMs, signal }) {
      const partition = find(number);
      checkReadable(fromOffset, { start: partition.start, end: endOf(partition) });
      if (fromOffset === endOf(partition) && waitMs > 0) await partition.durable.wait(waitMs, signal);
      const records: LogRecord[] = [];
      let answerBytes = 0;
      for (let i = Math.max(0, fromOffset - partition.start); i < partition.records.length; i++) {
        const record = partition.records[i];
        answerBytes += record.value.length;
        if (answerBytes > answerBytesMax && records.length > 0) break;
        records.push({ ...record, value: record.value.slice() });
      }
      return records;
    },
    async bounds(number) {
      const partition = find(number);
      return { start: partition.start, end: endOf(partition) };
    },
    async trim(number, beforeOffset) {
      const partition = find(number);
      const gone = Math.min(Math.max(0, beforeOffset - partition.start), partition.records.length);
      for (const record of partition.records.slice(0, gone)) sizeBytes -= record.value.length;
      partition.records = partition.records.slice(gone);
      partition.start += gone;
    },
    async close() {
      isClosed = true;
      for (const partition of partitions) partition.durable.notify();
    },
  };
}
