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
    const text = new TextDecoder().decode(body);
    return fromJsonString(schema, text === '' ? '{}' : text, { ignoreUnknownFields: true });
  } catch (cause) {
    throw new FlamelakeError(
      'invalid_argument',
      'request is not a valid message',
      { message: schema.typeName, form },
      { cause },
    );
  }
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
