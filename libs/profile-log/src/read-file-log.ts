/**
 * Reads a local profile log without opening it for writing: no lock is taken and nothing is changed, while a server may
 * append to it and trim it.
 */
import type { LogRecord } from '@flamelake/model';
import { type FileSystem, fileErrorCode, type OpenFile } from '@flamelake/runtime';
import { FrameReader } from './frame-reader.ts';
import { logError } from './log-error.ts';
import { findLogFiles, type LogFile } from './log-file.ts';
import { frameSeed, HEADER_BYTES } from './log-format.ts';
import { damagedRecord } from './read-files.ts';
import { scanTail } from './scan-tail.ts';

export interface FileLogPlace {
  readonly directory: string;
  readonly fileSystem: FileSystem;
}

/** A log as it lay on disk when it was found. */
export interface FileLogReading {
  /** Incarnation of the log. */
  readonly id: string;
  /** First offset it held. */
  readonly start: number;
  /**
   * Every record from `start` on, in order, up to the last whole one, which may not be acknowledged yet. What is trimmed
   * meanwhile is passed over, so offsets may jump.
   * @throws {FlamelakeError} `data_loss` when a record is damaged
   */
  records(): AsyncGenerator<LogRecord>;
}

/** Times the files are listed when a server removes some meanwhile. */
const ATTEMPTS_MAX = 10;

/**
 * Finds the log of a directory.
 * @returns undefined when there is none
 * @throws {FlamelakeError} `data_loss` when a file of it is damaged or missing
 */
export async function readFileLog(place: FileLogPlace): Promise<FileLogReading | undefined> {
  try {
    const files = await listFiles(place);
    const [first] = files;
    if (first === undefined) return undefined;
    return { id: first.header.logId, start: first.header.base, records: () => readRecords(place, files) };
  } catch (error) {
    throw logError(error, place.directory);
  }
}

/** The files of the log, listed again when one goes before its header is read; none when the directory is absent. */
async function listFiles({ directory, fileSystem }: FileLogPlace): Promise<LogFile[]> {
  if ((await fileSystem.stat(directory)) === undefined) return [];
  for (let attempt = 1; ; attempt++) {
    try {
      return await findLogFiles(fileSystem, directory);
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT' || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

async function* readRecords(place: FileLogPlace, files: readonly LogFile[]): AsyncGenerator<LogRecord> {
  try {
    for (const [i, file] of files.entries()) {
      const handle = await openIfThere(place.fileSystem, file.path);
      // Trimmed since it was found.
      if (handle === undefined) continue;
      try {
        yield* readFile(handle, file, files[i + 1]);
      } finally {
        await handle.close();
      }
    }
  } catch (error) {
    throw logError(error, place.directory);
  }
}

async function openIfThere(fileSystem: FileSystem, path: string): Promise<OpenFile | undefined> {
  try {
    return await fileSystem.open(path, 'read');
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Records of one file. The last file may end in a write that is under way, or was torn by a crash. */
async function* readFile(handle: OpenFile, file: LogFile, after: LogFile | undefined): AsyncGenerator<LogRecord> {
  const { base, logId } = file.header;
  const seed = frameSeed(logId);
  const reader = new FrameReader(handle, HEADER_BYTES, file.sizeBytes, seed);
  let next = base;
  for (;;) {
    const frame = await reader.next();
    if (frame === 'end' && (after === undefined || next === after.header.previousEnd)) return;
    if (typeof frame === 'string' || frame.offset !== next) {
      if (after !== undefined) throw damagedRecord(file, reader.position, next);
      // Tells damage from a torn end.
      await scanTail(handle, { name: file.path, sizeBytes: file.sizeBytes, base, seed, onFrame: () => {} });
      return;
    }
    yield { offset: frame.offset, appendMs: frame.appendMs, value: frame.value };
    next++;
  }
}
