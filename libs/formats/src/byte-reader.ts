/**
 * Reads what ByteWriter writes. Every read is checked against the end of the bytes, every count against the bytes left,
 * so that nothing larger than a small multiple of the input is ever allocated.
 * All errors are `data_loss`: the bytes were written by Flamelake and are no longer what was written.
 */
import { FlamelakeError } from '@flamelake/model';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** High half of the value that #varint64 read last. */
  #high = 0;

  /** @param bytes - read in place; views that are handed out share its memory */
  constructor(bytes: Uint8Array) {
    // A plain array even when given a Buffer, whose slice() does not copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Offset of the next read. */
  get offset(): number {
    return this.#at;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    if (this.#at >= this.#bytes.length) throw truncated(this.#at);
    return this.#bytes[this.#at++];
  }

  uint32(): number {
    const b = this.bytes(4);
    return (b[0] | (b[1] << 8) | (b[2] << 16) | (b[3] << 24)) >>> 0;
  }

  /** The next `count` bytes as a view. */
  bytes(count: number): Uint8Array {
    const start = this.#at;
    if (count > this.remaining) throw truncated(start);
    this.#at += count;
    return this.#bytes.subarray(start, start + count);
  }

  /** A length and so many bytes of UTF-8. */
  text(): string {
    const encoded = this.bytes(this.count());
    try {
      return UTF8.decode(encoded);
    } catch (cause) {
      throw new FlamelakeError('data_loss', 'stored text is not utf-8', { offset: this.#at }, { cause });
    }
  }

  /** A varint below 2^53. */
  varint(): number {
    const low = this.#varint64();
    if (this.#high > 0x1fffff)
      throw new FlamelakeError('data_loss', 'stored number is out of range', { offset: this.#at });
    return this.#high * 0x1_0000_0000 + low;
  }

  /** A varint that counts things of at least `bytesEach` bytes each that follow. */
  count(bytesEach = 1): number {
    const count = this.varint();
    if (count * bytesEach > this.remaining) {
      throw new FlamelakeError('data_loss', 'stored count is larger than the bytes that follow', {
        offset: this.#at,
        count,
      });
    }
    return count;
  }

  signedVarint(): number {
    const low = this.#varint64();
    if (this.#high !== 0) throw new FlamelakeError('data_loss', 'stored number is out of range', { offset: this.#at });
    return (low >>> 1) ^ -(low & 1);
  }

  varint64(): bigint {
    const low = this.#varint64();
    return (BigInt(this.#high) << 32n) | BigInt(low);
  }

  signedVarint64(): bigint {
    const value = this.varint64();
    return (value >> 1n) ^ -(value & 1n);
  }

  /**
   * A column of `count` varints.
   * @param limit - every element must be below it
   * @param into - filled and returned, so many elements long; a new one when absent
   */
  varints(count: number, limit = 0x1_0000_0000, into?: Uint32Array): Uint32Array {
    this.#expect(count);
    const column = into ?? new Uint32Array(count);
    const bytes = this.#bytes;
    let at = this.#at;
    // Short ones are read in place: columns hold little else. Past the end bytes are undefined, below nothing.
    for (let i = 0; i < count; i++) {
      let value = bytes[at];
      if (value < 0x80) at++;
      else if (bytes[at + 1] < 0x80) {
        value = (value & 0x7f) | (bytes[at + 1] << 7);
        at += 2;
      } else if (bytes[at + 2] < 0x80) {
        value = (value & 0x7f) | ((bytes[at + 1] & 0x7f) << 7) | (bytes[at + 2] << 14);
        at += 3;
      } else {
        this.#at = at;
        value = this.#varint64();
        at = this.#at;
        if (this.#high !== 0) throw outOfRange(at);
      }
      if (!(value < limit)) throw outOfRange(at);
      column[i] = value;
    }
    this.#at = at;
    return column;
  }

  /** A column of `count` zigzag varints. */
  signedVarints(count: number): Int32Array {
    const column = this.varints(count);
    for (let i = 0; i < count; i++) column[i] = (column[i] >>> 1) ^ -(column[i] & 1);
    return new Int32Array(column.buffer);
  }

  /**
   * A column of `count` differences.
   * @param limit - every element must be below it
   */
  deltas(count: number, limit = 0x1_0000_0000): Uint32Array {
    const column = this.varints(count);
    let value = 0;
    for (let i = 0; i < count; i++) {
      const zigzag = column[i];
      value = (value + ((zigzag >>> 1) ^ -(zigzag & 1))) >>> 0;
      if (value >= limit) throw outOfRange(this.#at);
      column[i] = value;
    }
    return column;
  }

  /** A column of `count` varints as 64 bit values. */
  varints64(count: number): BigInt64Array {
    this.#expect(count);
    const halves = new Uint32Array(count * 2);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < halves.length; i += 2) {
      const byte = bytes[at];
      if (byte < 0x80) {
        halves[i] = byte;
        at++;
      } else if (bytes[at + 1] < 0x80) {
        halves[i] = (byte & 0x7f) | (bytes[at + 1] << 7);
        at += 2;
      } else if (bytes[at + 2] < 0x80) {
        halves[i] = (byte & 0x7f) | ((bytes[at + 1] & 0x7f) << 7) | (bytes[at + 2] << 14);
        at += 3;
      } else if (bytes[at + 3] < 0x80) {
        halves[i] =
          (byte & 0x7f) | ((bytes[at + 1] & 0x7f) << 7) | ((bytes[at + 2] & 0x7f) << 14) | (bytes[at + 3] << 21);
        at += 4;
      } else {
        this.#at = at;
        halves[i] = this.#varint64();
        halves[i + 1] = this.#high;
        at = this.#at;
      }
    }
    this.#at = at;
    return new BigInt64Array(halves.buffer);
  }

  /** A column of `count` zigzag varints as 64 bit values. */
  signedVarints64(count: number): BigInt64Array {
    const column = this.varints64(count);
    const halves = new Uint32Array(column.buffer);
    for (let i = 0; i < halves.length; i += 2) {
      const low = halves[i];
      const high = halves[i + 1];
      const sign = -(low & 1);
      halves[i] = ((low >>> 1) | (high << 31)) ^ sign;
      halves[i + 1] = (high >>> 1) ^ sign;
    }
    return column;
  }

  /** Throws unless at least `count` bytes are left: an element takes at least one. */
  #expect(count: number): void {
    if (count > this.remaining) throw truncated(this.#at);
  }

  /** Reads a varint: returns its low half, leaves the high one in #high. */
  #varint64(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length) throw truncated(at);
      const byte = bytes[at++];
      if (shift === 63 && byte > 1) throw outOfRange(at);
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.#at = at;
    this.#high = high >>> 0;
    return low >>> 0;
  }
}

function truncated(offset: number): FlamelakeError {
  return new FlamelakeError('data_loss', 'stored bytes end too early', { offset });
}

function outOfRange(offset: number): FlamelakeError {
  return new FlamelakeError('data_loss', 'stored number is out of range', { offset });
}
