import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from './manual-clock.test-support.ts';
import { withProgressTimeout } from './progress-timeout.ts';

const never = () => new Promise<never>(() => {});

test('a task that stands still is given up, even one that does not heed the signal', async () => {
  const clock = createManualClock();
  let given: AbortSignal | undefined;
  const done = withProgressTimeout(
    ({ signal }) => {
      given = signal;
      return never();
    },
    { clock, timeoutMs: 1_000 },
  );
  const rejected = assert.rejects(done, { code: 'unavailable', message: 'object store does not answer in time' });
  await clock.advance(999);
  assert.equal(given?.aborted, false);
  await clock.advance(1);
  await rejected;
  assert.equal(given?.aborted, true);
});

test('progress begins the timeout anew', async () => {
  const clock = createManualClock();
  const done = withProgressTimeout(
    async ({ progress }) => {
      for (let i = 0; i < 20; i++) {
        await clock.sleep(900);
        progress();
      }
      return 'arrived';
    },
    { clock, timeoutMs: 1_000 },
  );
  await clock.advance(18_000);
  assert.equal(await done, 'arrived');
  await clock.advance(2_000);
  assert.equal(clock.sleeping, 0);
});

test('a caller who cancels is told so; other errors pass as they are', async () => {
  const clock = createManualClock();
  const caller = new AbortController();
  const canceled = withProgressTimeout(never, { clock, timeoutMs: 1_000, signal: caller.signal });
  caller.abort();
  await assert.rejects(canceled, { code: 'canceled' });
  await assert.rejects(withProgressTimeout(never, { clock, timeoutMs: 1, signal: caller.signal }), {
    code: 'canceled',
  });
  const error = new Error('of the client');
  await assert.rejects(
    withProgressTimeout(() => Promise.reject(error), { clock, timeoutMs: 1_000 }),
    error,
  );
  assert.equal(clock.sleeping, 0);
});
