/**
 * Batches profiles into log records, partition by partition. An idle partition writes at once; while a write is on its
 * way, what arrives gathers for the next record: the linger is the log's own latency, and none when there is no traffic.
 */
import type { ProfileRecord } from '@flamelake/formats';
import { type Appended, FlamelakeError, type ProfileLog } from '@flamelake/model';
import { recordBytesBound } from './record-bytes.ts';
import { splitToFit } from './split-to-fit.ts';

export interface RecordBatcher {
  /** Resolves when the profile is durable: one place, or several when it took more than one record. */
  append(partition: number, profile: ProfileRecord): Promise<readonly Appended[]>;
  /** The same for records encoded elsewhere, each written by itself. */
  appendEncoded(partition: number, records: readonly Uint8Array[]): Promise<readonly Appended[]>;
  /** Waits for everything handed over. */
  close(): Promise<void>;
}

export interface RecordBatcherOptions {
  readonly log: ProfileLog;
  /** Encodes the profiles of one record. */
  readonly encode: (profiles: readonly ProfileRecord[]) => Uint8Array;
  /** Called for each record written. */
  readonly observe?: (profiles: number, bytes: number) => void;
  /** The trace that a profile handed over now belongs to, if somebody records it; that of the first one goes with a record. */
  readonly traceparent?: () => string | undefined;
}

interface Pending {
  readonly profile: ProfileRecord;
  readonly bytesBound: number;
  readonly traceparent: string | undefined;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface Partition {
  readonly queue: Pending[];
  queueBytes: number;
  writes: number;
}

/** Writes of one partition on their way at once; more than one only when full records wait. */
const WRITES_MAX = 4;

export function createRecordBatcher({ log, encode, observe, traceparent }: RecordBatcherOptions): RecordBatcher {
  const partitions: Partition[] = Array.from({ length: log.partitionCount }, () => ({
    queue: [],
    queueBytes: 0,
    writes: 0,
  }));
  const idle = new Set<() => void>();
  let unsettled = 0;
  let isClosed = false;

  const settle = (count: number) => {
    unsettled -= count;
    if (unsettled === 0) for (const done of idle) done();
  };
  const settleBatch = (partition: Partition, number: number, batch: readonly Pending[]) => {
    partition.writes--;
    pump(partition, number);
    settle(batch.length);
  };
  const write = (partition: Partition, number: number, batch: readonly Pending[]) => {
    partition.writes++;
    let record: Uint8Array;
    try {
      record = encode(batch.map((pending) => pending.profile));
    } catch (error) {
      for (const pending of batch) pending.reject(error);
      settleBatch(partition, number, batch);
      return;
    }
    observe?.(batch.length, record.length);
    const trace = batch.find((pending) => pending.traceparent !== undefined)?.traceparent;
    log.append(number, record, trace).then(
      (appended) => {
        for (const pending of batch) pending.resolve(appended);
        settleBatch(partition, number, batch);
      },
      (error: unknown) => {
        for (const pending of batch) pending.reject(error);
        if (isForNow(error)) rejectWaiting(partition, error);
        settleBatch(partition, number, batch);
      },
    );
  };
  /** What has waited for a log that does not take it waits no longer: senders are told in the time of one append. */
  const rejectWaiting = (partition: Partition, error: unknown) => {
    const waiting = partition.queue.splice(0);
    partition.queueBytes = 0;
    for (const pending of waiting) pending.reject(error);
    settle(waiting.length);
  };
  const pump = (partition: Partition, number: number) => {
    const isFull = () => partition.queueBytes >= log.recordBytesMax;
    while (partition.queue.length > 0 && (partition.writes === 0 || (partition.writes < WRITES_MAX && isFull()))) {
      write(partition, number, takeBatch(partition, log.recordBytesMax));
    }
  };
  const enqueue = (number: number, profile: ProfileRecord): Promise<Appended> => {
    const partition = partitions[number];
    if (partition === undefined) throw new FlamelakeError('internal', 'partition is out of range', { number });
    unsettled++;
    return new Promise((resolve, reject) => {
      const bytesBound = recordBytesBound(profile);
      partition.queue.push({ profile, bytesBound, traceparent: traceparent?.(), resolve, reject });
      partition.queueBytes += bytesBound;
      // After the current task, so that the profiles of one request share a record.
      queueMicrotask(() => pump(partition, number));
    });
  };

  const checkOpen = () => {
    if (isClosed) throw new FlamelakeError('unavailable', 'distributor is shutting down');
  };

  return {
    async append(number, profile) {
      checkOpen();
      const parts = splitToFit(profile, log.recordBytesMax, encode);
      return Promise.all(parts.map((part) => enqueue(number, part)));
    },
    async appendEncoded(number, records) {
      checkOpen();
      unsettled += records.length;
      return Promise.all(
        records.map(async (record) => {
          try {
            observe?.(1, record.length);
            return await log.append(number, record, traceparent?.());
          } finally {
            settle(1);
          }
        }),
      );
    },
    async close() {
      isClosed = true;
      if (unsettled > 0) await new Promise<void>((resolve) => idle.add(resolve));
    },
  };
}

function isForNow(error: unknown): boolean {
  return error instanceof FlamelakeError && (error.code === 'unavailable' || error.code === 'resource_exhausted');
}

/** As many profiles as surely fit one record, at least one. */
function takeBatch(partition: Partition, bytesMax: number): Pending[] {
  let count = 0;
  let bytes = 0;
  for (const pending of partition.queue) {
    if (count > 0 && bytes + pending.bytesBound > bytesMax) break;
    bytes += pending.bytesBound;
    count++;
  }
  partition.queueBytes -= bytes;
  return partition.queue.splice(0, count);
}
