/**
 * multipart/form-data (RFC 7578) of a body that is whole in memory. Parts are views into the body: nothing is copied.
 */
import { refuse } from '../refusal.ts';

export interface FormPart {
  readonly name: string;
  /** View into the body. */
  readonly content: Uint8Array;
}

/** Most parts in a form; SDKs send at most three. */
export const FORM_PARTS_MAX = 100;
const PART_HEADERS_BYTES_MAX = 16_384;
/** RFC 2046. */
const BOUNDARY_LENGTH_MAX = 70;

const CRLF = '\r\n';
const BOUNDARY = /;\s*boundary=(?:"([^"]*)"|([^\s;]+))/i;
const PART_NAME = /^content-disposition:[^\r\n]*?;[ \t]*name=(?:"((?:[^"\\\r\n]|\\.)*)"|([^\s;]+))/im;

/**
 * Reads the parts in order. Text before the first boundary and behind the last is ignored.
 * @throws {FlamelakeError} `invalid_argument` when the boundary is missing, the form is cut short or has too many parts
 */
export function readMultipart(bytes: Uint8Array, contentType: string): FormPart[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = `--${boundaryOf(contentType)}`;
  const parts: FormPart[] = [];
  let at = firstDelimiter(body, delimiter) + delimiter.length;
  while (!startsWith(body, at, '--')) {
    if (parts.length === FORM_PARTS_MAX) throw malformed('form has too many parts', { limit: FORM_PARTS_MAX });
    const headersStart = endOfLine(body, at);
    // A part without headers has the empty line right away.
    const headersEnd = startsWith(body, headersStart, CRLF)
      ? headersStart
      : body.indexOf(CRLF + CRLF, headersStart) + 2;
    if (headersEnd < headersStart || headersEnd - headersStart > PART_HEADERS_BYTES_MAX) {
      throw malformed('headers of a form part do not end');
    }
    const contentStart = headersEnd + 2;
    // The line break before a boundary belongs to it, and is the empty line itself when the content is empty.
    const contentEnd = body.indexOf(CRLF + delimiter, contentStart - 2);
    if (contentEnd < 0) throw malformed('form has no closing boundary');
    const name = partName(body.toString('latin1', headersStart, headersEnd));
    parts.push({ name, content: bytes.subarray(contentStart, Math.max(contentStart, contentEnd)) });
    at = contentEnd + 2 + delimiter.length;
  }
  return parts;
}

function boundaryOf(contentType: string): string {
  const found = BOUNDARY.exec(contentType);
  const boundary = found?.[1] ?? found?.[2] ?? '';
  if (boundary === '' || boundary.length > BOUNDARY_LENGTH_MAX) {
    throw malformed('content type of a form needs a boundary', { lengthMax: BOUNDARY_LENGTH_MAX });
  }
  return boundary;
}

function firstDelimiter(body: Buffer, delimiter: string): number {
  if (startsWith(body, 0, delimiter)) return 0;
  const found = body.indexOf(CRLF + delimiter);
  if (found < 0) throw malformed('form has no boundary');
  return found + 2;
}

/** Index behind the line that ends a boundary; only blanks may come before its end. */
function endOfLine(body: Buffer, start: number): number {
  const end = body.indexOf(CRLF, start);
  if (end < 0 || body.toString('latin1', start, end).trim() !== '') throw malformed('boundary of a form is not a line');
  return end + 2;
}

function partName(headers: string): string {
  const found = PART_NAME.exec(headers);
  return found?.[1]?.replaceAll(/\\(.)/g, '$1') ?? found?.[2] ?? '';
}

function startsWith(body: Buffer, at: number, text: string): boolean {
  return body.toString('latin1', at, at + text.length) === text;
}

function malformed(message: string, details: Readonly<Record<string, number>> = {}): Error {
  return refuse('malformed_profile', message, details);
}
