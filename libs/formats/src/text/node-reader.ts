/** Reads the numbers of the binary tree formats. */
import { malformedText } from './text-lines.ts';

/** Numbers past this are no longer exact. */
const VALUE_MAX = Number.MAX_SAFE_INTEGER;

export class NodeReader {
  readonly bytes: Uint8Array;
  /** Offset of the next read. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /**
   * A varint.
   * @throws {FlamelakeError} `invalid_argument` when the bytes end, or the number is above `limit`
   */
  varint(what: string, limit = VALUE_MAX): number {
    const { bytes } = this;
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= bytes.length) throw malformedText('tree ends too early', { offset: this.at });
      const byte = bytes[this.at++];
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) {
        if (value > limit)
          throw malformedText('number in a tree is too large', { what, value, limit, offset: this.at });
        return value;
      }
    }
    throw malformedText('number in a tree is longer than 64 bits', { offset: this.at });
  }

  /** The next `length` bytes: returns where they begin. */
  skip(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start) throw malformedText('tree ends too early', { offset: start });
    this.at = start + length;
    return start;
  }

  /** @throws {FlamelakeError} `invalid_argument` when something is left */
  end(): void {
    if (this.at < this.bytes.length) throw malformedText('tree is followed by something else', { offset: this.at });
  }
}
