/**
 * The profile log of one process: files in a directory, one partition, every append durable by a shared fdatasync.
 * The bytes are described in log-format.ts.
 */
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import { type FileLock, makeFolders, type OpenFile, randomHex } from '@flamelake/runtime';
import { checkPartition, checkReadable, checkRecordSize, closedError } from './check-log.ts';
import { DurableSignal } from './durable-signal.ts';
import { type FileLogLimits, type FileLogOptions, fileLogLimits } from './file-log-options.ts';
import { GroupWriter, type WriterStart } from './group-writer.ts';
import { logError } from './log-error.ts';
import { findLogFiles, type LogFile, makeLogFile, markFrame } from './log-file.ts';
import { frameSeed, HEADER_BYTES } from './log-format.ts';
import { declareLogMetrics } from './log-metrics.ts';
import { readFiles } from './read-files.ts';
import { scanTail } from './scan-tail.ts';

/**
 * Opens the log of a directory, or begins one. A write torn by a crash is cut off its end.
 * @throws {FlamelakeError} `failed_precondition` when another process holds the directory, `data_loss` when records
 * that were acknowledged are damaged
 */
export async function openFileLog(options: FileLogOptions): Promise<ProfileLog> {
  const limits = fileLogLimits(options);
  try {
    return await openLocked(options, limits);
  } catch (error) {
    throw logError(error, options.directory);
  }
}

async function openLocked(options: FileLogOptions, limits: FileLogLimits): Promise<ProfileLog> {
  const { directory, fileSystem } = options;
  await makeFolders(fileSystem, directory);
  const lock = await fileSystem.lock(`${directory}/lock`);
  if (lock === undefined) {
    throw new FlamelakeError('failed_precondition', 'another process holds the profile log', { directory });
  }
  let handle: OpenFile | undefined;
  try {
    const start = await openFiles(options);
    handle = start.handle;
    const durable = new DurableSignal(options.clock);
    const writer = new GroupWriter({ ...options, limits, onDurable: () => durable.notify() }, start);
    await skipTo(writer, options, start);
    return fileLog(options, { limits, lock, durable, writer, files: start.files });
  } catch (error) {
    await handle?.close().catch(() => {});
    await lock.release();
    throw error;
  }
}

