/** The S3 driver against answers that real servers give rarely. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import type { FlamelakeError } from '@flamelake/model';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { type AnsweringServer, type SeenRequest, startAnsweringServer } from './answering-server.test-support.ts';
import type { RemoteStore } from './remote-store.ts';
import { createS3Store, type S3StoreOptions } from './s3-store.ts';

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

type Answer = (request: SeenRequest, response: ServerResponse, number: number) => void;

async function open(
  answer: Answer,
  options: Partial<S3StoreOptions> = {},
): Promise<{ store: RemoteStore; server: AnsweringServer }> {
  const server = await startAnsweringServer(answer);
  const store = createS3Store({
    clock: systemClock,
    random: systemRandom,
    endpoint: server.origin,
    bucket: 'bucket',
    region: 'us-east-1',
    credentials: async () => ({ accessKey: 'key', secretKey: 'secret', sessionToken: 'session' }),
    ...options,
  });
  closing.push(async () => {
    await store.close();
    await server.stop();
  });
  return { store, server };
}

const error =
  (status: number, code: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>words</Message></Error>`);
  };
const BODY = Buffer.from('some bytes');

test('a put-if-absent carries its condition, and conditions go by their names', async () => {
  const answers = [error(409, 'ConditionalRequestConflict'), error(412, 'PreconditionFailed')];
  const { store, server } = await open((request, response, number) => answers[number - 1]?.(request, response, number));
  assert.equal(await store.putIfAbsent('a/b', BODY), 'exists');
  assert.equal(server.requests.length, 2);
  for (const { method, url, headers, body } of server.requests) {
    assert.deepEqual([method, url, headers['if-none-match'], body], ['PUT', '/bucket/a/b', '*', 'some bytes']);
    assert.equal(headers['x-amz-security-token'], 'session');
    assert.match(headers.authorization ?? '', /if-none-match/, 'the condition is signed');
  }
});

test('a put-if-absent that met a 503 or a broken connection is not sent again', async () => {
  const answers: Answer[] = [error(503, 'SlowDown'), (_request, response) => response.destroy()];
  for (const answer of answers) {
    const { store, server } = await open(answer);
    await assert.rejects(store.putIfAbsent('a/b', BODY), { code: 'unavailable' });
    assert.equal(server.requests.length, 1);
  }
});

test('a read goes on after a 503, a broken connection and a body cut short', async () => {
  const { store, server } = await open((request, response, number) => {
    if (number === 1) error(503, 'SlowDown')(request, response, number);
    else if (number === 2) response.destroy();
    else if (number === 3) {
      response.writeHead(200, { 'content-length': '10', etag: '"e"' });
      response.write('some');
      response.socket?.end();
    } else response.writeHead(200, { etag: '"e"' }).end(BODY);
  });
  const object = await store.get('a/b');
  assert.equal(Buffer.from(object?.bytes ?? []).toString(), 'some bytes');
  assert.equal(server.requests.length, 4);
});

test('503s give their connections back', async () => {
  const { store, server } = await open(error(503, 'SlowDown'), { attemptsMax: 1, concurrency: 1 });
  for (let i = 0; i < 60; i++) await assert.rejects(store.get('a/b'), { code: 'unavailable' });
  assert.equal(server.requests.length, 60);
});

test('operations one after another share a connection, also those that find nothing', async () => {
  const { store, server } = await open((request, response, number) => {
    if (request.url.includes('absent')) error(404, 'NoSuchKey')(request, response, number);
    else if (request.url.includes('exists')) error(412, 'PreconditionFailed')(request, response, number);
    else if (request.url.includes('list-type')) response.end('<ListBucketResult></ListBucketResult>');
    else if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '10' }).end();
    else response.writeHead(200, { etag: '"e"' }).end(request.method === 'GET' ? BODY : '');
  });
  for (let round = 0; round < 3; round++) {
    await store.put('a/put', BODY);
    await store.putIfAbsent('a/new', BODY);
    assert.equal(await store.putIfAbsent('a/exists', BODY), 'exists');
    await store.get('a/b');
    await store.get('a/b', { lastBytes: 0 });
    assert.equal(await store.get('a/absent'), undefined);
    await store.list('a/');
    await store.delete(['a/one']);
    await store.delete(['a/one', 'a/two']);
  }
  assert.equal(server.requests.length, 27);
  assert.equal(server.connections, 1);
});

test('lasting errors are told once, with what to look at', async () => {
  const cases: readonly [number, string, string, RegExp][] = [
    [404, 'NoSuchBucket', 'failed_precondition', /store\.s3\.bucket/],
    [403, 'InvalidAccessKeyId', 'permission_denied', /store\.s3\.access-key/],
    [403, 'SignatureDoesNotMatch', 'permission_denied', /store\.s3\.secret-key/],
    [400, 'ExpiredToken', 'permission_denied', /ambient credentials/],
    [403, 'AccessDenied', 'permission_denied', /s3:PutObject/],
    [403, 'RequestTimeTooSkewed', 'failed_precondition', /time synchronisation/],
    [400, 'AuthorizationHeaderMalformed', 'failed_precondition', /store\.s3\.region/],
    [301, 'PermanentRedirect', 'failed_precondition', /store\.s3\.endpoint/],
    [501, 'NotImplemented', 'failed_precondition', /If-None-Match/],
  ];
  for (const [status, name, code, lookAt] of cases) {
    const { store, server } = await open(error(status, name));
    const refused = (problem: Error & { code?: string; details?: Record<string, string> }) => {
      assert.equal(problem.code, code, name);
      assert.match(problem.details?.lookAt ?? '', lookAt);
      assert.equal(problem.details?.reason, name);
      return true;
    };
    await assert.rejects(store.list('a/'), refused);
    await assert.rejects(store.putIfAbsent('a/b', BODY), refused);
    assert.equal(server.requests.length, 2);
  }
});

test('an absent key and a wrong bucket are told apart', async () => {
  const absent = await open(error(404, 'NoSuchKey'));
  assert.equal(await absent.store.get('a/b'), undefined);
  const headOnly = await open((_request, response) => response.writeHead(404).end());
  assert.equal(await headOnly.store.get('a/b', { lastBytes: 0 }), undefined);
});

test('a range that the server answers whole is cut here', async () => {
  const { store } = await open((_request, response) => response.writeHead(200, { etag: '"e"' }).end(BODY));
  const object = await store.get('a/b', { offset: 5, length: 3 });
  assert.deepEqual([Buffer.from(object?.bytes ?? []).toString(), object?.sizeBytes], ['byt', 10]);
});

test('a bulk delete that fails for one key fails', async () => {
  const { store } = await open(
    (_request, response) =>
      response.end('<DeleteResult><Error><Key>a/1</Key><Code>AccessDenied</Code></Error></DeleteResult>'),
    { attemptsMax: 1 },
  );
  await assert.rejects(store.delete(['a/1', 'a/2']), { code: 'permission_denied' });
});

test('a page of a proxy in place of a listing is no empty listing', async () => {
  const { store } = await open((_request, response) => response.end('<html>Welcome</html>'), { attemptsMax: 1 });
  await assert.rejects(store.list('a/'), { code: 'unavailable' });
});

test('a server that never answers is given up, and the connection closed', async () => {
  const closed: Promise<unknown>[] = [];
  const { store } = await open((_request, response) => closed.push(once(response, 'close')), {
    attemptsMax: 1,
    requestTimeoutMs: 50,
  });
  await assert.rejects(store.get('a/b'), { code: 'unavailable', message: 'object store does not answer in time' });
  await assert.rejects(store.putIfAbsent('a/b', BODY), { code: 'unavailable' });
  assert.equal(closed.length, 2);
  await Promise.all(closed);
});

test('a slow ranged read is sent again, and the slow request is dropped', async () => {
  const gone: Promise<unknown>[] = [];
  const { store, server } = await open((_request, response, number) => {
    if (number === 1) gone.push(once(response, 'close'));
    else response.writeHead(206, { 'content-range': 'bytes 0-3/10', etag: '"e"' }).end('some');
  });
  const object = await store.get('a/b', { offset: 0, length: 4 });
  assert.equal(object?.sizeBytes, 10);
  assert.equal(server.requests.length, 2);
  await Promise.all(gone);
});

test('the store’s clock is that of its answers', async () => {
  const { store, server } = await open((_request, response) => {
    response.writeHead(200, { date: 'Fri, 20 Nov 2026 10:00:00 GMT' });
    response.end('<ListBucketResult></ListBucketResult>');
  });
  const lateMs = (await store.nowMs()) - Date.parse('2026-11-20T10:00:00Z');
  assert.ok(lateMs >= 0 && lateMs < 5_000);
  await store.nowMs();
  assert.equal(server.requests.length, 1);
});

test('an error in the answer to the end of a multipart upload is an error, and the parts are given up', async () => {
  const { store, server } = await open(
    (request, response) => {
      if (request.url.includes('uploads'))
        response.end('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>');
      else if (request.method === 'PUT') response.writeHead(200, { etag: '"part"' }).end();
      else if (request.method === 'POST') response.end('<Error><Code>InternalError</Code><Message>x</Message></Error>');
      else response.writeHead(204).end();
    },
    { attemptsMax: 1 },
  );
  await assert.rejects(store.put('a/b', new Uint8Array(17 * 1_048_576)), { code: 'unavailable' });
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['POST', 'PUT', 'PUT', 'POST', 'DELETE'],
  );
});

test('wrong names are refused before anything is asked', () => {
  const shared = {
    clock: systemClock,
    random: systemRandom,
    credentials: async () => ({ accessKey: '', secretKey: '' }),
  };
  for (const bucket of ['', 'a', 'a/b', 'a b']) {
    assert.throws(() => createS3Store({ ...shared, bucket }), { code: 'invalid_argument' });
  }
  for (const endpoint of ['http://', 'https://host/path', 'https://user@host', 'host?x']) {
    assert.throws(() => createS3Store({ ...shared, bucket: 'bucket', endpoint }), { code: 'invalid_argument' });
  }
});

test('a bucket is made in the region; a refusal names the permission', async () => {
  const answers: Answer[] = [error(404, 'NoSuchBucket'), (_request, response) => response.end()];
  const region = 'eu-west-1';
  const made = await open((request, response, number) => answers[number - 1]?.(request, response, number), { region });
  assert.equal(await made.store.makeBucket(), 'created');
  const put = made.server.requests[1];
  assert.deepEqual([put?.method, put?.url.replace(/[/]$/, '')], ['PUT', '/bucket']);
  assert.match(put?.body ?? '', /<LocationConstraint>eu-west-1<[/]LocationConstraint>/);

  const refusals = [error(404, 'NoSuchBucket'), error(403, 'AccessDenied')];
  const refused = await open((request, response, number) => refusals[number - 1]?.(request, response, number));
  await assert.rejects(refused.store.makeBucket(), (refusal: FlamelakeError) => {
    assert.deepEqual([refusal.code, refusal.details.lookAt], ['permission_denied', 's3:CreateBucket']);
    return true;
  });
});
