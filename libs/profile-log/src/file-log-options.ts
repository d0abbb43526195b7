/** Options of a local profile log, and their defaults. */
import { type Clock, FlamelakeError, type Random } from '@flamelake/model';
import type { FileSystem, Logger, Metrics } from '@flamelake/runtime';
import { VALUE_BYTES_LIMIT } from './log-format.ts';

export interface FileLogOptions {
  /** Made when absent; held by one process at a time. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Called once when a sync or a write failed in a way that leaves unknown what the disk holds: the kernel may have
   * dropped the pages. The process must end; the log accepts nothing any more.
   */
  readonly onFatal: (error: unknown) => void;
  /**
   * End of the log's chain of segments: the log never begins below it. After a crash that took acknowledged records
   * with it, the offsets up to there stay a gap and are never given again. Asked once, at opening.
   */
  readonly minimumEnd?: (logId: string) => Promise<number>;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Largest record; 32 MiB by default. */
  readonly recordBytesMax?: number;
  /** Bytes waiting to be written; 64 MiB by default. Beyond it appends are refused with `resource_exhausted`. */
  readonly queueBytesMax?: number;
  /** Bytes written by one write and made durable by one sync, 8 MiB by default; a larger record makes a group alone. */
  readonly groupBytesMax?: number;
  /** Size at which a new file is begun; 64 MiB by default, or a quarter of `diskBytesMax` if that is less. */
  readonly fileBytesMax?: number;
  /** Bytes on disk; 4 GiB by default. Beyond it appends are refused with `resource_exhausted`. */
  readonly diskBytesMax?: number;
  /** Memory for the last records, 16 MiB by default, so that readers that keep up never read the disk. */
  readonly tailBytesMax?: number;
}

/** Sizes with the defaults filled in. */
export interface FileLogLimits {
  readonly recordBytesMax: number;
  readonly queueBytesMax: number;
  readonly groupBytesMax: number;
  readonly fileBytesMax: number;
  readonly diskBytesMax: number;
  readonly tailBytesMax: number;
}

const MIB = 1_048_576;
/** Largest `fileBytesMax` and `groupBytesMax`. */
const FILE_BYTES_LIMIT = 1_024 * MIB;

/** @throws {FlamelakeError} `invalid_argument` when the limits do not fit together */
export function fileLogLimits(options: FileLogOptions): FileLogLimits {
  const diskBytesMax = options.diskBytesMax ?? 4_096 * MIB;
  const limits = {
    recordBytesMax: options.recordBytesMax ?? 32 * MIB,
    queueBytesMax: options.queueBytesMax ?? 64 * MIB,
    groupBytesMax: options.groupBytesMax ?? 8 * MIB,
    fileBytesMax: options.fileBytesMax ?? Math.min(64 * MIB, Math.floor(diskBytesMax / 4)),
    diskBytesMax,
    tailBytesMax: options.tailBytesMax ?? 16 * MIB,
  };
  const { recordBytesMax, queueBytesMax, fileBytesMax } = limits;
  if (recordBytesMax > Math.min(queueBytesMax, VALUE_BYTES_LIMIT)) {
    throw new FlamelakeError('invalid_argument', 'largest record must fit the queue of the profile log', {
      recordBytesMax,
      queueBytesMax,
    });
  }
  // A file grows over its limit by one group at most, and its size is kept in 32 bits.
  if (Math.max(fileBytesMax, limits.groupBytesMax) > FILE_BYTES_LIMIT) {
    throw new FlamelakeError('invalid_argument', 'files and groups of the profile log are limited', {
      fileBytesMax,
      groupBytesMax: limits.groupBytesMax,
      limit: FILE_BYTES_LIMIT,
    });
  }
  // Only whole files are trimmed: a log of one file could never be emptied.
  if (fileBytesMax * 2 > diskBytesMax) {
    throw new FlamelakeError('invalid_argument', 'profile log must have room for two files', {
      fileBytesMax,
      diskBytesMax,
    });
  }
  return limits;
}
