/** Clients that go, servers that close, plain HTTP beside RPC, TLS. */
import assert from 'node:assert/strict';
import { Agent, get as httpGet, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { get as httpsGet, type RequestOptions } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { exchangeable, makeCertificate } from './certificates.test-support.ts';
import {
  gatedMethod,
  grpcFrame,
  http2Request,
  METHOD_PATH,
  post,
  requestMessage,
  startTestServer,
  withSession,
} from './server.test-support.ts';

const GRPC = { ':path': METHOD_PATH, 'content-type': 'application/grpc', te: 'trailers' };

test('a client that goes aborts its call, over both versions', async (t) => {
  for (const version of [1, 2]) {
    const { method, gate } = gatedMethod();
    const server = await startTestServer({ methods: [method] });
    t.after(() => server.close(0));
    if (version === 1) {
      const request = httpRequest({
        port: server.port,
        path: METHOD_PATH,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      request.on('error', () => {});
      request.end('{"name":"hang"}');
      await gate.entered();
      request.destroy();
    } else {
      const session = connect(`http://127.0.0.1:${server.port}`);
      const stream = session.request({ ':method': 'POST', ...GRPC });
      stream.end(grpcFrame(requestMessage('hang')));
      await gate.entered();
      stream.close();
      t.after(() => session.destroy());
    }
    assert.equal(((await gate.aborted) as { code: string }).code, 'canceled');
  }
});

test('closing lets calls in flight finish and takes no new connections', async () => {
  const { method, gate } = gatedMethod();
  const server = await startTestServer({ methods: [method] });
  const agent = new Agent({ keepAlive: true });
  const idle = connectSocket(server.port, '127.0.0.1');
  const idleClosed = new Promise((resolve) => idle.on('close', resolve));
  await new Promise((resolve) => idle.on('connect', resolve));
  const http1 = new Promise<{ status: number; connection: string | undefined }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const request = httpRequest(
      { agent, port: server.port, path: METHOD_PATH, method: 'POST', headers },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
        );
      },
    );
    request.on('error', reject);
    request.end('{"name":"wait"}');
  });
  const session = connect(`http://127.0.0.1:${server.port}`);
  const http2 = http2Request(session, GRPC, grpcFrame(requestMessage('wait')));
  await gate.entered(2);
  let isClosed = false;
  const closing = server.close(30_000).then(() => {
    isClosed = true;
  });
  await idleClosed;
  await assert.rejects(post(server.port, '{}'));
  assert.equal(isClosed, false);
  gate.open();
  assert.equal((await http1).status, 200);
  assert.equal((await http2).trailers['grpc-status'], '0');
  await closing;
  agent.destroy();
});

test('closing cuts what outlasts the grace', async () => {
  const { method, gate } = gatedMethod();
  const server = await startTestServer({ methods: [method] });
  const hanging = post(server.port, '{"name":"hang"}');
  const refused = assert.rejects(hanging);
  await gate.entered();
  await server.close(10);
  await refused;
});

