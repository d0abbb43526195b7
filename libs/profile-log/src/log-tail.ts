/** The last groups of a log in memory, so that a reader that keeps up never reads the disk. */
import type { LogRecord } from '@flamelake/model';
import { decodeFrameHeader, FRAME_HEADER_BYTES } from './log-format.ts';

/** Memory a group costs beside its bytes, estimated. */
const GROUP_OVERHEAD_BYTES = 512;

interface Group {
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly frames: Uint8Array;
}

export class LogTail {
  readonly #sizeBytesMax: number;
  #groups: Group[] = [];
  /** Groups before this one are forgotten. */
  #first = 0;
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Keeps a durable group; `frames` must not change any more. */
  push(firstOffset: number, nextOffset: number, frames: Uint8Array): void {
    this.#groups.push({ firstOffset, nextOffset, frames });
    this.#sizeBytes += frames.length + GROUP_OVERHEAD_BYTES;
    while (this.#sizeBytes > this.#sizeBytesMax && this.#first < this.#groups.length) this.#forgetFirst();
    if (this.#first > 1_024 && this.#first * 2 > this.#groups.length) {
      this.#groups = this.#groups.slice(this.#first);
      this.#first = 0;
    }
  }

  #forgetFirst(): void {
    const group = this.#groups[this.#first];
    if (group === undefined) return;
    this.#sizeBytes -= group.frames.length + GROUP_OVERHEAD_BYTES;
    this.#groups[this.#first] = { ...group, frames: new Uint8Array(0) };
    this.#first++;
  }

  /** Records from `offset` on, at least one, as views. @returns undefined when the tail begins later */
  read(offset: number, bytesMax: number): LogRecord[] | undefined {
    let index = this.#find(offset);
    if (index === undefined) return undefined;
    const records: LogRecord[] = [];
    let sizeBytes = 0;
    for (; index < this.#groups.length; index++) {
      const { frames } = this.#groups[index];
      const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
      for (let at = 0; at < frames.length; ) {
        const header = decodeFrameHeader(view, at);
        const end = at + FRAME_HEADER_BYTES + header.valueSizeBytes;
        if (header.offset >= offset) {
          sizeBytes += header.valueSizeBytes;
          if (sizeBytes > bytesMax && records.length > 0) return records;
          const value = frames.subarray(at + FRAME_HEADER_BYTES, end);
          records.push({ offset: header.offset, appendMs: header.appendMs, value });
        }
        at = end;
      }
    }
    return records;
  }

  /** Index of the group that holds `offset`. */
  #find(offset: number): number | undefined {
    let low = this.#first;
    let high = this.#groups.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#groups[middle].nextOffset <= offset) low = middle + 1;
      else high = middle;
    }
    const group = this.#groups[low];
    return group !== undefined && group.firstOffset <= offset ? low : undefined;
  }
}
