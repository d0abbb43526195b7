/** Limits of a tenant's bodies over gRPC's own framing: the code of its trailers, and a message that says whose limit it is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startTestServer } from '../distributor-server.test-support.ts';

const OTLP = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export';
const PUSH = '/push.v1.PusherService/Push';
const RESOURCE_EXHAUSTED = '8';
/** Bytes of a body on the wire; inflated it may have four times as many. */
const LIMIT = 1_000;

/** An unknown field of so many bytes in all: a message that is right, and empty to who knows it not. */
function messageOf(bytes: number): Buffer {
  const message = Buffer.alloc(bytes, 0x78);
  // Field 2047, of which the length takes two bytes.
  message.set([0xfa, 0x7f, ((bytes - 4) & 0x7f) | 0x80, (bytes - 4) >> 7]);
  return message;
}

function frameOf(message: Uint8Array, isCompressed: boolean): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isCompressed ? 1 : 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** One unary call. @returns status and message as gRPC says them, in trailers or, without an answer, in headers */
async function call(url: string, path: string, tenant: string, message: Buffer, encoding: 'gzip' | 'identity') {
  const session = connect(url);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': encoding,
      'x-scope-orgid': tenant,
    });
    let found: Record<string, string | undefined> = {};
    const keep = (headers: object) => {
      found = { ...found, ...headers };
    };
    stream.on('response', keep).on('trailers', keep).resume();
    stream.end(frameOf(encoding === 'gzip' ? gzipSync(message) : message, encoding === 'gzip'));
    await once(stream, 'end');
    return { status: found['grpc-status'], text: decodeURIComponent(found['grpc-message'] ?? '') };
  } finally {
    session.destroy();
  }
}

/** What is answered within the limit: nothing was pushed, which push.v1 refuses. */
const ANSWERED = [
  [OTLP, '0'],
  [PUSH, '3'],
] as const;
for (const [path, answered] of ANSWERED) {
  test(`${path}: a message over its tenant's limit is refused in words, on the wire and inflated`, async () => {
    const bodyLimitsOf = (tenant: string) => {
      const wireBytesMax = tenant === 'small' ? LIMIT : 100 * LIMIT;
      return { wireBytesMax, inflatedBytesMax: wireBytesMax * 4 };
    };
    await using server = await startTestServer({ multitenancy: true, bodyLimitsOf });
    const sent = [
      { message: messageOf(LIMIT + 1), encoding: 'identity', limit: LIMIT },
      // Of a few bytes on the wire.
      { message: messageOf(4 * LIMIT + 1), encoding: 'gzip', limit: 4 * LIMIT },
    ] as const;
    for (const { message, encoding, limit } of sent) {
      const { status, text } = await call(server.url, path, 'small', message, encoding);
      assert.equal(status, RESOURCE_EXHAUSTED, text);
      const names = [`limitBytes=${limit}\\b`, 'bytes=\\d+', 'tenant=small\\b', 'key=limits\\.body-size-max'];
      for (const name of names) assert.match(text, new RegExp(name));
      const other = await call(server.url, path, 'other', message, encoding);
      assert.doesNotMatch(other.text, /limits\.body-size-max/);
    }
    const small = await call(server.url, path, 'small', messageOf(LIMIT - 5), 'identity');
    assert.equal(small.status, answered, small.text);
    assert.equal(server.distributor.budget.inUse, 0);
  });
}