test('Express serves plain HTTP over both versions and never sees an HTTP/2 request', async (t) => {
  const app = express();
  app.post('/ingest', express.raw({ type: '*/*', limit: '10mb' }), (request, response) => {
    const { body, httpVersion, originalUrl, headers, ip } = request;
    response.set('x-seen', [httpVersion, originalUrl, headers['x-scope-orgid'], ip].join(' ')).status(201);
    response.json({ bytes: (body as Buffer).length });
  });
  app.get('/crash', () => {
    throw new Error('on purpose');
  });
  app.get('/length', (_, response) => {
    response.type('text').send('12345');
  });
  app.get('/empty', (_, response) => {
    response.status(204).end();
  });
  app.get('/stream', (_, response) => {
    response.write('a');
    response.write('b');
    response.end('c');
  });
  app.use((error: Error, _: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(500).send(error.message);
  });
  const server = await startTestServer({ http: app });
  t.after(() => server.close(0));
  await withSession(server.port, async (session) => {
    const headers = { ':path': '/ingest?name=app', 'x-scope-orgid': 'a', 'content-type': 'application/octet-stream' };
    const answers = await Promise.all(
      [0, 1, 3_000_000].map((size) => http2Request(session, headers, Buffer.alloc(size, 1))),
    );
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      ['{"bytes":0}', '{"bytes":1}', '{"bytes":3000000}'],
    );
    assert.deepEqual(
      [answers[2]?.headers[':status'], answers[2]?.headers['x-seen']],
      [201, '1.1 /ingest?name=app a 127.0.0.1'],
    );
    assert.equal((await http2Request(session, { ':path': '/stream' }, undefined)).body.toString(), 'abc');
    const crash = await http2Request(session, { ':path': '/crash' }, undefined);
    assert.deepEqual([crash.headers[':status'], crash.body.toString()], [500, 'on purpose']);
    const head = await http2Request(session, { ':method': 'HEAD', ':path': '/length' }, undefined);
    assert.deepEqual([head.headers['content-length'], head.body.length], ['5', 0]);
    assert.equal((await http2Request(session, { ':path': '/empty' }, undefined)).headers[':status'], 204);
    assert.equal((await http2Request(session, { ':path': '/none' }, undefined)).headers[':status'], 404);
  });
  const http1 = await fetch(`http://127.0.0.1:${server.port}/ingest?name=app`, {
    method: 'POST',
    body: 'xyz',
    headers: { 'x-scope-orgid': 'a' },
  });
  assert.equal(http1.headers.get('x-seen'), '1.1 /ingest?name=app a 127.0.0.1');
});

test('TLS speaks both versions on its one port, and shows a changed certificate to who connects then', async () => {
  const [first, second] = [makeCertificate('first'), makeCertificate('second')];
  const tls = exchangeable({ cert: first.cert, key: first.key });
  const server = await startTestServer({ tls });
  const url = `https://localhost:${server.port}`;
  const session = connect(url, { ca: first.cert });
  const answer = await http2Request(session, GRPC, grpcFrame(requestMessage('n')));
  assert.equal(answer.trailers['grpc-status'], '0');
  const plain = await http2Request(session, { ':path': '/ready' }, undefined);
  assert.equal(plain.body.toString(), 'no /ready');
  assert.equal(await httpsStatus(url, { ca: first.cert }), 404);
  await assert.rejects(httpsStatus(url, { ca: second.cert }));
  await assert.rejects(fetch(`http://localhost:${server.port}/`));

  tls.exchange({ cert: second.cert, key: second.key });
  assert.equal(await httpsStatus(url, { ca: second.cert }), 404);
  await assert.rejects(httpsStatus(url, { ca: first.cert }));
  const old = await http2Request(session, GRPC, grpcFrame(requestMessage('n')));
  assert.equal(old.trailers['grpc-status'], '0', 'who is connected stays so');
  session.close();
  await server.close(1000);
});

test('with an authority for clients, who shows no certificate of it is not served', async () => {
  const [ours, theirs] = [makeCertificate('ours'), makeCertificate('theirs')];
  const server = await startTestServer({ tls: exchangeable(ours) });
  const url = `https://localhost:${server.port}`;
  const { ca, cert, key } = ours;
  assert.equal(await httpsStatus(url, { ca, cert, key }), 404);
  await assert.rejects(httpsStatus(url, { ca }));
  await assert.rejects(httpsStatus(url, { ...theirs, ca }));
  await server.close(1000);
});

/** Status of a GET on a connection of its own. */
function httpsStatus(url: string, tls: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpsGet(url, { ...tls, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

test('a silent connection is closed', async (t) => {
  const server = await startTestServer({ limits: { firstBytesTimeoutMs: 20 } });
  t.after(() => server.close(0));
  const socket = connectSocket(server.port, '127.0.0.1');
  socket.write('PRI * HT');
  await new Promise((resolve) => socket.on('close', resolve).resume());
  await new Promise((resolve, reject) => {
    httpGet({ port: server.port, path: '/' }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
});
