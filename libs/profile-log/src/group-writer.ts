/**
 * Writes a local profile log: records that arrive while a group is being made durable form the next group, which
 * one write and one fdatasync make durable together.
 */
import { type Appended, type Clock, FlamelakeError } from '@flamelake/model';
import { type FileSystem, isDiskFull, type OpenFile } from '@flamelake/runtime';
import type { FileLogLimits } from './file-log-options.ts';
import { type LogFile, makeLogFile, markFrame } from './log-file.ts';
import { encodeGroup, FRAME_HEADER_BYTES, frameSeed } from './log-format.ts';
import type { LogMetrics } from './log-metrics.ts';
import { LogTail } from './log-tail.ts';

interface Pending {
  readonly value: Uint8Array;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupWriterOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly clock: Clock;
  readonly limits: FileLogLimits;
  readonly onFatal: (error: unknown) => void;
  /** Told after each group that became durable. */
  readonly onDurable: () => void;
}

/** Where writing goes on. */
export interface WriterStart {
  /** Files in order; the last one is written to. The writer adds to them. */
  readonly files: LogFile[];
  readonly handle: OpenFile;
  readonly end: number;
  readonly lastAppendMs: number;
}

export class GroupWriter {
  readonly tail: LogTail;
  readonly #options: GroupWriterOptions;
  readonly #files: LogFile[];
  readonly #seed: number;
  #metrics: LogMetrics | undefined;
  #handle: OpenFile;
  #end: number;
  #lastAppendMs: number;
  #queue: Pending[] = [];
  #queueBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: FlamelakeError | undefined;

  constructor(options: GroupWriterOptions, start: WriterStart) {
    this.#options = options;
    this.#files = start.files;
    this.#handle = start.handle;
    this.#end = start.end;
    this.#lastAppendMs = start.lastAppendMs;
    this.#seed = frameSeed(this.#file.header.logId);
    this.tail = new LogTail(options.limits.tailBytesMax);
  }

  /** Next offset; everything below is durable. */
  get end(): number {
    return this.#end;
  }

  get queueBytes(): number {
    return this.#queueBytes;
  }

  get diskBytes(): number {
    return this.#files.reduce((sum, file) => sum + file.sizeBytes, 0);
  }

