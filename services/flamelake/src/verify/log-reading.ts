/** A profile log as a verification reads it: every partition from the first record it still holds. */
import { FlamelakeError, type LogRecord, type ProfileLog } from '@flamelake/model';

/** One partition of the log as it lay when it was found. */
export interface PartitionLog {
  readonly partition: number;
  /** First offset it held. */
  readonly start: number;
  /** Its records, in order; what is trimmed meanwhile is passed over, so offsets may jump. */
  records(): AsyncIterable<LogRecord>;
}

export interface LogReading {
  /** Incarnation of the log. */
  readonly id: string;
  readonly partitions: readonly PartitionLog[];
}

const READ = { bytesMax: 8_388_608, waitMs: 1_000 };
/** Reads in a row that may bring nothing though there is more to come. */
const EMPTY_READS_MAX = 30;

/** A log that processes share, up to the end it has now. */
export async function readSharedLog(log: ProfileLog): Promise<LogReading> {
  const numbers = Array.from({ length: log.partitionCount }, (_, i) => i);
  const partitions = await Promise.all(
    numbers.map(async (partition): Promise<PartitionLog> => {
      const { start, end } = await log.bounds(partition);
      return { partition, start, records: () => readRecords(log, partition, start, end) };
    }),
  );
  return { id: log.id, partitions };
}

async function* readRecords(log: ProfileLog, partition: number, start: number, end: number): AsyncGenerator<LogRecord> {
  let empty = 0;
  for (let offset = start; offset < end; ) {
    const records = await readFrom(log, partition, offset);
    if (records === 'trimmed') offset = Math.max(offset + 1, (await log.bounds(partition)).start);
    else if (records.length > 0) {
      empty = 0;
      for (const record of records) if (record.offset < end) yield record;
      offset = (records.at(-1)?.offset ?? offset) + 1;
    } else if (++empty > EMPTY_READS_MAX) {
      throw new FlamelakeError('unavailable', 'profile log does not give its records', { partition, offset, end });
    }
  }
}

async function readFrom(log: ProfileLog, partition: number, offset: number): Promise<readonly LogRecord[] | 'trimmed'> {
  try {
    return await log.read(partition, offset, READ);
  } catch (error) {
    if (error instanceof FlamelakeError && error.code === 'out_of_range') return 'trimmed';
    throw error;
  }
}
