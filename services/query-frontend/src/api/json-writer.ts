/**
 * A growing run of UTF-8 JSON for large answers. int64 columns are written from their 32 bit halves: no BigInt and no string is
 * made for each element.
 */
const FIRST_BYTES = 1024;
/** 2^53 in halves: below it the high half times 2^32 plus the low one is an exact number. */
const SAFE_HIGH = 0x200000;
const BILLION = 1_000_000_000;
/** Digits of the longest int64, its sign, two quotes and a comma. */
const ELEMENT_BYTES_MAX = 23;
const SHORT_LENGTH_MAX = 32;
const QUOTE = 0x22;
const COMMA = 0x2c;

export class JsonWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written, as a view valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Text that is JSON already. */
  raw(json: string): void {
    this.#reserve(json.length * 3);
    if (json.length > SHORT_LENGTH_MAX || !this.#shortAscii(json))
      this.#length += this.#bytes.write(json, this.#length);
  }

  /** Buffer.write costs more than so few characters do. */
  #shortAscii(text: string): boolean {
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at + i] = unit;
    }
    this.#length = at + text.length;
    return true;
  }

  /** @param value - an integer in [0, 2^53) */
  integer(value: number): void {
    this.#reserve(ELEMENT_BYTES_MAX);
    this.#length = putDigits(this.#bytes, this.#length, value);
  }

  /** Bytes that are JSON already. */
  rawBytes(json: Uint8Array): void {
    this.#reserve(json.length);
    this.#bytes.set(json, this.#length);
    this.#length += json.length;
  }

  /** int64 as strings with commas between: `"1","-2"`. */
  int64s(column: BigInt64Array): void {
    const halves = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
    this.#reserve(column.length * ELEMENT_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < halves.length; i += 2) {
      if (i > 0) bytes[at++] = COMMA;
      bytes[at++] = QUOTE;
      const high = halves[i + 1];
      if (high < SAFE_HIGH) at = putDigits(bytes, at, high * 0x1_0000_0000 + halves[i]);
      else at += bytes.write(String(column[i >> 1]), at);
      bytes[at++] = QUOTE;
    }
    this.#length = at;
  }

  /** One 64 bit integer as a string, from its halves. */
  quoted64(low: number, high: number, isSigned: boolean): void {
    if (high < SAFE_HIGH) {
      this.#reserve(ELEMENT_BYTES_MAX);
      this.#bytes[this.#length] = QUOTE;
      this.#length = putDigits(this.#bytes, this.#length + 1, high * 0x1_0000_0000 + low);
      this.#bytes[this.#length++] = QUOTE;
      return;
    }
    const bits = (BigInt(high) << 32n) | BigInt(low);
    this.raw(`"${isSigned ? BigInt.asIntN(64, bits) : bits}"`);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Writes the decimal digits of an integer in [0, 2^53); returns the offset behind them. */
function putDigits(bytes: Uint8Array, at: number, value: number): number {
  if (value < BILLION) return putSmall(bytes, at, value, 1);
  const high = Math.floor(value / BILLION);
  return putSmall(bytes, putSmall(bytes, at, high, 1), value - high * BILLION, 9);
}

/** Writes an integer in [0, 10^9) with at least so many digits. */
function putSmall(bytes: Uint8Array, at: number, value: number, digitsMin: number): number {
  let count = digitsMin;
  for (let power = 10 ** digitsMin; power <= value; power *= 10) count++;
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return at + count;
}