/** Finds the files and their end, or makes the first one. */
async function openFiles(options: FileLogOptions): Promise<WriterStart> {
  const { directory, fileSystem, random } = options;
  const files = await findLogFiles(fileSystem, directory);
  const last = files.at(-1);
  if (last === undefined) {
    const nothing = { base: 0, previousBase: 0, previousEnd: 0, previousSizeBytes: 0, appendMs: 0 };
    const header = { logId: randomHex(random, 16), ...nothing };
    const { file, handle } = await makeLogFile(fileSystem, directory, header);
    return { files: [file], handle, end: 0, lastAppendMs: 0 };
  }
  const handle = await fileSystem.open(last.path, 'write');
  try {
    return { files, handle, ...(await openTail(options, last, handle)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openTail(options: FileLogOptions, file: LogFile, handle: OpenFile) {
  const { base, logId } = file.header;
  let end = base;
  let lastAppendMs = file.header.appendMs;
  let groupStart = HEADER_BYTES;
  const position = await scanTail(handle, {
    name: file.path,
    sizeBytes: file.sizeBytes,
    base,
    seed: frameSeed(logId),
    onFrame: (frame) => {
      markFrame(file, frame.offset, frame.position);
      end = frame.offset + 1;
      lastAppendMs = Math.max(lastAppendMs, frame.appendMs);
      groupStart = frame.groupStart;
    },
  });
  if (position < file.sizeBytes) {
    const tornBytes = file.sizeBytes - position;
    options.logger?.warn('cut an unacknowledged write off the profile log', { file: file.path, position, tornBytes });
    await handle.truncate(position);
    file.sizeBytes = position;
  }
  await makeDurable(handle, groupStart, position);
  await options.fileSystem.syncFolder(options.directory);
  return { end, lastAppendMs };
}

/**
 * Makes the last group durable: readers may see durable records only. After a failed sync the kernel may hold its bytes as clean and
 * a sync would do nothing; written again they are dirty. Every group before it was durable when it was begun.
 */
async function makeDurable(handle: OpenFile, groupStart: number, end: number): Promise<void> {
  const group = new Uint8Array(Math.max(0, end - groupStart));
  await handle.read(group, groupStart);
  if (group.length > 0) await handle.write(group, groupStart);
  await handle.dataSync();
}

/** Leaves a gap up to the chain's end when the log ends before it: those offsets were given once. */
async function skipTo(writer: GroupWriter, options: FileLogOptions, start: WriterStart): Promise<void> {
  const logId = start.files[0].header.logId;
  const minimumEnd = (await options.minimumEnd?.(logId)) ?? 0;
  if (minimumEnd <= writer.end) return;
  options.logger?.error('profile log ends before its chain: acknowledged records are lost from the log', {
    end: writer.end,
    chainEnd: minimumEnd,
  });
  await writer.beginFile(minimumEnd);
}

interface Parts {
  readonly limits: FileLogLimits;
  readonly lock: FileLock;
  readonly durable: DurableSignal;
  readonly writer: GroupWriter;
  readonly files: LogFile[];
}

function fileLog(options: FileLogOptions, parts: Parts): ProfileLog {
  const { fileSystem, directory } = options;
  const { limits, lock, durable, writer, files } = parts;
  const { logId } = files[0].header;
  const seed = frameSeed(logId);
  const { recordBytesMax } = limits;
  let isClosed = false;
  let trimming: Promise<void> = Promise.resolve();

  if (options.metrics !== undefined) {
    const gauges = {
      diskBytes: () => writer.diskBytes,
      queueBytes: () => writer.queueBytes,
      nextOffset: () => writer.end,
    };
    writer.countWith(declareLogMetrics(options.metrics, gauges));
  }
  const check = (partition: number) => {
    if (isClosed) throw closedError();
    checkPartition(partition, 1);
  };
  const bounds = () => ({ start: files[0]?.header.base ?? 0, end: writer.end });

  const trimFiles = async (beforeOffset: number) => {
    // A file is gone whole or not at all; the last one stays, it holds the log's id and end.
    for (;;) {
      const [first, second] = files;
      if (first === undefined || second === undefined || second.header.base > beforeOffset || isClosed) return;
      await fileSystem.unlink(first.path);
      // One at a time: a crash must not leave a hole between files.
      await fileSystem.syncFolder(directory);
      files.shift();
    }
  };

  return {
    id: logId,
    partitionCount: 1,
    recordBytesMax,
    async append(partition, value) {
      check(partition);
      checkRecordSize(value, recordBytesMax);
      return writer.append(value);
    },
    async read(partition, fromOffset, { bytesMax, waitMs, signal }) {
      check(partition);
      checkReadable(fromOffset, bounds());
      const offset = behindGap(files, fromOffset);
      if (offset === writer.end && waitMs > 0) await durable.wait(waitMs, signal);
      if (offset === writer.end || isClosed) return [];
      const recent = writer.tail.read(offset, bytesMax);
      if (recent !== undefined) return recent;
      try {
        return await readFiles(fileSystem, { files: [...files], fromOffset: offset, bytesMax, seed });
      } catch (error) {
        // Trimmed meanwhile.
        checkReadable(fromOffset, bounds());
        throw logError(error, directory);
      }
    },
    async bounds(partition) {
      check(partition);
      return bounds();
    },
    async trim(partition, beforeOffset) {
      check(partition);
      const done = trimming.then(() => trimFiles(beforeOffset));
      trimming = done.catch(() => {});
      await done.catch((error: unknown) => {
        throw logError(error, directory);
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      durable.notify();
      await trimming;
      await writer.close();
      await lock.release();
    },
  };
}

/** The offset itself, or the first one behind the gap it is in. */
function behindGap(files: readonly LogFile[], offset: number): number {
  for (const { header } of files) if (header.previousEnd <= offset && offset < header.base) return header.base;
  return offset;
}
