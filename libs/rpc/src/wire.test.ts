/** What is said on the wire: statuses, headers, trailers, errors, broken framing. */
import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunningServer } from './index.ts';
import {
  grpcFrame,
  http2Request,
  METHOD_PATH,
  post,
  requestMessage,
  startTestServer,
  withSession,
} from './server.test-support.ts';

let server: RunningServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close(0));

describe('Connect', () => {
  test('JSON in and out, no protocol version, headers of the method', async () => {
    const answer = await post(server.port, '{"name":"n","unknown":{"a":[1]},"start":"5","end":6}');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('x-flamelake-commit'), 'token');
    assert.deepEqual(await answer.json(), { names: ['n', 'anonymous'] });
  });

  test('gzip both ways; an empty body is an empty message', async () => {
    const zipped = await post(server.port, gzipSync('{"name":"size 5000"}'), { 'content-encoding': 'gzip' });
    assert.equal(zipped.headers.get('content-encoding'), 'gzip');
    assert.deepEqual(await zipped.json(), { names: ['x'.repeat(5000)] });
    const plain = await post(server.port, '{"name":"size 5000"}', { 'accept-encoding': 'gzip;q=0, identity' });
    assert.equal(plain.headers.get('content-encoding'), null);
    for (const headers of [{}, { 'content-encoding': 'gzip' }, { 'content-type': 'application/proto' }]) {
      assert.equal((await post(server.port, '', headers as Record<string, string>)).status, 200);
    }
  });

  const refused: [string, string | Uint8Array, Record<string, string>, number, string][] = [
    ['an error of the method', '{"name":"fail"}', {}, 404, 'not_found: no ü here, 100% (end=0)'],
    [
      'an error, asked in proto',
      requestMessage('fail'),
      { 'content-type': 'application/proto' },
      404,
      'not_found: no ü here, 100% (end=0)',
    ],
    ['a crash tells nothing', '{"name":"crash"}', {}, 500, 'internal: internal error'],
    [
      'gzip that is none',
      'x'.repeat(30),
      { 'content-encoding': 'gzip' },
      400,
      'invalid_argument: body is not gzip (bytes=30)',
    ],
    [
      'gzip cut short',
      gzipSync('{"name":"n"}').subarray(0, 20),
      { 'content-encoding': 'gzip' },
      400,
      'invalid_argument: body is not gzip (bytes=20)',
    ],
    [
      'an unknown encoding',
      'x',
      { 'content-encoding': 'br' },
      501,
      'unimplemented: compression is not known, use gzip or none (encoding=br)',
    ],
    [
      'a bad timeout',
      '{}',
      { 'connect-timeout-ms': '-1' },
      400,
      'invalid_argument: timeout header is malformed (header=connect-timeout-ms, value=-1)',
    ],
    [
      'a deadline',
      '{"name":"hang"}',
      { 'connect-timeout-ms': '20' },
      504,
      'deadline_exceeded: deadline passed (timeoutMs=20)',
    ],
    [
      'broken JSON',
      '{',
      {},
      400,
      `invalid_argument: request is not a valid message (message=types.v1.LabelValuesRequest, form=json, reason=${jsonError('{')})`,
    ],
  ];
  for (const [what, body, headers, status, text] of refused) {
    test(what, async () => {
      const answer = await post(server.port, body, headers);
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      const error = (await answer.json()) as { code: string; message: string };
      assert.equal(`${error.code}: ${error.message}`, text);
    });
  }

  test('a limit says when to come again', async () => {
    const answer = await post(server.port, '{"name":"busy"}');
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get('retry-after'), '1');
  });

  test('other methods, content types and paths', async () => {
    const base = `http://127.0.0.1:${server.port}`;
    const get = await fetch(base + METHOD_PATH);
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
    const text = await post(server.port, 'x', { 'content-type': 'text/plain' });
    assert.equal(text.status, 415);
    assert.match(text.headers.get('accept-post') ?? '', /application\/grpc-web\+json/);
    assert.equal((await post(server.port, '{}', { 'content-type': 'application/json; charset=utf-8' })).status, 200);
    const unknown = await fetch(`${base}/vcs.v1.VCSService/GithubApp`, { method: 'POST', body: '{}' });
    assert.equal(unknown.status, 404);
    assert.equal(((await unknown.json()) as { code: string }).code, 'unimplemented');
    assert.equal(await (await fetch(`${base}/ready?x=1`)).text(), 'no /ready?x=1');
    assert.equal((await post(server.port, '', { 'content-type': 'application/grpc' })).status, 505);
  });
});

