/** Reads the numbers and strings of a flight recording. Every read is checked against the end of the bytes. */
import { type ErrorDetails, FlamelakeError } from '@flamelake/model';

const TWO_28 = 0x1000_0000;
const TWO_56 = 2 ** 56;

/** How a string is written, by its first byte. */
export const STRING = { null: 0, empty: 1, pool: 2, utf8: 3, chars: 4, latin1: 5 } as const;

export class JfrReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of the next read. */
  at = 0;
  /** Offset behind the last byte that may be read. */
  end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
  }

  byte(): number {
    if (this.at >= this.end) throw malformedJfr('recording ends too early', { offset: this.at });
    return this.bytes[this.at++];
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw malformedJfr('recording ends too early', { offset: this.at });
    this.at += count;
  }

  /** An unsigned number of up to nine bytes, seven bits each, eight the last. Past 2^53 it is no longer exact. */
  varint(): number {
    const { bytes } = this;
    let value = 0;
    let { at } = this;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= this.end) throw malformedJfr('recording ends too early', { offset: at });
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
    }
    let factor = TWO_28;
    for (; factor < TWO_56; factor *= 128) {
      if (at >= this.end) throw malformedJfr('recording ends too early', { offset: at });
      const byte = bytes[at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
    }
    this.at = at;
    return value + this.byte() * TWO_56;
  }

  /** A number as `varint` reads it, exact. */
  wideVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 56n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return value | (BigInt(this.byte()) << 56n);
  }

  /** A count of things that take at least a byte each. */
  count(): number {
    const count = this.varint();
    if (count > this.end - this.at) throw malformedJfr('count in a recording is too large', { count, offset: this.at });
    return count;
  }

  skipString(): void {
    const encoding = this.byte();
    if (encoding === STRING.pool) this.varint();
    else if (encoding === STRING.utf8 || encoding === STRING.latin1) this.skip(this.varint());
    else if (encoding === STRING.chars) for (let left = this.count(); left > 0; left--) this.varint();
    else if (encoding > STRING.latin1) throw malformedJfr('string of a recording has no known encoding', { encoding });
  }

  /**
   * A string that stands here.
   * @param pooled - gives strings that stand in the pool
   */
  string(pooled: (id: number) => string): string {
    const encoding = this.byte();
    if (encoding === STRING.pool) return pooled(this.varint());
    if (encoding === STRING.utf8 || encoding === STRING.latin1) {
      const length = this.varint();
      const start = this.at;
      this.skip(length);
      const { buffer, byteOffset } = this.bytes;
      return Buffer.from(buffer, byteOffset + start, length).toString(encoding === STRING.utf8 ? 'utf8' : 'latin1');
    }
    if (encoding === STRING.chars) {
      const length = this.count();
      let text = '';
      for (let i = 0; i < length; i++) text += String.fromCharCode(this.varint() & 0xffff);
      return text;
    }
    if (encoding > STRING.latin1) throw malformedJfr('string of a recording has no known encoding', { encoding });
    return '';
  }
}

/** The error for bytes that are no valid recording. */
export function malformedJfr(message: string, details: ErrorDetails = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
