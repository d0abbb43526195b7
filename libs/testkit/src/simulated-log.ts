/**
 * A profile log that fails as real ones do: an append may be durable although its answer was lost, the log may be made anew, lose its
 * tail, or hold records nobody can decode.
 */
import { type Appended, FlamelakeError, type LogRecord, type ProfileLog } from '@flamelake/model';
import type { SimulatedProcess, Simulation, StepRequest } from './simulation-types.ts';

/** Probabilities by append. */
export interface LogFaults {
  readonly refused: number;
  readonly answerLost: number;
}

export const NO_LOG_FAULTS: LogFaults = { refused: 0, answerLost: 0 };

/** A record as the log keeps it. */
export interface StoredRecord {
  readonly offset: number;
  readonly appendMs: number;
  readonly value: Uint8Array;
}

export interface SimulatedLog {
  /** The log as one process reaches it. */
  view(process: SimulatedProcess): ProfileLog;
  faults: LogFaults;
  readonly id: string;
  /** What the partition holds. */
  records(partition: number): readonly StoredRecord[];
  /** Appends at once, without fault; any bytes. */
  append(partition: number, value: Uint8Array): StoredRecord;
  /** A log of a new incarnation takes its place, empty; whoever has the old one open hears `failed_precondition`. */
  recreate(): void;
  /** Forgets records from that offset on, acknowledged or not. */
  loseTail(partition: number, fromOffset: number): void;
  /** Loses a run of records in the middle: readers meet a gap. */
  loseRange(partition: number, fromOffset: number, untilOffset: number): void;
}

/** @param skewMs - how far the log's clock is ahead of true time */
export function createSimulatedLog(
  simulation: Simulation,
  options: { partitionCount?: number; faults?: LogFaults; skewMs?: number; recordBytesMax?: number } = {},
): SimulatedLog {
  const { partitionCount = 1, skewMs = 0, recordBytesMax = 1_048_576 } = options;
  const random = simulation.random.fork('log');
  const newId = () => Buffer.from(random.bytes(16)).toString('hex');
  interface Partition {
    start: number;
    end: number;
    lastAppendMs: number;
    records: StoredRecord[];
  }
  const newPartitions = (): Partition[] =>
    Array.from({ length: partitionCount }, () => ({ start: 0, end: 0, lastAppendMs: 0, records: [] }));
  let id = newId();
  let partitions = newPartitions();

  function at(partition: number): Partition {
    const found = partitions[partition];
    if (found === undefined) throw new FlamelakeError('invalid_argument', 'no such partition', { partition });
    return found;
  }

  function append(partition: number, value: Uint8Array): StoredRecord {
    const target = at(partition);
    target.lastAppendMs = Math.max(target.lastAppendMs, simulation.nowMs() + skewMs);
    const record = { offset: target.end, appendMs: target.lastAppendMs, value: value.slice() };
    target.records.push(record);
    target.end++;
    return record;
  }

  function appendWithFaults(partition: number, value: Uint8Array): Appended {
    if (value.length > recordBytesMax) {
      throw new FlamelakeError('resource_exhausted', 'record is too large', { sizeBytes: value.length });
    }
    const { refused, answerLost } = simulated.faults;
    const fate =
      refused + answerLost === 0
        ? 0
        : simulation.choices.choose('fault', [1 - refused - answerLost, refused, answerLost]);
    if (fate === 1) throw noAnswer();
    const { offset, appendMs } = append(partition, value);
    if (fate === 2) throw noAnswer();
    return { offset, appendMs };
  }

  function read(partition: number, fromOffset: number, bytesMax: number): readonly LogRecord[] {
    const { start, end, records } = at(partition);
    if (fromOffset < start || fromOffset > end) {
      throw new FlamelakeError('out_of_range', 'offset is not in the log', { fromOffset, start, end });
    }
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      if (record.offset < fromOffset) continue;
      bytes += record.value.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push({ ...record, value: record.value.slice() });
    }
    return found;
  }

  function view(process: SimulatedProcess): ProfileLog {
    const openedId = id;
    const checkIncarnation = () => {
      if (openedId !== id) throw new FlamelakeError('failed_precondition', 'profile log was made anew');
    };
    const ask = <T>(step: StepRequest<T>) =>
      process.request({
        ...step,
        effect: () => {
          checkIncarnation();
          return step.effect();
        },
      });
    return {
      id: openedId,
      partitionCount,
      recordBytesMax,
      append: (partition, value) =>
        ask({
          label: `append to ${partition}`,
          outlivesProcess: true,
          touches: [{ thing: 'log', writes: true }],
          effect: () => appendWithFaults(partition, value),
        }),
      read: (partition, fromOffset, { bytesMax, waitMs }) =>
        ask({
          label: `read log ${partition} from ${fromOffset}`,
          dueMs: simulation.nowMs() + waitMs,
          isReady: () => openedId !== id || at(partition).end !== fromOffset,
          touches: [{ thing: 'log', writes: false }],
          effect: () => read(partition, fromOffset, bytesMax),
        }),
      bounds: (partition) =>
        ask({
          label: `ask the bounds of log ${partition}`,
          touches: [{ thing: 'log', writes: false }],
          effect: () => {
            const { start, end } = at(partition);
            return { start, end };
          },
        }),
      trim: (partition, beforeOffset) =>
        ask({
          label: `trim log ${partition} to ${beforeOffset}`,
          // What is forgotten already is forgotten in any order.
          touches: beforeOffset <= at(partition).start ? [] : [{ thing: 'log', writes: true }],
          effect: () => {
            const target = at(partition);
            target.start = Math.max(target.start, Math.min(beforeOffset, target.end));
            target.records = target.records.filter((record) => record.offset >= target.start);
          },
        }),
      close: () => Promise.resolve(),
    };
  }

  const simulated: SimulatedLog = {
    view,
    faults: options.faults ?? NO_LOG_FAULTS,
    get id() {
      return id;
    },
    records: (partition) => at(partition).records,
    append,
    recreate() {
      id = newId();
      partitions = newPartitions();
    },
    loseTail(partition, fromOffset) {
      const target = at(partition);
      target.records = target.records.filter((record) => record.offset < fromOffset);
      target.end = Math.min(target.end, fromOffset);
    },
    loseRange(partition, fromOffset, untilOffset) {
      const target = at(partition);
      target.records = target.records.filter(({ offset }) => offset < fromOffset || offset >= untilOffset);
    },
  };
  return simulated;
}

function noAnswer(): FlamelakeError {
  return new FlamelakeError('unavailable', 'profile log did not answer');
}
