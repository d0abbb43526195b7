/** Limits hold while a body is read: on the wire, after inflation, and for all requests together. */
import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createMetrics } from '@flamelake/runtime';
import {
  gatedMethod,
  grpcFrame,
  http2Request,
  METHOD_PATH,
  post,
  startTestServer,
  withSession,
} from './server.test-support.ts';

const MIB = 1_048_576;

/** POSTs a body in chunks of 64 KiB, as fast as it is taken; says how much was sent when the answer came. */
function postForever(port: number, headers: Record<string, string>): Promise<{ status: number; sentBytes: number }> {
  return new Promise((resolve, reject) => {
    const chunk = Buffer.alloc(65_536, 0x20);
    let sentBytes = 0;
    const request = httpRequest({ port, host: '127.0.0.1', path: METHOD_PATH, method: 'POST', headers });
    const more = () => {
      do sentBytes += chunk.length;
      while (request.write(chunk));
    };
    request.on('drain', more);
    request.on('response', (response) => {
      resolve({ status: response.statusCode ?? 0, sentBytes });
      request.destroy();
    });
    request.on('error', reject);
    more();
  });
}

test('a body over the wire limit is refused while it is read', async (t) => {
  const server = await startTestServer({ limits: { wireBytesMax: MIB } });
  t.after(() => server.close(0));
  const { status, sentBytes } = await postForever(server.port, { 'content-type': 'application/json' });
  assert.equal(status, 413);
  assert.ok(sentBytes < 64 * MIB, `${sentBytes} bytes were taken`);
  const stated = await post(server.port, Buffer.alloc(MIB + 1));
  assert.equal(stated.status, 413);
  assert.deepEqual(await stated.json(), {
    code: 'resource_exhausted',
    message: 'request body is larger than the limit (limitBytes=1048576, bytes=1048577)',
  });
  assert.equal(stated.headers.get('retry-after'), null);
  assert.equal((await post(server.port, '{}')).status, 200);
});

test('the same over gRPC, and the connection serves on', async (t) => {
  const server = await startTestServer({ limits: { wireBytesMax: MIB } });
  t.after(() => server.close(0));
  const headers = { ':path': METHOD_PATH, 'content-type': 'application/grpc', te: 'trailers' };
  await withSession(server.port, async (session) => {
    const refused = await http2Request(session, headers, grpcFrame(Buffer.alloc(3 * MIB)));
    assert.equal(refused.headers['grpc-status'], '8');
    const served = await http2Request(session, headers, grpcFrame(new Uint8Array(0)));
    assert.equal(served.trailers['grpc-status'], '0');
  });
});

test('a method may take less than its server', async (t) => {
  const server = await startTestServer({ methods: [{ ...gatedMethod().method, bodyBytesMax: 1000 }] });
  t.after(() => server.close(0));
  assert.equal((await post(server.port, ' '.repeat(1006))).status, 413);
  assert.equal((await post(server.port, gzipSync(' '.repeat(1001)), { 'content-encoding': 'gzip' })).status, 413);
  assert.equal((await post(server.port, gzipSync(`{}${' '.repeat(998)}`), { 'content-encoding': 'gzip' })).status, 200);
});

