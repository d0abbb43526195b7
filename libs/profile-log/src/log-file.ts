/** Files of a local profile log: their names, their making, and where in them an offset is. */
import { FlamelakeError } from '@flamelake/model';
import type { FileSystem, OpenFile } from '@flamelake/runtime';
import { decodeHeader, encodeHeader, type FileHeader, HEADER_BYTES } from './log-format.ts';
import { DAMAGE_ADVICE } from './scan-tail.ts';

/** Bytes between two remembered positions. */
const MARK_BYTES = 1_048_576;
const NAME = /^\d{20}\.log$/;
/** File being made; removed at the next opening when a crash left it. */
const NEW_NAME = 'new.tmp';

/** A file of the log and what is known of it. */
export interface LogFile {
  readonly path: string;
  readonly header: FileHeader;
  /** Durable bytes. */
  sizeBytes: number;
  /** Some offsets and the positions of their frames, both ascending. */
  readonly markOffsets: number[];
  readonly markPositions: number[];
}

function logFile(path: string, header: FileHeader, sizeBytes: number): LogFile {
  return { path, header, sizeBytes, markOffsets: [header.base], markPositions: [HEADER_BYTES] };
}

/** Remembers where a frame is, when it is far enough from those remembered. */
export function markFrame(file: LogFile, offset: number, position: number): void {
  if (position - (file.markPositions.at(-1) ?? 0) < MARK_BYTES) return;
  file.markOffsets.push(offset);
  file.markPositions.push(position);
}

/** Position of a frame at or before that of `offset`. */
export function markedPosition(file: LogFile, offset: number): number {
  let low = 0;
  let high = file.markOffsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((file.markOffsets[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return file.markPositions[low - 1] ?? HEADER_BYTES;
}

/** Makes a log file; resolves when it is durable under its name. */
export async function makeLogFile(
  fileSystem: FileSystem,
  directory: string,
  header: FileHeader,
): Promise<{ file: LogFile; handle: OpenFile }> {
  const path = `${directory}/${String(header.base).padStart(20, '0')}.log`;
  const newPath = `${directory}/${NEW_NAME}`;
  if ((await fileSystem.stat(newPath)) !== undefined) await fileSystem.unlink(newPath);
  const handle = await fileSystem.open(newPath, 'create');
  try {
    await handle.write(encodeHeader(header), 0);
    await handle.sync();
    await fileSystem.rename(newPath, path);
    await fileSystem.syncFolder(directory);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { file: logFile(path, header, HEADER_BYTES), handle };
}

/**
 * Reads the headers of a directory's log files, in order.
 * @throws {FlamelakeError} `data_loss` when one is damaged, missing in between, cut short or of another log
 */
export async function findLogFiles(fileSystem: FileSystem, directory: string): Promise<LogFile[]> {
  const names = (await fileSystem.readFolder(directory)).map(({ name }) => name);
  const files: LogFile[] = [];
  for (const name of names.filter((name) => NAME.test(name)).sort()) {
    const path = `${directory}/${name}`;
    const file = logFile(path, await readHeader(fileSystem, path), (await fileSystem.stat(path))?.sizeBytes ?? 0);
    checkSuccession(files.at(-1), file, Number(name.slice(0, 20)));
    files.push(file);
  }
  return files;
}

async function readHeader(fileSystem: FileSystem, path: string): Promise<FileHeader> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(HEADER_BYTES);
    const count = await handle.read(bytes, 0);
    const header = decodeHeader(bytes.subarray(0, count));
    if (header !== undefined) return header;
  } finally {
    await handle.close();
  }
  throw new FlamelakeError('data_loss', 'header of a profile log file is damaged or of a newer release', {
    file: path,
    advice: DAMAGE_ADVICE,
  });
}

function checkSuccession(before: LogFile | undefined, file: LogFile, named: number): void {
  const { header } = file;
  const follows =
    before === undefined ||
    (header.logId === before.header.logId &&
      header.base >= header.previousEnd &&
      header.previousBase === before.header.base &&
      header.previousSizeBytes === before.sizeBytes);
  if (follows && header.base === named) return;
  throw new FlamelakeError('data_loss', 'files of the profile log do not follow each other', {
    file: file.path,
    before: before?.path ?? '',
    beforeSizeBytes: before?.sizeBytes ?? 0,
    expectedSizeBytes: header.previousSizeBytes,
    advice: DAMAGE_ADVICE,
  });
}
