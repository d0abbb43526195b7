/** How long the answers of internal calls are there: until whoever asked has taken them, or is gone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { after, test } from 'node:test';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { startInternalServer } from './internal.ts';

const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

/** More than a client takes that does not read: its window is 64 KiB. */
const ANSWER_BYTES = 1_048_576;
/** A message of a request that says nothing: no compression, no bytes. */
const EMPTY_REQUEST = Buffer.alloc(5);

/** A call whose client has the head of the answer, and reads no more. */
async function answeredCall() {
  const signals: AbortSignal[] = [];
  const server = await startInternalServer({
    host: '127.0.0.1',
    port: 0,
    execute: async (_task, { signal }) => {
      signals.push(signal);
      return new Uint8Array(ANSWER_BYTES);
    },
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  });
  const session = connect(`http://127.0.0.1:${server.port}`);
  closers.push(
    () => server.close(0),
    () => session.destroy(),
  );
  const stream = session.request({
    ':method': 'POST',
    ':path': '/flamelake.querier.v1.QuerierService/Execute',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(EMPTY_REQUEST);
  await once(stream, 'response');
  const [signal] = signals;
  assert.ok(signal);
  return { session, stream, signal };
}

test('a call ends when its answer has been taken, not when it was given', async () => {
  const { stream, signal } = await answeredCall();
  assert.equal(signal.aborted, false);
  const ended = once(signal, 'abort');
  let length = 0;
  for await (const chunk of stream) length += chunk.length;
  assert.ok(length > ANSWER_BYTES);
  await ended;
});

test('a call ends when whoever asked is gone without having taken the answer', async () => {
  const { session, signal } = await answeredCall();
  assert.equal(signal.aborted, false);
  const ended = once(signal, 'abort');
  session.destroy();
  await ended;
});
