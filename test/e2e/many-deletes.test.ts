/** Many deletes that overlap, all of them still pending: answers are exact, and cost no more for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServerProcess, startServer } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const [PROFILES, DELETES] = [30, 40];
const [STEP_MS, EVERY_MS, WIDTH_MS] = [1_000, 500, 1_500];
const FIRST_DELETE_MS = 5_000;

async function remove(server: ServerProcess, startMs: number, endMs: number): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/delete`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ selector: '{service_name="cart"}', startMs, endMs, by: 'test' }),
  });
  assert.equal(response.status, 200, await response.text());
}

test('deletes that overlap hide each profile once, however many they are', { timeout: 120_000 }, async () => {
  // All profiles in a segment, or two, so that a series has most of the deletes; nothing is folded, so that no merge applies them.
  const server = await startServer({
    flags: [
      '--self-profiling.enabled=false',
      '--segment-writer.flush-interval=2s',
      '--compactor.fold-interval=1h',
      '--compactor.fold-segments=10000',
    ],
  });
  const firstMs = Date.now() - 60_000;
  const values = Array.from({ length: PROFILES }, (_, i) => i + 1);
  const pushValue = (value: number) => {
    const stacks = [{ frames: ['main', 'cart'], value: BigInt(value) }];
    return push(server.url, 'cart', smallPprof({ stacks, timeMs: firstMs + (value - 1) * STEP_MS }));
  };
  await Promise.all(values.slice(1).map(pushValue));
  const commit = await pushValue(values[0]);
  const sum = (kept: readonly number[]) => BigInt(kept.reduce((total, value) => total + value, 0));
  assert.equal(await totalOf(server.url, 'cart', commit), sum(values));
  const deleteFrom = (k: number) => FIRST_DELETE_MS + k * EVERY_MS;
  for (let k = 0; k < DELETES; k++) await remove(server, firstMs + deleteFrom(k), firstMs + deleteFrom(k) + WIDTH_MS);
  const untilMs = deleteFrom(DELETES - 1) + WIDTH_MS;
  const kept = values.filter((value) => {
    const atMs = (value - 1) * STEP_MS;
    return atMs < FIRST_DELETE_MS || atMs >= untilMs;
  });
  assert.ok(kept.length > 0 && kept.length < PROFILES / 2);
  assert.equal(await totalOf(server.url, 'cart', commit), sum(kept));
  assert.equal(await server.terminate(), 0);
});
