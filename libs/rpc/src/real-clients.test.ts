/** One port, each protocol, real clients. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { type CallOptions, Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { QuerierService } from './gen/querier/v1/querier_pb.js';
import { LabelValuesResponseSchema } from './gen/types/v1/types_pb.js';
import { decodeMessage, type RunningServer } from './index.ts';
import { METHOD_PATH, requestMessage, startTestServer } from './server.test-support.ts';

describe('real clients', () => {
  let server: RunningServer;
  before(async () => {
    server = await startTestServer({ multitenancy: true });
  });
  after(() => server.close(1000));

  const transports: Record<string, (baseUrl: string, useBinaryFormat: boolean) => Transport> = {
    connect: (baseUrl, useBinaryFormat) => createConnectTransport({ baseUrl, useBinaryFormat, httpVersion: '1.1' }),
    'connect over h2c': (baseUrl, useBinaryFormat) =>
      createConnectTransport({ baseUrl, useBinaryFormat, httpVersion: '2' }),
    grpc: (baseUrl, useBinaryFormat) => createGrpcTransport({ baseUrl, useBinaryFormat }),
    'grpc-web': (baseUrl, useBinaryFormat) => createGrpcWebTransport({ baseUrl, useBinaryFormat, httpVersion: '1.1' }),
    'grpc-web over h2c': (baseUrl, useBinaryFormat) =>
      createGrpcWebTransport({ baseUrl, useBinaryFormat, httpVersion: '2' }),
  };
  for (const [name, make] of Object.entries(transports)) {
    for (const useBinaryFormat of [true, false]) {
      test(`${name}, ${useBinaryFormat ? 'proto' : 'json'}`, async () => {
        const client = createClient(QuerierService, make(`http://127.0.0.1:${server.port}`, useBinaryFormat));
        const headers = { 'x-scope-orgid': 'team-a' };
        let commit: string | null = null;
        const matchers = ['{a="ü"}', 'x'.repeat(200_000)];
        const answer = await client.labelValues(
          { name: 'service_name', matchers, start: 1n, end: 2n },
          {
            headers,
            onHeader: (got) => {
              commit = got.get('x-flamelake-commit');
            },
          },
        );
        assert.deepEqual(answer.names, ['service_name', 'team-a', ...matchers]);
        assert.equal(commit, 'token');
        await assert.rejects(client.labelValues({ name: 'fail', end: 7n }, { headers }), (error) => {
          assert.ok(error instanceof ConnectError);
          assert.equal(error.code, Code.NotFound);
          assert.equal(error.rawMessage, 'no ü here, 100% (end=7)');
          return true;
        });
        await assert.rejects(client.labelValues({ name: 'crash' }, { headers }), (error) => {
          assert.ok(error instanceof ConnectError);
          assert.equal(error.code, Code.Internal);
          assert.equal(error.rawMessage, 'internal error');
          return true;
        });
        await assert.rejects(
          client.labelValues({ name: 'x' }),
          (error) => ConnectError.from(error).code === Code.Unauthenticated,
        );
        await assert.rejects(
          client.labelNames({}, { headers }),
          (error) => ConnectError.from(error).code === Code.Unimplemented,
        );
        await assert.rejects(
          client.labelValues({ name: 'hang' }, { headers, timeoutMs: 30 }),
          (error) => ConnectError.from(error).code === Code.DeadlineExceeded,
        );
      });
    }
  }

  test('grpc-js', async () => {
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    after(() => client.close());
    const metadata = new Metadata();
    metadata.set('x-scope-orgid', 'team-a');
    const call = (name: string, options: CallOptions = {}) =>
      new Promise<string[]>((resolve, reject) => {
        client.makeUnaryRequest(
          METHOD_PATH,
          (request: string) => Buffer.from(requestMessage(request)),
          (answer) => decodeMessage(LabelValuesResponseSchema, answer, 'proto').names,
          name,
          metadata,
          options,
          (error, names) => (error === null ? resolve(names ?? []) : reject(error)),
        );
      });
    assert.deepEqual(await call('n'), ['n', 'team-a']);
    // Longer than a flow control window, and gzipped: grpc-js takes it by default.
    assert.equal((await call('size 3000000'))[0]?.length, 3_000_000);
    await assert.rejects(call('fail'), { code: status.NOT_FOUND, details: 'no ü here, 100% (end=0)' });
    await assert.rejects(call('hang', { deadline: Date.now() + 30 }), { code: status.DEADLINE_EXCEEDED });
  });
});
