/** Reads records back from a log's files. */
import { FlamelakeError, type LogRecord } from '@flamelake/model';
import type { FileSystem } from '@flamelake/runtime';
import { FrameReader } from './frame-reader.ts';
import { type LogFile, markedPosition, markFrame } from './log-file.ts';
import { DAMAGE_ADVICE } from './scan-tail.ts';

export interface FilesRead {
  /** All files of the log, in order, none of them empty of meaning: the first begins at or before `fromOffset`. */
  readonly files: readonly LogFile[];
  readonly fromOffset: number;
  readonly bytesMax: number;
  readonly seed: number;
}

/**
 * Records from an offset on, at least one when there is one, of one file: the next read goes on in the next file.
 * @throws {FlamelakeError} `data_loss` when a record is damaged
 */
export async function readFiles(fileSystem: FileSystem, read: FilesRead): Promise<LogRecord[]> {
  let index = read.files.findLastIndex((file) => file.header.base <= read.fromOffset);
  for (; index < read.files.length; index++) {
    const file = read.files[index];
    const records = await readFile(fileSystem, file, read, read.files[index + 1]?.header.previousEnd);
    if (records.length > 0) return records;
  }
  return [];
}

async function readFile(
  fileSystem: FileSystem,
  file: LogFile,
  read: FilesRead,
  expectedEnd: number | undefined,
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const handle = await fileSystem.open(file.path, 'read');
  try {
    const reader = new FrameReader(handle, markedPosition(file, read.fromOffset), file.sizeBytes, read.seed);
    let sizeBytes = 0;
    let next: number | undefined;
    for (;;) {
      const frame = await reader.next();
      if (frame === 'end' && (expectedEnd === undefined || (next ?? file.header.base) === expectedEnd)) break;
      if (frame === 'damaged' || frame === 'end' || (next !== undefined && frame.offset !== next)) {
        throw damagedRecord(file, reader.position, next ?? read.fromOffset);
      }
      next = frame.offset + 1;
      markFrame(file, frame.offset, frame.position);
      if (frame.offset < read.fromOffset) continue;
      sizeBytes += frame.value.length;
      if (sizeBytes > read.bytesMax && records.length > 0) break;
      records.push({ offset: frame.offset, appendMs: frame.appendMs, value: frame.value });
    }
  } finally {
    await handle.close();
  }
  return records;
}

export function damagedRecord(file: LogFile, position: number, offset: number): FlamelakeError {
  return new FlamelakeError('data_loss', 'record of the profile log is damaged', {
    file: file.path,
    position,
    offset,
    advice: DAMAGE_ADVICE,
  });
}
