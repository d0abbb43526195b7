import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';
import { randomHex, systemRandom } from './random.ts';

test('a sleep lasts at least as long as asked for, and ends at an abort', async () => {
  const startMs = systemClock.monotonicMs();
  await systemClock.sleep(5);
  assert.ok(systemClock.monotonicMs() - startMs >= 4);
  const abort = new AbortController();
  // Would outlive any test, and any single timer of Node's.
  const sleeping = systemClock.sleep(2 ** 40, abort.signal);
  abort.abort();
  await sleeping;
  await systemClock.sleep(2 ** 40, abort.signal);
});

test('random ids are hex of their length and differ', () => {
  const ids = new Set(Array.from({ length: 100 }, () => randomHex(systemRandom, 16)));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  const fraction = systemRandom.fraction();
  assert.ok(fraction >= 0 && fraction < 1);
});
