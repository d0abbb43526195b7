/**
 * Small messages through protobuf-es. Large answers are written by hand (ByteWriter): reflection costs 5 to 25 times as much.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  fromJsonString,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { FlamelakeError } from '@flamelake/model';
import type { BodyForm } from './unary-method.ts';

/** Most values, names included, in a JSON request: parsed, each takes far more memory than it takes text. */
const JSON_VALUES_MAX = 1_000_000;
const REASON_LENGTH_MAX = 200;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/**
 * Decodes a message. JSON may use lowerCamelCase or original names, int64 as number or string; unknown fields and enum names
 * are ignored. An empty JSON body is an empty message.
 * @throws {FlamelakeError} `invalid_argument` when the bytes are no such message
 */
export function decodeMessage<Desc extends DescMessage>(
  schema: Desc,
  body: Uint8Array,
  form: BodyForm,
): MessageShape<Desc> {
  try {
    if (form === 'proto') return fromBinary(schema, body, { readUnknownFields: false });
    checkJsonValues(body);
    const text = new TextDecoder().decode(body);
    return fromJsonString(schema, text === '' ? '{}' : text, { ignoreUnknownFields: true });
  } catch (cause) {
    if (cause instanceof FlamelakeError) throw cause;
    throw new FlamelakeError(
      'invalid_argument',
      'request is not a valid message',
      { message: schema.typeName, form, reason: reasonOf(cause) },
      { cause },
    );
  }
}

/** What the decoder says is wrong; it may quote the request, so only its beginning. */
function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, REASON_LENGTH_MAX);
}

/** Encodes a message given by its fields. JSON: lowerCamelCase, int64 as strings, zero values omitted. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  fields: MessageInitShape<Desc>,
  form: BodyForm,
): Uint8Array {
  const message = create(schema, fields);
  return form === 'proto' ? toBinary(schema, message) : new TextEncoder().encode(toJsonString(schema, message));
}

/** Counts what stands between values, outside of strings. */
function checkJsonValues(body: Uint8Array): void {
  let values = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = stringEnd(body, at);
    else if (byte === COMMA || byte === COLON || byte === OPEN_ARRAY || byte === OPEN_OBJECT) values++;
  }
  if (values > JSON_VALUES_MAX) {
    throw new FlamelakeError('invalid_argument', 'request has too many values', { values, limit: JSON_VALUES_MAX });
  }
}

/** Offset of the quote that ends the string begun at `start`, or of the end of the text. */
function stringEnd(body: Uint8Array, start: number): number {
  for (let at = body.indexOf(QUOTE, start + 1); at >= 0; at = body.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (body[at - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return body.length;
}
