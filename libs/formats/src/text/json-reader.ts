/**
 * Reads JSON (RFC 8259) a value at a time, without making objects of what is read: a file of many small arrays would take ten
 * times its size as objects.
 *
 *     for (let more = json.array(); more; more = json.next()) json.number();
 *     for (let key = json.object(); key !== undefined; key = json.nextKey()) json.skip();
 */
import { malformedText } from './text-lines.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;
const NUMBER_BYTES_MAX = 64;
/** Whole numbers of so many digits are exact. */
const DIGITS_MAX = 15;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export class JsonReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Steps into an array: whether it has an element, which is next. */
  array(): boolean {
    this.#expect(OPEN_ARRAY);
    return !this.#take(CLOSE_ARRAY);
  }

  /** Steps behind an element of an array: whether there is another. */
  next(): boolean {
    if (this.#take(COMMA)) return true;
    this.#expect(CLOSE_ARRAY);
    return false;
  }

  /** Steps into an object: the first key, whose value is next; undefined when there is none. */
  object(): string | undefined {
    this.#expect(OPEN_OBJECT);
    return this.#take(CLOSE_OBJECT) ? undefined : this.#key();
  }

  /** Steps behind a value of an object: the next key. */
  nextKey(): string | undefined {
    if (this.#take(COMMA)) return this.#key();
    this.#expect(CLOSE_OBJECT);
    return undefined;
  }

  string(): string {
    this.#blanks();
    const start = this.#at;
    const end = this.#stringEnd();
    const inner = this.#bytes.toString('utf8', start + 1, end - 1);
    if (!inner.includes('\\')) return inner;
    try {
      return JSON.parse(`"${inner}"`) as string;
    } catch {
      throw this.#broken('json string is not valid', start);
    }
  }

  /** A string, undefined for any other value. */
  stringIfAny(): string | undefined {
    this.#blanks();
    if (this.#bytes[this.#at] === QUOTE) return this.string();
    this.skip();
    return undefined;
  }

  number(): number {
    this.#blanks();
    const bytes = this.#bytes;
    const start = this.#at;
    let value = 0;
    let at = start;
    for (; at < start + DIGITS_MAX; at++) {
      const digit = bytes[at] - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const isWhole = at > start && at < start + DIGITS_MAX && (at === start + 1 || bytes[start] !== ZERO);
    if (isWhole && !isNumberByte(bytes[at])) {
      this.#at = at;
      return value;
    }
    while (at < bytes.length && at - start < NUMBER_BYTES_MAX && isNumberByte(bytes[at])) at++;
    const text = bytes.toString('latin1', start, at);
    if (!NUMBER.test(text)) throw this.#broken('json number is not valid', start);
    this.#at = at;
    return Number(text);
  }

  /** A number, undefined for any other value. */
  numberIfAny(): number | undefined {
    this.#blanks();
    const byte = this.#bytes[this.#at];
    if (byte === 0x2d || (byte >= ZERO && byte <= 0x39)) return this.number();
    this.skip();
    return undefined;
  }

  /** Steps over a value, whatever it is. Only its brackets and strings are looked at. */
  skip(): void {
    this.#blanks();
    const bytes = this.#bytes;
    const start = this.#at;
    let depth = 0;
    do {
      const byte = bytes[this.#at];
      if (byte === undefined) throw this.#broken('json ends too early', start);
      if (byte === QUOTE) this.#at = this.#stringEnd();
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
        depth++;
        this.#at++;
      } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        if (depth === 0) throw this.#broken('json value is missing', start);
        depth--;
        this.#at++;
      } else if (depth > 0 && (byte === COMMA || byte === COLON)) this.#at++;
      else this.#word();
      this.#blanks();
    } while (depth > 0);
  }

  /** @throws {FlamelakeError} `invalid_argument` when something but blanks is left */
  end(): void {
    this.#blanks();
    if (this.#at < this.#bytes.length) throw this.#broken('json is followed by something else', this.#at);
  }

  #key(): string {
    const key = this.string();
    this.#expect(COLON);
    return key;
  }

  /** Offset behind the string that begins here. */
  #stringEnd(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    if (bytes[start] !== QUOTE) throw this.#broken('json string is missing', start);
    for (let at = start + 1; at < bytes.length; at++) {
      if (bytes[at] === BACKSLASH) at++;
      else if (bytes[at] === QUOTE) {
        this.#at = at + 1;
        return at + 1;
      }
    }
    throw this.#broken('json ends too early', start);
  }

  #word(): void {
    const start = this.#at;
    while (isWordByte(this.#bytes[this.#at])) this.#at++;
    if (this.#at === start) throw this.#broken('json value is missing', start);
  }

  #expect(byte: number): void {
    if (!this.#take(byte)) {
      throw this.#broken(this.#at < this.#bytes.length ? 'json is not as expected' : 'json ends too early', this.#at, {
        expected: String.fromCharCode(byte),
      });
    }
  }

  #take(byte: number): boolean {
    this.#blanks();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at]) at++;
    this.#at = at;
  }

  #broken(message: string, offset: number, details: Readonly<Record<string, string>> = {}) {
    return malformedText(message, { ...details, offset });
  }
}

function isNumberByte(byte: number): boolean {
  return (byte >= ZERO && byte <= 0x39) || byte === 0x2e || byte === 0x2d || byte === 0x2b || (byte | 0x20) === 0x65;
}

function isWordByte(byte: number): boolean {
  return isNumberByte(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
}
