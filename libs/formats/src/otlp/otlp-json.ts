/**
 * The JSON form of an OTLP request as protobuf: names in lowerCamelCase or as in the schema, 64 bit numbers as numbers or text,
 * bytes in base64, ids in hex (as OTLP has it) or base64 (as protobuf's JSON has it). Names it does not know are passed over.
 */
import { FlamelakeError } from '@flamelake/model';
import { ByteWriter } from '../byte-writer.ts';
import { type FieldKind, MESSAGES, type MessageName } from './otlp-messages.ts';

/** Parsed, a request takes many times its text: larger ones are to come as protobuf. */
const TEXT_BYTES_MAX = 67_108_864;
const OBJECTS_MAX = 2_000_000;
const NUMBERS_MAX = 16_000_000;
/** Only values in values nest without end. */
const NESTING_MAX = 32;
const OPEN_OBJECT = 0x7b;
const COMMA = 0x2c;
const HEX = /^[0-9a-fA-F]*$/;
const INTEGER = /^-?\d{1,20}$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** @throws {FlamelakeError} `invalid_argument` when the text is no such request, or larger than is read as JSON */
export function otlpJsonToProto(text: Uint8Array): Uint8Array {
  checkSize(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(UTF8.decode(text));
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'otlp request is not json', { bytes: text.length }, { cause });
  }
  const out = new ByteWriter(text.length >>> 1);
  writeMessage(out, parsed, 'Request', 0);
  return out.view();
}

function checkSize(text: Uint8Array): void {
  let objects = 0;
  let commas = 0;
  for (const byte of text) {
    if (byte === OPEN_OBJECT) objects++;
    else if (byte === COMMA) commas++;
  }
  if (text.length <= TEXT_BYTES_MAX && objects <= OBJECTS_MAX && commas <= NUMBERS_MAX) return;
  throw new FlamelakeError('invalid_argument', 'otlp request is too large for json, send it as protobuf', {
    bytes: text.length,
    limitBytes: TEXT_BYTES_MAX,
    objects,
    limitObjects: OBJECTS_MAX,
  });
}

function writeMessage(out: ByteWriter, value: unknown, name: MessageName, depth: number): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object');
  if (depth > NESTING_MAX) throw wrong(name, 'less nesting');
  const fields = MESSAGES[name];
  for (const [key, content] of Object.entries(value)) {
    const camel = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const field = Object.hasOwn(fields, camel) ? fields[camel] : undefined;
    if (field === undefined || content === null || content === undefined) continue;
    const where = `${name}.${key}`;
    if (!field.isList) writeField(out, field.number, field.kind, content, where, depth);
    else if (!Array.isArray(content)) throw wrong(where, 'a list');
    else if (field.kind === 'number' || field.kind === 'fixed64') {
      const packed = new ByteWriter(16);
      for (const element of content) writeNumber(packed, field.kind, element, where);
      writeBytes(out, field.number, packed.view());
    } else for (const element of content) writeField(out, field.number, field.kind, element, where, depth);
  }
}

function writeField(
  out: ByteWriter,
  number: number,
  kind: FieldKind,
  content: unknown,
  where: string,
  depth: number,
): void {
  if (kind === 'number' || kind === 'fixed64') {
    out.varint((number << 3) | (kind === 'number' ? 0 : 1));
    writeNumber(out, kind, content, where);
  } else if (kind === 'text' || kind === 'bytes' || kind === 'id') {
    if (typeof content !== 'string') throw wrong(where, 'text');
    writeBytes(out, number, kind === 'text' ? Buffer.from(content, 'utf8') : bytesOf(content, kind, where));
  } else {
    const message = new ByteWriter(64);
    writeMessage(message, content, kind, depth + 1);
    writeBytes(out, number, message.view());
  }
}

function writeBytes(out: ByteWriter, number: number, bytes: Uint8Array): void {
  out.varint((number << 3) | 2);
  out.varint(bytes.length);
  out.bytes(bytes);
}

function writeNumber(out: ByteWriter, kind: 'number' | 'fixed64', content: unknown, where: string): void {
  if (typeof content === 'number' && Number.isSafeInteger(content) && content >= 0 && kind === 'number') {
    out.varint(content);
    return;
  }
  const isNumber = typeof content === 'number' && Number.isInteger(content);
  if (!isNumber && !(typeof content === 'string' && INTEGER.test(content))) throw wrong(where, 'a whole number');
  const value = BigInt.asUintN(64, BigInt(content));
  if (kind === 'number') out.varint64(value);
  else {
    out.uint32(Number(value & 0xffff_ffffn));
    out.uint32(Number(value >> 32n));
  }
}

function bytesOf(text: string, kind: 'bytes' | 'id', where: string): Uint8Array {
  // 16 bytes are 32 hex digits or 24 of base64, 8 bytes 16 or 12.
  const isHex = kind === 'id' && (text.length === 32 || text.length === 16) && HEX.test(text);
  if (isHex) return Buffer.from(text, 'hex');
  if (!/^[\w+/-]*={0,2}$/.test(text)) throw wrong(where, kind === 'id' ? 'an id in hex or base64' : 'base64');
  return Buffer.from(text, 'base64');
}

function wrong(where: string, expected: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'otlp request has the wrong form', { where, expected });
}