describe('gRPC', () => {
  const grpc = (body: Uint8Array, headers: Record<string, string> = {}) =>
    withSession(server.port, (session) =>
      http2Request(
        session,
        { ':path': METHOD_PATH, 'content-type': 'application/grpc', te: 'trailers', ...headers },
        body,
      ),
    );

  test('a message and its trailers', async () => {
    const { headers, trailers, body } = await grpc(grpcFrame(requestMessage('n')));
    assert.equal(headers[':status'], 200);
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(headers['x-flamelake-commit'], 'token');
    assert.equal(headers['grpc-status'], undefined);
    assert.equal(trailers['grpc-status'], '0');
    assert.equal(body.toString('latin1', 5), '\n\x01n\n\x09anonymous');
  });

  test('gzip both ways', async () => {
    const answer = await grpc(grpcFrame(gzipSync(requestMessage('size 5000')), 1), {
      'grpc-encoding': 'gzip',
      'grpc-accept-encoding': 'identity,gzip',
    });
    assert.equal(answer.headers['grpc-encoding'], 'gzip');
    assert.equal(answer.body[0], 1);
    assert.equal(gunzipSync(answer.body.subarray(5)).length, 5003);
  });

  test('an error is said in headers, its message percent-encoded', async () => {
    const { headers, body } = await grpc(grpcFrame(requestMessage('fail')));
    assert.equal(headers['grpc-status'], '5');
    assert.equal(headers['grpc-message'], 'no %C3%BC here, 100%25 (end=0)');
    assert.equal(body.length, 0);
  });

  const message = grpcFrame(requestMessage('n'));
  const broken: [string, Uint8Array, Record<string, string>, string][] = [
    ['no frame', new Uint8Array(0), {}, '12'],
    ['two frames', Buffer.concat([message, message]), {}, '12'],
    ['a frame longer than the body', Buffer.concat([Buffer.of(0, 0, 0, 1, 0), message]), {}, '3'],
    ['a prefix cut short', message.subarray(0, 3), {}, '3'],
    ['unknown flags', grpcFrame(requestMessage('n'), 2), {}, '3'],
    ['compressed without saying how', grpcFrame(gzipSync(requestMessage('n')), 1), {}, '13'],
    ['an unknown encoding, not used', message, { 'grpc-encoding': 'snappy' }, '12'],
    ['compressed in an unknown way', grpcFrame(gzipSync('x'), 1), { 'grpc-encoding': 'snappy' }, '12'],
    ['gzip that is none', grpcFrame(Buffer.alloc(40, 7), 1), { 'grpc-encoding': 'gzip' }, '3'],
    ['a broken message', grpcFrame(Buffer.of(0x0a, 0x05, 0x41)), {}, '3'],
    ['a bad timeout', message, { 'grpc-timeout': '5' }, '3'],
    ['a deadline', grpcFrame(requestMessage('hang')), { 'grpc-timeout': '20m' }, '4'],
    ['an unknown method', message, { ':path': '/querier.v1.QuerierService/Nothing' }, '12'],
    ['an unknown service', message, { ':path': '/nothing' }, '12'],
  ];
  for (const [what, body, headers, status] of broken) {
    test(what, async () => {
      const answer = await grpc(body, headers);
      assert.equal(answer.headers[':status'], 200);
      assert.equal(answer.headers['grpc-status'], status);
    });
  }
});

test('gRPC-Web ends in a frame of trailers', async () => {
  const ask = async (name: string) => {
    const body = grpcFrame(requestMessage(name));
    const answer = await post(server.port, body, { 'content-type': 'application/grpc-web+proto' });
    assert.equal(answer.headers.get('content-type'), 'application/grpc-web+proto');
    return Buffer.from(await answer.arrayBuffer());
  };
  const good = await ask('n');
  const size = good.readUInt32BE(1);
  assert.deepEqual(good.subarray(5 + size), grpcFrame(Buffer.from('grpc-status: 0\r\n'), 0x80));
  const bad = grpcFrame(Buffer.from('grpc-status: 5\r\ngrpc-message: no %C3%BC here, 100%25 (end=0)\r\n'), 0x80);
  assert.deepEqual(await ask('fail'), bad);
});

test('an HTTP/2 preface may arrive byte by byte, and so may an HTTP/1.1 request', async () => {
  const talk = (bytes: Buffer, isDone: (got: Buffer) => boolean) =>
    new Promise<Buffer>((resolve, reject) => {
      const socket = connectSocket({ port: server.port, host: '127.0.0.1', noDelay: true });
      let got = Buffer.alloc(0);
      const next = (at: number) => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      socket.on('connect', () => next(0));
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (!isDone(got)) return;
        socket.destroy();
        resolve(got);
      });
    });
  const settings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
  const http2 = await talk(
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings]),
    (got) => got.length >= 9,
  );
  assert.equal(http2[3], 4, 'a SETTINGS frame');
  const text = `POST ${METHOD_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"name":"n"}`;
  const http1 = await talk(Buffer.from(text), (got) => got.includes('anonymous'));
  assert.match(http1.toString(), /^HTTP\/1.1 200 OK/);
});

/** What this Node says of broken JSON, in the words of the decoder. */
function jsonError(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return `cannot decode message types.v1.LabelValuesRequest from JSON: ${(error as Error).message}`;
  }
  return assert.fail('is no broken JSON');
}
