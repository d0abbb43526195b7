/**
 * gRPC and gRPC-Web, unary. Both frame messages alike; gRPC ends in HTTP/2 trailers, gRPC-Web in a frame of its own.
 *
 *     0  flags   1 byte   1: compressed, 0x80: the trailers of gRPC-Web
 *     1  size    4 bytes  big-endian
 *     5  message size bytes
 *
 * Source: grpc/doc PROTOCOL-HTTP2 and PROTOCOL-WEB.
 */
import { CODE_MEANINGS, describeError, FlamelakeError } from '@flamelake/model';
import { acceptsGzip, deflate } from './compression.ts';
import { type Protocol, unknownEncoding } from './protocol.ts';
import { parseGrpcTimeout } from './timeouts.ts';
import { type BodyForm, headerValue } from './unary-method.ts';

/** Flags and size before a message. */
export const FRAME_PREFIX_BYTES = 5;
const COMPRESSED = 1;
const TRAILERS = 0x80;
/** Longest `grpc-message` before encoding; trailers must fit clients' header limits. */
const MESSAGE_CHARS_MAX = 1024;

/** @param contentType - of the request, without parameters: the answer has the same */
export function grpcUnary(name: 'grpc' | 'grpc_web', form: BodyForm, contentType: string): Protocol {
  const finish = (frames: Uint8Array[], headers: Record<string, string>, trailers: Record<string, string>) => {
    if (name === 'grpc') return { status: 200, headers, body: frames, trailers };
    const lines = Object.entries(trailers).map(([key, value]) => `${key}: ${value}\r\n`);
    const body = [...frames, ...frame(TRAILERS, Buffer.from(lines.join('')))];
    return { status: 200, headers, body };
  };
  const head = () => ({ 'content-type': contentType, 'grpc-accept-encoding': 'gzip,identity' });
  return {
    name,
    form,
    timeoutMs: (headers) => parseGrpcTimeout(headerValue(headers, 'grpc-timeout')),
    async unwrap(body, headers, inflate) {
      const encoding = headerValue(headers, 'grpc-encoding') ?? 'identity';
      if (encoding !== 'gzip' && encoding !== 'identity') throw unknownEncoding(encoding);
      const { flags, message } = onlyFrame(body);
      if (flags === 0) return message;
      if (flags !== COMPRESSED) throw malformed('grpc frame has unknown flags', { flags });
      // The one fault of a client for which gRPC asks for this code.
      if (encoding === 'identity')
        throw new FlamelakeError('internal', 'grpc frame is compressed without grpc-encoding');
      return inflate(message);
    },
    async success(message, headers) {
      const accepted = headerValue(headers, 'grpc-accept-encoding');
      const compressed = await deflate(message, accepted);
      const answer: Record<string, string> = head();
      if (acceptsGzip(accepted)) answer['grpc-encoding'] = 'gzip';
      const frames = compressed === undefined ? frame(0, message) : frame(COMPRESSED, compressed);
      return finish(frames, answer, { 'grpc-status': '0' });
    },
    failure(error) {
      const trailers = {
        'grpc-status': String(CODE_MEANINGS[error.code].grpc),
        'grpc-message': percentEncode(describeError(error).slice(0, MESSAGE_CHARS_MAX)),
      };
      // Without a message gRPC sends its trailers as headers.
      if (name === 'grpc') return { status: 200, headers: { ...head(), ...trailers }, body: [] };
      return finish([], head(), trailers);
    },
  };
}

function frame(flags: number, message: Uint8Array): Uint8Array[] {
  const prefix = Buffer.alloc(FRAME_PREFIX_BYTES);
  prefix.writeUInt8(flags, 0);
  prefix.writeUInt32BE(message.length, 1);
  return [prefix, message];
}

/** A unary request is exactly one frame. */
function onlyFrame(body: Uint8Array): { flags: number; message: Uint8Array } {
  if (body.length === 0) throw new FlamelakeError('unimplemented', 'unary call without a message');
  if (body.length < FRAME_PREFIX_BYTES) throw malformed('grpc frame is cut short', { bytes: body.length });
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const size = view.getUint32(1);
  const rest = body.length - FRAME_PREFIX_BYTES;
  if (size > rest) throw malformed('grpc frame is cut short', { size, rest });
  if (size < rest) throw new FlamelakeError('unimplemented', 'unary call with more than one message');
  return { flags: view.getUint8(0), message: body.subarray(FRAME_PREFIX_BYTES) };
}

function malformed(message: string, details: Record<string, number>): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}

/** UTF-8 with every byte but printable ASCII, and `%` itself, as `%XX`. */
export function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
