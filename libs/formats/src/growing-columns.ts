/**
 * Columns that grow while a profile is decoded and are used again for the next one. Each grows by doubling, as one; what is
 * larger than RETAINED_BYTES_MAX is given away or dropped, not kept.
 */

/** Largest buffer kept between profiles. */
const RETAINED_BYTES_MAX = 4_194_304;
const CAPACITY_MIN = 1024;

export class GrowingUint32 {
  values = new Uint32Array(CAPACITY_MIN);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1);
    this.values[this.length++] = value;
  }

  /** Makes room for `more` elements, which the caller then writes behind `length`. */
  reserve(more: number): Uint32Array {
    const needed = this.length + more;
    if (needed > this.values.length) {
      const capacity = Math.max(needed, this.values.length * 2);
      this.values = new Uint32Array(this.values.buffer.transfer(capacity * 4));
    }
    return this.values;
  }

  /** Appends a record of `size` zeros; returns where it begins. */
  begin(size: number): number {
    const start = this.length;
    if (start + size > this.values.length) this.reserve(size);
    const { values } = this;
    for (let i = start; i < start + size; i++) values[i] = 0;
    this.length = start + size;
    return start;
  }

  /** Hands over what was written when it is too large to keep, and empties the column. */
  give(): Uint32Array<ArrayBuffer> | undefined {
    const { values, length } = this;
    if (values.byteLength <= RETAINED_BYTES_MAX) return undefined;
    this.clear();
    return values.subarray(0, length);
  }

  clear(): void {
    this.length = 0;
    if (this.values.byteLength > RETAINED_BYTES_MAX) this.values = new Uint32Array(CAPACITY_MIN);
  }
}

export class GrowingBytes {
  values = new Uint8Array(CAPACITY_MIN);
  /** The same bytes. */
  view = new DataView(this.values.buffer);
  length = 0;

  /** Makes room for `more` bytes, which the caller then writes behind `length`. */
  reserve(more: number): Uint8Array {
    const needed = this.length + more;
    if (needed > this.values.length) {
      this.#replace(this.values.buffer.transfer(Math.max(needed, this.values.length * 2)));
    }
    return this.values;
  }

  /** Hands over what was written when it is too large to keep, and empties the column. */
  give(): Uint8Array<ArrayBuffer> | undefined {
    const { values, length } = this;
    if (values.byteLength <= RETAINED_BYTES_MAX) return undefined;
    this.clear();
    return values.subarray(0, length);
  }

  clear(): void {
    this.length = 0;
    if (this.values.length > RETAINED_BYTES_MAX) this.#replace(new ArrayBuffer(CAPACITY_MIN));
  }

  #replace(buffer: ArrayBuffer): void {
    this.values = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }
}

/** The same column seen as 64 bit values: pairs of low and high halves. */
export function asBigInt64(halves: Uint32Array<ArrayBuffer>): BigInt64Array<ArrayBuffer> {
  return new BigInt64Array(halves.buffer, halves.byteOffset, halves.length >>> 1);
}

/** The same column seen as unsigned 64 bit values: pairs of low and high halves. */
export function asBigUint64(halves: Uint32Array<ArrayBuffer>): BigUint64Array<ArrayBuffer> {
  return new BigUint64Array(halves.buffer, halves.byteOffset, halves.length >>> 1);
}

/** The same column seen as signed values. */
export function asInt32(column: Uint32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  return new Int32Array(column.buffer, column.byteOffset, column.length);
}
