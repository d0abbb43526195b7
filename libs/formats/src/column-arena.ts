/**
 * One piece of memory for all columns of a profile: a buffer of its own for each of some thirty columns costs more, in allocation
 * and collection, than filling them does.
 */
import type { GrowingBytes, GrowingUint32 } from './growing-columns.ts';

/** 64 bit columns begin at a multiple of this. */
const ALIGNMENT = 8;

export class ColumnArena {
  readonly #buffer: ArrayBuffer;
  #at = 0;

  /** @param sizeBytes - of all columns; @param columns - at most this many are taken */
  constructor(sizeBytes: number, columns: number) {
    // Not zeroed: every column is written whole.
    this.#buffer = Buffer.allocUnsafeSlow(sizeBytes + columns * ALIGNMENT).buffer;
  }

  /** A column to be written whole: it begins as whatever memory held. */
  uint8(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, this.#take(length), length);
  }

  /** A column of zeros. */
  zeros(length: number): Uint32Array<ArrayBuffer> {
    return this.uint32(length).fill(0);
  }

  /** A column to be written whole: it begins as whatever memory held. */
  uint32(length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#buffer, this.#take(length * 4), length);
  }

  /** What a column holds; a large one is given away instead of copied. */
  copy(column: GrowingUint32): Uint32Array<ArrayBuffer> {
    const given = column.give();
    if (given !== undefined) return given;
    const copy = this.uint32(column.length);
    copy.set(column.values.subarray(0, column.length));
    return copy;
  }

  copyBytes(column: GrowingBytes): Uint8Array<ArrayBuffer> {
    const given = column.give();
    if (given !== undefined) return given;
    const copy = this.uint8(column.length);
    copy.set(column.values.subarray(0, column.length));
    return copy;
  }

  /** One field of all records of a column of records. */
  field({ values, length }: GrowingUint32, size: number, first: number): Uint32Array<ArrayBuffer> {
    const column = this.uint32(length / size);
    for (let i = first, row = 0; i < length; i += size, row++) column[row] = values[i];
    return column;
  }

  /** Two fields of all records as low and high halves of one. */
  wideField({ values, length }: GrowingUint32, size: number, low: number, high: number): Uint32Array<ArrayBuffer> {
    const column = this.uint32((length / size) * 2);
    for (let i = 0, half = 0; i < length; i += size, half += 2) {
      column[half] = values[i + low];
      column[half + 1] = values[i + high];
    }
    return column;
  }

  #take(bytes: number): number {
    const start = this.#at;
    this.#at = start + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return start;
  }
}
