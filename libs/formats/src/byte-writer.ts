/**
 * Writes bytes, little-endian numbers, varints and varint columns into one growing buffer.
 * A varint is LEB128 (seven bits a byte, low bits first); a signed one is zigzag first (0, -1, 1, -2 … → 0, 1, 2, 3 …).
 * 64 bit values go through their 32 bit halves: no BigInt is made on the way.
 */

/** Longest varint of a 32 bit and of a 64 bit value. */
const VARINT32_BYTES_MAX = 5;
const VARINT64_BYTES_MAX = 10;

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 1024) {
    this.#bytes = new Uint8Array(Math.max(16, capacityBytes));
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written: a view that holds until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written, copied: the caller's own. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#length = 0;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = value;
    bytes[at++] = value >>> 8;
    bytes[at++] = value >>> 16;
    bytes[at++] = value >>> 24;
    this.#length = at;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Length as a varint, then UTF-8. */
  text(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    this.varint(encoded.length);
    this.bytes(encoded);
  }

  /** @param value - an integer in [0, 2^53) */
  varint(value: number): void {
    this.#reserve(VARINT64_BYTES_MAX);
    this.#length = putVarint(this.#bytes, this.#length, value);
  }

  /** @param value - any int32, zigzag */
  signedVarint(value: number): void {
    this.#reserve(VARINT32_BYTES_MAX);
    this.#length = putVarint(this.#bytes, this.#length, ((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** @param value - in [0, 2^64) */
  varint64(value: bigint): void {
    this.#reserve(VARINT64_BYTES_MAX);
    const low = Number(value & 0xffffffffn);
    this.#length = putVarint64(this.#bytes, this.#length, low, Number(value >> 32n));
  }

  /** @param value - any int64, zigzag */
  signedVarint64(value: bigint): void {
    this.varint64(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  }

  /** Each element of `[from, until)` as a varint. */
  varints(column: Uint32Array | Uint8Array, from = 0, until = column.length): void {
    this.#reserve((until - from) * VARINT32_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = from; i < until; i++) {
      let value = column[i];
      while (value > 0x7f) {
        bytes[at++] = value | 0x80;
        value >>>= 7;
      }
      bytes[at++] = value;
    }
    this.#length = at;
  }

  /** Each element as a zigzag varint. */
  signedVarints(column: Int32Array): void {
    this.#reserve(column.length * VARINT32_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < column.length; i++) {
      const signed = column[i];
      let value = ((signed << 1) ^ (signed >> 31)) >>> 0;
      while (value > 0x7f) {
        bytes[at++] = value | 0x80;
        value >>>= 7;
      }
      bytes[at++] = value;
    }
    this.#length = at;
  }

  /** Each element as the zigzag varint of its difference (mod 2^32) from the one before; the first from 0. */
  deltas(column: Uint32Array): void {
    this.#reserve(column.length * VARINT32_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#length;
    let previous = 0;
    for (let i = 0; i < column.length; i++) {
      const element = column[i];
      const delta = (element - previous) | 0;
      previous = element;
      let value = ((delta << 1) ^ (delta >> 31)) >>> 0;
      while (value > 0x7f) {
        bytes[at++] = value | 0x80;
        value >>>= 7;
      }
      bytes[at++] = value;
    }
    this.#length = at;
  }

  /** Each element, as unsigned 64 bit, as a varint: short for small non-negative values, ten bytes for negative ones. */
  varints64(column: BigInt64Array | BigUint64Array): void {
    const halves = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
    this.#reserve(column.length * VARINT64_BYTES_MAX);
    let at = this.#length;
    for (let i = 0; i < halves.length; i += 2) {
      at = putVarint64(this.#bytes, at, halves[i], halves[i + 1]);
    }
    this.#length = at;
  }

  /** Each element as a zigzag varint. */
  signedVarints64(column: BigInt64Array): void {
    const halves = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
    this.#reserve(column.length * VARINT64_BYTES_MAX);
    let at = this.#length;
    for (let i = 0; i < halves.length; i += 2) {
      const low = halves[i];
      const high = halves[i + 1];
      const sign = (high | 0) >> 31;
      at = putVarint64(this.#bytes, at, ((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0);
    }
    this.#length = at;
  }

  #reserve(moreBytes: number): void {
    const needed = this.#length + moreBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Writes a varint of an integer in [0, 2^53); returns the offset behind it. */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7fffffff) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    bytes[at++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Writes a varint from 32 bit halves; returns the offset behind it. */
function putVarint64(bytes: Uint8Array, at: number, low: number, high: number): number {
  let lowRest = low;
  let highRest = high;
  while (highRest !== 0) {
    bytes[at++] = lowRest | 0x80;
    lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
    highRest >>>= 7;
  }
  while (lowRest > 0x7f) {
    bytes[at++] = lowRest | 0x80;
    lowRest >>>= 7;
  }
  bytes[at++] = lowRest;
  return at;
}