test('a refused call delivers its answer and leaves its connection usable, or says that it does not', async (t) => {
  const server = await startTestServer({ limits: { wireBytesMax: 200_000 } });
  t.after(() => server.close(0));
  const headers = { ':path': METHOD_PATH, 'content-type': 'application/json' };
  await withSession(server.port, async (session) => {
    for (const size of [200_001, 3 * MIB]) {
      const refused = await http2Request(session, headers, Buffer.alloc(size, 0x20));
      assert.equal(refused.headers[':status'], 413);
      assert.equal(JSON.parse(refused.body.toString()).code, 'resource_exhausted');
    }
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = (body: Buffer, contentType: string) =>
    new Promise<{ status: number; connection: string | undefined }>((resolve, reject) => {
      const options = {
        agent,
        port: server.port,
        path: METHOD_PATH,
        method: 'POST',
        headers: { 'content-type': contentType },
      };
      const request = httpRequest(options, (response) => {
        response.resume().on('end', () => {
          resolve({ status: response.statusCode ?? 0, connection: response.headers.connection });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  for (let round = 0; round < 10; round++) {
    const [tooLarge, farTooLarge] = [Buffer.alloc(200_100, 0x20), Buffer.alloc(2 * MIB, 0x20)];
    assert.deepEqual(await ask(tooLarge, 'application/json'), { status: 413, connection: 'keep-alive' });
    assert.deepEqual(await ask(farTooLarge, 'application/json'), { status: 413, connection: 'close' });
    assert.deepEqual(await ask(Buffer.alloc(100_000), 'text/plain'), { status: 415, connection: 'keep-alive' });
    assert.deepEqual(await ask(Buffer.from('{}'), 'application/json'), { status: 200, connection: 'keep-alive' });
  }
});

test('a gzip bomb is refused in bounded memory, whatever its trailer says', async (t) => {
  const server = await startTestServer();
  t.after(() => server.close(0));
  const member = gzipSync(Buffer.alloc(64 * MIB));
  const gibibyte = Buffer.concat(Array.from({ length: 16 }, () => member));
  const lying = Buffer.from(gibibyte);
  lying.writeUInt32LE(5, lying.length - 4);
  const honest = Buffer.from(gibibyte);
  honest.writeUInt32LE(1024 * MIB, honest.length - 4);
  const kibBefore = process.resourceUsage().maxRSS;
  for (const bomb of [gibibyte, lying, honest]) {
    const zipped = await post(server.port, bomb, { 'content-encoding': 'gzip' });
    assert.equal(zipped.status, 413);
    const headers = {
      ':path': METHOD_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': 'gzip',
    };
    const framed = await withSession(server.port, (session) => http2Request(session, headers, grpcFrame(bomb, 1)));
    assert.equal(framed.headers['grpc-status'], '8');
  }
  const grownMib = (process.resourceUsage().maxRSS - kibBefore) / 1024;
  assert.ok(grownMib < 400, `resident memory grew by ${grownMib} MiB`);
});

test('all requests together hold no more than their budget, and give it back', async (t) => {
  const { method, gate } = gatedMethod();
  const metrics = createMetrics();
  const server = await startTestServer({ methods: [method], metrics, limits: { heldBytesMax: MIB } });
  t.after(() => server.close(0));
  const waiting = post(server.port, JSON.stringify({ name: 'wait', matchers: ['x'.repeat(MIB - 1000)] }));
  await gate.entered();
  const refused = await post(server.port, JSON.stringify({ name: 'n', matchers: ['x'.repeat(1000)] }));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '1');
  const inflated = gzipSync(JSON.stringify({ name: 'n', matchers: ['x'.repeat(5000)] }));
  assert.equal((await post(server.port, inflated, { 'content-encoding': 'gzip' })).status, 429);
  gate.open();
  assert.equal((await waiting).status, 200);
  assert.match(await metrics.text(), /^flamelake_rpc_held_bytes 0$/m);
  assert.equal((await post(server.port, JSON.stringify({ matchers: ['x'.repeat(1000)] }))).status, 200);
});

test('messages larger than every flow control window pass both ways', async (t) => {
  const server = await startTestServer();
  t.after(() => server.close(0));
  const name = `size ${20 * MIB}`;
  const body = Buffer.from(JSON.stringify({ name, matchers: ['y'.repeat(20 * MIB)] }));
  const http1 = (await (await post(server.port, body)).json()) as { names: string[] };
  assert.equal(http1.names[0]?.length, 20 * MIB);
  const headers = { ':path': METHOD_PATH, 'content-type': 'application/grpc+json', te: 'trailers' };
  const http2 = await withSession(server.port, (session) => http2Request(session, headers, grpcFrame(body)));
  assert.equal(http2.trailers['grpc-status'], '0');
  assert.equal(http2.body.length, 20 * MIB + '{"names":[""]}'.length + 5);
});

test('many calls share one connection', async (t) => {
  const server = await startTestServer();
  t.after(() => server.close(0));
  const headers = { ':path': METHOD_PATH, 'content-type': 'application/json' };
  await withSession(server.port, async (session) => {
    const calls = Array.from({ length: 200 }, (_, i) =>
      http2Request(session, headers, Buffer.from(JSON.stringify({ name: `n${i}`, matchers: ['z'.repeat(i * 100)] }))),
    );
    const answers = await Promise.all(calls);
    answers.forEach(({ body }, i) => {
      assert.deepEqual(JSON.parse(body.toString()), { names: [`n${i}`, 'anonymous', 'z'.repeat(i * 100)] });
    });
  });
});
