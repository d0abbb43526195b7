/**
 * String literals as PromQL writes them: `"…"` and `'…'` with Go's escapes, `` `…` `` raw.
 * Source: the Prometheus query language, "String literals".
 */
import { FlamelakeError } from './error.ts';

/** A literal as read: its value, and the index just behind its closing quote. */
export interface QuotedString {
  readonly value: string;
  readonly end: number;
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  '\\': 0x5c,
};

/** Digits and base of the escapes that carry a number; an octal digit itself begins the fourth kind. */
const NUMBER_ESCAPES: Readonly<Record<string, { readonly digits: number; readonly isByte: boolean }>> = {
  x: { digits: 2, isByte: true },
  u: { digits: 4, isByte: false },
  U: { digits: 8, isByte: false },
};

/**
 * Reads the literal whose opening quote is at `start`.
 * @throws {FlamelakeError} `invalid_argument` with the position, when it does not end, an escape is unknown,
 * or byte escapes (`\xff`, `\377`) do not form UTF-8
 */
export function readQuotedString(text: string, start: number): QuotedString {
  const quote = text.charAt(start);
  if (quote === '`') {
    const close = text.indexOf('`', start + 1);
    if (close < 0) throw unterminated(start);
    return { value: text.slice(start + 1, close), end: close + 1 };
  }
  const close = closingQuote(text, start, quote);
  const body = text.slice(start + 1, close);
  return { value: body.includes('\\') ? unescape(body, start + 1, quote) : body, end: close + 1 };
}

function closingQuote(text: string, start: number, quote: string): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === quote) return i;
    if (c === '\n') break;
    if (c === '\\') i++;
  }
  throw unterminated(start);
}

/** Escapes may spell single bytes, so the value is put together as UTF-8. */
function unescape(body: string, bodyStart: number, quote: string): string {
  const chunks: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let i = 0;
  while (i < body.length) {
    const slash = body.indexOf('\\', i);
    if (slash < 0) {
      chunks.push(encoder.encode(body.slice(i)));
      break;
    }
    chunks.push(encoder.encode(body.slice(i, slash)));
    const escape = readEscape(body, slash, bodyStart, quote);
    chunks.push(escape.isByte ? Uint8Array.of(escape.value) : encoder.encode(String.fromCodePoint(escape.value)));
    i = slash + escape.length;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new FlamelakeError(
      'invalid_argument',
      'string literal is not valid UTF-8',
      { position: bodyStart },
      { cause },
    );
  }
}

function readEscape(
  body: string,
  slash: number,
  bodyStart: number,
  quote: string,
): { value: number; length: number; isByte: boolean } {
  const kind = body.charAt(slash + 1);
  if (kind === quote) return { value: quote.charCodeAt(0), length: 2, isByte: true };
  const simple = SIMPLE_ESCAPES[kind];
  if (simple !== undefined) return { value: simple, length: 2, isByte: true };
  if (kind >= '0' && kind <= '7') {
    const digits = body.slice(slash + 1, slash + 4);
    const value = Number.parseInt(digits, 8);
    if (/^[0-7]{3}$/.test(digits) && value <= 0xff) return { value, length: 4, isByte: true };
  }
  const number = NUMBER_ESCAPES[kind];
  if (number !== undefined) {
    const digits = body.slice(slash + 2, slash + 2 + number.digits);
    const value = Number.parseInt(digits, 16);
    const isScalar = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
    if (/^[0-9a-fA-F]+$/.test(digits) && digits.length === number.digits && (number.isByte || isScalar)) {
      return { value, length: 2 + number.digits, isByte: number.isByte };
    }
  }
  throw new FlamelakeError('invalid_argument', 'string literal has an unknown escape', {
    position: bodyStart + slash,
    escape: body.slice(slash, slash + 2),
    expected: 'one of \\a \\b \\f \\n \\r \\t \\v \\\\ \\xhh \\ooo \\uhhhh \\Uhhhhhhhh or the quote itself',
  });
}

function unterminated(position: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'string literal does not end', { position, expected: 'closing quote' });
}
