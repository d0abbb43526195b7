import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepFresh } from './keep-fresh.ts';
import { createManualClock } from './manual-clock.test-support.ts';

test('what lasts is fetched once, for all that wait', async () => {
  const clock = createManualClock();
  let fetches = 0;
  const kept = keepFresh(async () => ({ number: ++fetches, expiresMs: undefined }), clock);
  const both = await Promise.all([kept.get(), kept.get()]);
  assert.deepEqual(
    both.map(({ number }) => number),
    [1, 1],
  );
  await clock.advance(86_400_000);
  assert.equal((await kept.get()).number, 1);
  kept.forget();
  assert.equal((await kept.get()).number, 2);
});

test('what expires is fetched five minutes before; a failure does no harm while the old one lasts', async () => {
  const clock = createManualClock();
  let fetches = 0;
  let isDown = false;
  const kept = keepFresh(async () => {
    fetches++;
    if (isDown) throw new Error('down');
    return { number: fetches, expiresMs: clock.nowMs() + 3_600_000 };
  }, clock);
  assert.equal((await kept.get()).number, 1);
  await clock.advance(3_299_000);
  assert.equal((await kept.get()).number, 1);
  isDown = true;
  await clock.advance(2_000);
  assert.equal((await kept.get()).number, 1);
  assert.equal(fetches, 2);
  assert.equal((await kept.get()).number, 1);
  assert.equal(fetches, 2, 'not at every request');
  await clock.advance(300_000);
  await assert.rejects(kept.get(), /down/);
  isDown = false;
  assert.equal((await kept.get()).number, fetches);
});
