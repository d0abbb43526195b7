/**
 * Reads protobuf wire format (protobuf.dev/programming-guides/encoding) without a schema: the slow paths of hand-written
 * decoders, which read one-byte varints themselves and come here for the rest.
 * Every error is `invalid_argument`: the bytes came from outside.
 */
import { FlamelakeError } from '@flamelake/model';

/** Wire types. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class ProtobufReader {
  readonly bytes: Uint8Array;
  /** Offset of the next read. */
  at = 0;
  /** High 32 bits of the last varint. */
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads a varint of up to 64 bits: returns its low 32 bits, leaves the others in `high`. */
  varint(): number {
    const { bytes, at } = this;
    const first = bytes[at];
    this.high = 0;
    if (first < 0x80) {
      this.at = at + 1;
      return first;
    }
    const second = bytes[at + 1];
    if (second < 0x80) {
      this.at = at + 2;
      return (first & 0x7f) | (second << 7);
    }
    return this.#longVarint();
  }

  /** Reads the length of a field and checks that the field lies before `end`; returns the field's end. */
  fieldEnd(end: number): number {
    const length = this.varint();
    const fieldEnd = this.at + length;
    if (this.high !== 0 || fieldEnd > end) throw malformed('profile field is longer than what holds it', this.at);
    return fieldEnd;
  }

  /** Reads an int64. */
  int64(): bigint {
    const low = this.varint();
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(low));
  }

  /** Reads an int64 and clamps it to int32. */
  clampedInt32(): number {
    const low = this.varint();
    const { high } = this;
    if (high === 0) return Math.min(low, 0x7fffffff);
    return high === 0xffffffff && low >= 0x80000000 ? low | 0 : high >= 0x80000000 ? -0x80000000 : 0x7fffffff;
  }

  /** Reads an index into a table; whether the table is that long is for the caller to check. */
  index(): number {
    const low = this.varint();
    if (this.high !== 0 || low > 0x7fffffff) throw malformed('profile index is out of range', this.at);
    return low;
  }

  /** Skips the value of a field of no interest. */
  skip(tag: number, end: number): void {
    if (tag >>> 3 === 0) throw malformed('profile field has number zero', this.at);
    const wire = tag & 7;
    if (wire === WIRE.varint) this.varint();
    else if (wire === WIRE.bytes) this.at = this.fieldEnd(end);
    else if (wire === WIRE.fixed64) this.at += 8;
    else if (wire === WIRE.fixed32) this.at += 4;
    else throw malformed('profile field has an unknown wire type', this.at);
    if (this.at > end) throw malformed('profile field is longer than what holds it', this.at);
  }

  /** Reads a varint of three bytes or more, or one that runs into the end. */
  #longVarint(): number {
    const { bytes } = this;
    let { at } = this;
    if (at + 4 <= bytes.length) {
      // Addresses and values, most often.
      const start = (bytes[at] & 0x7f) | ((bytes[at + 1] & 0x7f) << 7) | ((bytes[at + 2] & 0x7f) << 14);
      if (bytes[at + 2] < 0x80) {
        this.at = at + 3;
        return start;
      }
      if (bytes[at + 3] < 0x80) {
        this.at = at + 4;
        return start | (bytes[at + 3] << 21);
      }
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length) throw malformed('profile ends inside a number', at);
      if (shift > 63) throw malformed('profile holds a number longer than 64 bits', at);
      const byte = bytes[at++];
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.at = at;
    this.high = high >>> 0;
    return low >>> 0;
  }
}

/** The error for bytes that are no valid profile, with the offset where that showed. */
export function malformed(message: string, offset: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, { offset });
}
