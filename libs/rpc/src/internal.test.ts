import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { type ErrorCode, FlamelakeError } from '@flamelake/model';
import { type Certificates, createLogger, createMetrics, systemClock, systemRandom } from '@flamelake/runtime';
import { CERTIFICATE_NAME, exchangeable, makeCertificate } from './certificates.test-support.ts';
import {
  createInternalClient,
  type InternalCall,
  type InternalTls,
  newTraceContext,
  startInternalServer,
} from './internal.ts';

const MESSAGE_LIMIT = 135_266_304;
const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

type Execute = (task: Uint8Array, call: InternalCall) => Promise<Uint8Array>;

async function setUp(execute: Execute, callsMax?: number) {
  const metrics = createMetrics();
  const server = await startInternalServer({
    host: '127.0.0.1',
    port: 0,
    execute,
    ...(callsMax === undefined ? {} : { callsMax }),
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics,
  });
  const client = createInternalClient({ address: `127.0.0.1:${server.port}` });
  closers.push(() => server.close(0), client.close);
  return { server, client, metrics };
}

function options(signal: AbortSignal = new AbortController().signal, timeoutMs = 30_000) {
  return { signal, deadlineMs: systemClock.nowMs() + timeoutMs, trace: newTraceContext(systemRandom) };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

function failsWith(code: ErrorCode, details?: object) {
  return (error: unknown) => {
    assert.ok(error instanceof FlamelakeError);
    assert.equal(error.code, code);
    if (details !== undefined) assert.deepEqual(error.details, details);
    return true;
  };
}

test('a task goes there, its result comes back, and the trace with it', async () => {
  const traces: unknown[] = [];
  const { client, metrics } = await setUp(async (task, { trace }) => {
    traces.push(trace);
    return Buffer.from(task).reverse();
  });
  const sent = options();
  assert.deepEqual(new Uint8Array(await client.execute(bytes(1, 2, 3), sent)), bytes(3, 2, 1));
  assert.equal((await client.execute(bytes(), sent)).length, 0);
  await client.execute(bytes(), { ...sent, trace: { ...sent.trace, tracestate: 'a=b' } });
  await client.execute(bytes(), { ...sent, trace: { traceparent: 'nonsense' } });
  assert.deepEqual(traces, [sent.trace, sent.trace, { ...sent.trace, tracestate: 'a=b' }, undefined]);
  assert.match(await metrics.text(), /flamelake_internal_calls_total\{code="ok"\} 4\n/);
});

test('messages of many MiB pass both ways; a larger result is refused as such', async () => {
  const { client } = await setUp(async (task) => new Uint8Array(task.length === 0 ? MESSAGE_LIMIT : task.length * 4));
  assert.equal((await client.execute(new Uint8Array(15_000_000), options())).length, 60_000_000);
  await assert.rejects(client.execute(new Uint8Array(0), options()), failsWith('resource_exhausted'));
});

test('errors come back with code, message and details; the text of others stays there', async () => {
  const thrown: unknown[] = [
    new FlamelakeError('not_found', 'object is gone', { key: 'a/é', size: 1.5, big: 2n ** 62n, is: true }),
    new FlamelakeError('resource_exhausted', 'x'.repeat(2_000), { long: 'y'.repeat(100_000) }),
    new Error('secret'),
  ];
  const { client } = await setUp(async () => {
    throw thrown.shift();
  });
  const call = () => client.execute(bytes(1), options());
  await assert.rejects(call(), failsWith('not_found', { key: 'a/é', size: 1.5, big: 2n ** 62n, is: true }));
  await assert.rejects(call(), failsWith('resource_exhausted', { long: 'y'.repeat(512) }));
  await assert.rejects(call(), (error) => failsWith('internal', {})(error) && !String(error).includes('secret'));
});

test('a canceled call stops the work', async () => {
  const started = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const { client } = await setUp(async (_, { signal }) => {
    signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    started.resolve();
    await stopped.promise;
    throw new FlamelakeError('canceled', 'stopped');
  });
  const controller = new AbortController();
  const call = assert.rejects(client.execute(bytes(1), options(controller.signal)), failsWith('canceled'));
  await started.promise;
  controller.abort();
  await Promise.all([call, stopped.promise]);
  await assert.rejects(client.execute(bytes(1), options(AbortSignal.abort())), failsWith('canceled'));
});

test('a deadline ends the call and the work', async () => {
  const stopped = Promise.withResolvers<void>();
  const { client } = await setUp(async (_, { signal }) => {
    if (signal.aborted) stopped.resolve();
    signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    await stopped.promise;
    return bytes();
  });
  await client
    .execute(bytes(1), options(undefined, 50))
    .then(() => assert.fail('was answered'), failsWith('deadline_exceeded'));
  await stopped.promise;
});

test('a server that is not there, or is no gRPC server, is unavailable', async () => {
  const stranger = createServer((socket) => socket.end('no', () => socket.destroy())).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address() as { port: number };
  const client = createInternalClient({ address: `127.0.0.1:${port}` });
  await assert.rejects(client.execute(bytes(1), options()), failsWith('unavailable'));
  stranger.close();
  await once(stranger, 'close');
  await assert.rejects(client.execute(bytes(1), options()), failsWith('unavailable'));
  client.close();
});

test('with TLS each side shows who it is; who is not believed is not served', async () => {
  const [ours, theirs] = [makeCertificate('ours'), makeCertificate('theirs')];
  const served = exchangeable(ours);
  const server = await startInternalServer({
    host: '127.0.0.1',
    port: 0,
    tls: { certificates: served },
    execute: async (task) => task,
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  });
  closers.push(() => server.close(0));
  const ask = async (tls: InternalTls | undefined) => {
    const client = createInternalClient({ address: `127.0.0.1:${server.port}`, ...(tls === undefined ? {} : { tls }) });
    closers.push(client.close);
    return client.execute(bytes(1), options());
  };
  const as = (certificates: Certificates, serverName = CERTIFICATE_NAME) =>
    ask({ certificates: exchangeable(certificates), serverName });
  assert.deepEqual(new Uint8Array(await as(ours)), bytes(1));
  await assert.rejects(as(ours, 'other.test'), failsWith('unavailable'));
  await assert.rejects(as(theirs), failsWith('unavailable'));
  // It believes the server, but the server not it.
  await assert.rejects(as({ ...theirs, ca: ours.ca }), failsWith('unavailable'));
  await assert.rejects(as({ cert: ours.cert, key: ours.key }), failsWith('unavailable'));
  await assert.rejects(ask(undefined), failsWith('unavailable'));
  // Who shows new certificates is to be believed by them, from the next connection on.
  served.exchange(theirs);
  assert.deepEqual(new Uint8Array(await as(theirs)), bytes(1));
  await assert.rejects(as(ours), failsWith('unavailable'));
});

test('a server that drains ends what it has begun and takes nothing more', async () => {
  const started = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { server, client } = await setUp(async () => {
    started.resolve();
    await released.promise;
    return bytes(7);
  });
  const first = client.execute(bytes(1), options());
  await started.promise;
  const closing = server.close(30_000);
  await assert.rejects(client.execute(bytes(2), options()), failsWith('unavailable'));
  released.resolve();
  assert.deepEqual(new Uint8Array(await first), bytes(7));
  await closing;
});

test('a drain that takes too long cuts what is left', async () => {
  const started = Promise.withResolvers<void>();
  const { server, client } = await setUp(async (_, { signal }) => {
    started.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return bytes();
  });
  const call = assert.rejects(client.execute(bytes(1), options()), failsWith('unavailable'));
  await started.promise;
  await server.close(10);
  await call;
});

test('more calls than allowed at a time are refused', async () => {
  const released = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let count = 0;
  const execute = async () => {
    if (++count === 2) begun.resolve();
    await released.promise;
    return bytes();
  };
  const { client } = await setUp(execute, 2);
  const two = [client.execute(bytes(1), options()), client.execute(bytes(1), options())];
  await begun.promise;
  await assert.rejects(client.execute(bytes(1), options()), failsWith('resource_exhausted', { limit: 2 }));
  released.resolve();
  await Promise.all(two);
});
