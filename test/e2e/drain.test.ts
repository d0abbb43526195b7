/** At SIGTERM: not ready first, still serving; then what is in flight is answered; then the end, with 0. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { ask, call, startServer } from './server-process.ts';
import { push, pushMessage, smallPprof, totalOf } from './small-profile.ts';

const DRAIN_DELAY_MS = 8_000;

const profile = (value: bigint) => smallPprof({ stacks: [{ frames: ['main'], value }], timeMs: Date.now() });

test('a server told to end is not ready, serves on, finishes what is in flight, and loses nothing', async () => {
  const flags = ['--self-profiling.enabled=false', `--server.drain-delay=${DRAIN_DELAY_MS}ms`];
  const server = await startServer({ flags });
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  assert.equal(await health(server.url), 'SERVING');
  const body = Buffer.from(JSON.stringify(pushMessage('slow', profile(5n))));
  const slow = request(`${server.url}/push.v1.PusherService/Push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  });
  slow.write(body.subarray(0, 40));
  await once(slow, 'socket');
  const ended = server.terminate();
  while ((await fetch(`${server.url}/ready`)).status !== 503) await new Promise(setImmediate);
  assert.equal(await health(server.url), 'NOT_SERVING');
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  await push(server.url, 'late', profile(3n));

  // Refused connections say that the delay is over and only what is in flight is served.
  while (await isListening(server.url)) await new Promise((resolve) => setTimeout(resolve, 20));
  const answered = once(slow, 'response') as Promise<[IncomingMessage]>;
  slow.end(body.subarray(40));
  const [{ statusCode }] = await answered;
  assert.equal(statusCode, 200);
  assert.equal(await ended, 0);

  const again = await startServer({ directory: server.directory, flags: ['--self-profiling.enabled=false'] });
  assert.equal(await totalOf(again.url, 'late', ''), 3n);
  assert.equal(await totalOf(again.url, 'slow', ''), 5n);
  await again.kill();
});

test('requests are counted by route and status, and unknown paths together', async () => {
  const server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  await push(server.url, 'counted', profile(1n));
  assert.equal((await call(server.url, 'push.v1.PusherService/Push', {})).status, 400);
  for (const path of ['nothing', 'no/such/path']) assert.equal((await fetch(`${server.url}/${path}`)).status, 404);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const count = (labels: string) =>
    new RegExp(`^flamelake_request_duration_seconds_count\\{${labels}\\} (\\d+)$`, 'm').exec(text)?.[1];
  assert.equal(count('route="/push.v1.PusherService/Push",method="POST",status_code="200"'), '1');
  assert.equal(count('route="/push.v1.PusherService/Push",method="POST",status_code="400"'), '1');
  assert.equal(count('route="other",method="GET",status_code="404"'), '2');
  assert.ok(Number(count('route="/ready",method="GET",status_code="200"')) >= 1);
  const again = await (await fetch(`${server.url}/metrics`)).text();
  const lags = (scrape: string) => scrape.match(/^flamelake_event_loop_lag_seconds\{.*$/gm)?.length;
  assert.equal(lags(text), 3);
  assert.equal(lags(again), 3, 'a scrape resets nothing');
  await server.kill();
});

async function health(url: string): Promise<string | undefined> {
  return (await ask<{ status?: string }>(url, 'grpc.health.v1.Health/Check', {})).status;
}

function isListening(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  );
}
