/** One port, four protocols, real clients. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { FlamelakeError } from '@flamelake/model';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { QuerierService } from './gen/querier/v1/querier_pb.js';
import { LabelValuesRequestSchema, LabelValuesResponseSchema } from './gen/types/v1/types_pb.js';
import {
  decodeMessage,
  encodeMessage,
  type RunningServer,
  type ServerOptions,
  startServer,
  type UnaryMethod,
  unaryMethod,
} from './index.ts';

/** Answers the request's matchers as names; the name `fail` fails, `wait` waits for the signal. */
const labelValues: UnaryMethod = unaryMethod({
  path: '/querier.v1.QuerierService/LabelValues',
  decode: (body, form) => decodeMessage(LabelValuesRequestSchema, body, form),
  async handle(request, call) {
    if (request.name === 'fail') throw new FlamelakeError('not_found', 'no ü here, 100%', { end: request.end });
    if (request.name === 'crash') throw new TypeError('secret');
    if (request.name === 'wait') await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
    call.setHeader('X-Flamelake-Commit', 'token');
    return [request.name, call.tenant, ...request.matchers];
  },
  encode: (names, form) => encodeMessage(LabelValuesResponseSchema, { names }, form),
});

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  return startServer({
    host: '127.0.0.1',
    port: 0,
    methods: [labelValues],
    http: (request, response) => response.writeHead(404).end(`no ${request.url}`),
    multitenancy: true,
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    ...options,
  });
}

describe('real clients', () => {
  let server: RunningServer;
  before(async () => {
    server = await start();
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
          client.labelValues({ name: 'wait' }, { headers, timeoutMs: 30 }),
          (error) => ConnectError.from(error).code === Code.DeadlineExceeded,
        );
      });
    }
  }

  test('gzip in without Connect-Protocol-Version', async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}${labelValues.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'x-scope-orgid': 'a' },
      body: gzipSync('{"name":"n","unknown":1}'),
    });
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { names: ['n', 'a'] });
  });
});
