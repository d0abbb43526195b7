/** Our own traces: a push and a query, each one trace through all the processes it touches, as an OTLP receiver gets them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type Ground, queriersFlag, startGround, whyNoCluster } from './cluster.ts';
import type { ServerProcess } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

interface TracesMessage {
  readonly resourceSpans?: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ReceivedSpan, 'service'>[] }[];
  }[];
}

const skip = (await whyNoCluster()) ?? false;
const PUSH_TRACE = '11111111111111111111111111111111';
const QUERY_TRACE = '22222222222222222222222222222222';
const UNSAMPLED_TRACE = '33333333333333333333333333333333';
const CALLER = 'aaaaaaaaaaaaaaaa';

const spans: ReceivedSpan[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    assert.equal(request.url, '/v1/traces');
    const { resourceSpans = [] } = JSON.parse(Buffer.concat(chunks).toString()) as TracesMessage;
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const scope of scopeSpans) for (const span of scope.spans) spans.push({ ...span, service });
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
let ground: Ground;
const processes: ServerProcess[] = [];

before(async () => {
  if (skip !== false) return;
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  ground = await startGround();
});
after(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await ground?.stop();
  receiver.close();
});

async function start(target: string, more: readonly string[] = []): Promise<ServerProcess> {
  const { port } = receiver.address() as AddressInfo;
  const flags = [`--traces.endpoint=http://127.0.0.1:${port}`, '--traces.sample-ratio=0', ...more];
  const process = await ground.start(target, flags);
  processes.push(process);
  return process;
}

const headersOf = (trace: string, flags = '01') => ({ traceparent: `00-${trace}-${CALLER}-${flags}` });
const profile = (value: bigint) => smallPprof({ stacks: [{ frames: ['main'], value }], timeMs: Date.now() });

test('a push and a query are one trace each, through all roles; what the caller does not record is not recorded', {
  skip,
}, async () => {
  const distributor = await start('distributor');
  const [, querier] = await Promise.all([start('segment-writer'), start('querier')]);
  const frontend = await start('query-frontend', [queriersFlag([querier])]);
  await push(distributor.url, 'untraced', profile(1n), { headers: headersOf(UNSAMPLED_TRACE, '00') });
  const commit = await push(distributor.url, 'traced', profile(7n), { headers: headersOf(PUSH_TRACE) });
  assert.equal(await totalOf(frontend.url, 'traced', commit, headersOf(QUERY_TRACE)), 7n);
  // Ending sends what waits to be sent.
  await Promise.all(processes.map((process) => process.terminate()));

  const [pushed] = spansOf(PUSH_TRACE, 'flamelake-distributor', 'push.v1.PusherService/Push');
  assert.equal(pushed?.parentSpanId, CALLER);
  const [written] = spansOf(PUSH_TRACE, 'flamelake-segment-writer', 'write segment');
  assert.equal(written?.parentSpanId, pushed?.spanId, JSON.stringify(spans));

  const [asked] = spansOf(QUERY_TRACE, 'flamelake-query-frontend', 'querier.v1.QuerierService/SelectMergeStacktraces');
  assert.equal(asked?.parentSpanId, CALLER);
  const [executed] = spansOf(QUERY_TRACE, 'flamelake-querier', 'execute task');
  assert.equal(executed?.parentSpanId, asked?.spanId);
  const [read] = spansOf(QUERY_TRACE, 'flamelake-querier', 'object store get');
  assert.equal(read?.parentSpanId, executed?.spanId);

  assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))].sort(), [PUSH_TRACE, QUERY_TRACE]);
});

function spansOf(traceId: string, service: string, name: string): readonly ReceivedSpan[] {
  return spans.filter((span) => span.traceId === traceId && span.service === service && span.name === name);
}
