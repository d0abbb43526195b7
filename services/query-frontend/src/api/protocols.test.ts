/** Every RPC over every protocol, with real clients: one answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { type Client, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { type RunningServer, startServer } from '@flamelake/rpc';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import * as querier from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import * as types from '@flamelake/rpc/gen/types/v1/types_pb.js';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import type { Flamegraph, Queries } from '../queries.ts';
import { constantQueries, EXACT } from './constant-queries.test-support.ts';
import { querierMethods } from './querier-methods.ts';

/** above 2 MiB as JSON. */
const LARGE: Flamegraph = {
  names: ['total', ...Array.from({ length: 5000 }, (_, i) => `main.function${i}`)],
  levels: Array.from({ length: 50 }, (_, depth) =>
    BigInt64Array.from({ length: 4000 }, (_, i) => BigInt(i) * BigInt(depth) * 1_000_003n),
  ),
  total: BigInt(EXACT),
  maxSelf: 1n,
};
const queries: Queries = { ...constantQueries, flamegraph: () => Promise.resolve(LARGE) };

let server: RunningServer;
before(async () => {
  server = await startServer({
    host: '127.0.0.1',
    port: 0,
    methods: querierMethods(queries),
    http: (_, response) => response.writeHead(404).end(),
    multitenancy: false,
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  });
});
after(() => server.close(1000));

type Querier = Client<typeof querier.QuerierService>;

const select = { profileTypeID: 'a:b:c:d:e', labelSelector: '{}', start: 1n, end: 2n };

async function askEverything(client: Querier): Promise<unknown[]> {
  return [
    toJson(querier.ProfileTypesResponseSchema, await client.profileTypes({ start: 1n, end: 2n })),
    toJson(types.LabelNamesResponseSchema, await client.labelNames({ start: 1n, end: 2n })),
    toJson(types.LabelValuesResponseSchema, await client.labelValues({ name: 'a', start: 1n, end: 2n })),
    toJson(querier.SeriesResponseSchema, await client.series({ start: 1n, end: 2n })),
    toJson(querier.SelectMergeStacktracesResponseSchema, await client.selectMergeStacktraces(select)),
    toJson(
      querier.SelectMergeStacktracesResponseSchema,
      await client.selectMergeStacktraces({ ...select, format: querier.ProfileFormat.PPROF }),
    ),
    toJson(ProfileSchema, await client.selectMergeProfile(select)),
    toJson(querier.SelectSeriesResponseSchema, await client.selectSeries({ ...select, step: 15, groupBy: ['x'] })),
    toJson(querier.DiffResponseSchema, await client.diff({ left: select, right: select })),
    toJson(types.GetProfileStatsResponseSchema, await client.getProfileStats({})),
  ];
}

test('every protocol and form gives the same answers', async () => {
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const transports: Transport[] = [true, false].flatMap((useBinaryFormat) => [
    createConnectTransport({ baseUrl, useBinaryFormat, httpVersion: '1.1' }),
    createConnectTransport({ baseUrl, useBinaryFormat, httpVersion: '2' }),
    createGrpcTransport({ baseUrl, useBinaryFormat }),
    createGrpcWebTransport({ baseUrl, useBinaryFormat, httpVersion: '1.1' }),
  ]);
  const answers = await Promise.all(
    transports.map((transport) => askEverything(createClient(querier.QuerierService, transport))),
  );
  const [first] = answers;
  assert.ok(JSON.stringify(first).length > 2_000_000);
  for (const answer of answers) assert.deepEqual(answer, first);
});