  get #file(): LogFile {
    return this.#files.at(-1) as LogFile;
  }

  countWith(metrics: LogMetrics): void {
    this.#metrics = metrics;
  }

  /** Queues a record. Resolves when it is durable; `value` must not change before. */
  append(value: Uint8Array): Promise<Appended> {
    const { queueBytesMax, diskBytesMax } = this.#options.limits;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const sizeBytes = FRAME_HEADER_BYTES + value.length;
    const queueBytes = this.#queueBytes + sizeBytes;
    // A record of the largest size fits an empty queue.
    if (queueBytes > queueBytesMax + FRAME_HEADER_BYTES) {
      this.#metrics?.refusals.add(1, { full: 'queue' });
      const details = { queueBytes: this.#queueBytes, limit: queueBytesMax };
      return Promise.reject(new FlamelakeError('resource_exhausted', 'queue of the profile log is full', details));
    }
    const diskBytes = this.diskBytes;
    if (diskBytes + queueBytes > diskBytesMax) {
      this.#metrics?.refusals.add(1, { full: 'log' });
      const details = { diskBytes, limit: diskBytesMax };
      return Promise.reject(new FlamelakeError('resource_exhausted', 'profile log is full', details));
    }
    this.#queueBytes = queueBytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ value, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Resolves when nothing is under way any more, then closes the file. */
  async close(): Promise<void> {
    await this.#writing;
    this.#failure ??= new FlamelakeError('failed_precondition', 'profile log is closed');
    await this.#handle.close();
  }

  /** Begins a new file whose first record will have the offset `base`. */
  async beginFile(base: number): Promise<void> {
    const { fileSystem, directory } = this.#options;
    const { header, sizeBytes } = this.#file;
    const previous = { previousBase: header.base, previousEnd: this.#end, previousSizeBytes: sizeBytes };
    const next = { logId: header.logId, base, ...previous, appendMs: this.#lastAppendMs };
    const made = await makeLogFile(fileSystem, directory, next);
    await this.#handle.close();
    this.#handle = made.handle;
    this.#files.push(made.file);
    this.#end = base;
  }

  async #writeAll(): Promise<void> {
    // Records appended in the same turn of the event loop go together.
    await Promise.resolve();
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const group = this.#takeGroup();
      await this.#writeGroup(group);
    }
    this.#writing = undefined;
  }

  #takeGroup(): Pending[] {
    let sizeBytes = 0;
    let count = 0;
    for (const { value } of this.#queue) {
      sizeBytes += FRAME_HEADER_BYTES + value.length;
      if (count > 0 && sizeBytes > this.#options.limits.groupBytesMax) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const { clock, limits, directory, onDurable } = this.#options;
    const startMs = clock.monotonicMs();
    const appendMs = Math.max(Math.floor(clock.nowMs()), this.#lastAppendMs);
    let frames: Uint8Array;
    let isWritten = false;
    try {
      if (this.#file.sizeBytes >= limits.fileBytesMax) await this.beginFile(this.#end);
      const position = this.#file.sizeBytes;
      const values = group.map(({ value }) => value);
      frames = encodeGroup({ values, firstOffset: this.#end, appendMs, position, seed: this.#seed });
      isWritten = true;
      await this.#handle.write(frames, position);
    } catch (error) {
      if (!isDiskFull(error) || !(isWritten ? await this.#takeBack() : true)) {
        this.#fail(error, group);
        return;
      }
      this.#metrics?.refusals.add(group.length, { full: 'disk' });
      this.#reject(group, new FlamelakeError('resource_exhausted', 'disk is full', { directory }, { cause: error }));
      return;
    }
    try {
      await this.#handle.dataSync();
      await this.#checkLinked();
    } catch (error) {
      this.#fail(error, group);
      return;
    }
    const firstOffset = this.#end;
    markFrame(this.#file, firstOffset, this.#file.sizeBytes);
    this.#file.sizeBytes += frames.length;
    this.#end += group.length;
    this.#lastAppendMs = appendMs;
    this.#queueBytes -= frames.length;
    this.tail.push(firstOffset, this.#end, frames);
    for (const [i, { resolve }] of group.entries()) resolve({ offset: firstOffset + i, appendMs });
    onDurable();
    this.#metrics?.records.add(group.length);
    this.#metrics?.bytes.add(frames.length);
    this.#metrics?.groupRecords.observe(group.length);
    this.#metrics?.syncSeconds.observe((clock.monotonicMs() - startMs) / 1_000);
  }

  /** A file without a name takes writes as ever and is gone with this process: somebody removed the directory. */
  async #checkLinked(): Promise<void> {
    const { linkCount } = await this.#handle.stat();
    if (linkCount > 0) return;
    throw new FlamelakeError('data_loss', 'file of the profile log was removed while it was written', {
      file: this.#file.path,
      advice: 'put it back from a copy or start with an empty data directory; what was not yet in segments is lost',
    });
  }

  /** Removes a group that was written in part: refused records must not come back after a crash. */
  async #takeBack(): Promise<boolean> {
    try {
      await this.#handle.truncate(this.#file.sizeBytes);
      await this.#handle.dataSync();
      return true;
    } catch {
      return false;
    }
  }

  #reject(group: readonly Pending[], error: unknown): void {
    for (const { value, reject } of group) {
      this.#queueBytes -= FRAME_HEADER_BYTES + value.length;
      reject(error);
    }
  }

  #fail(error: unknown, group: readonly Pending[]): void {
    const { directory } = this.#options;
    const message = 'profile log failed on disk and must be opened again';
    this.#failure = new FlamelakeError('unavailable', message, { directory }, { cause: error });
    this.#reject(group, this.#failure);
    this.#reject(this.#queue.splice(0), this.#failure);
    this.#options.onFatal(error);
  }
}
