import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@flamelake/runtime';
import { createHedge } from './hedge.ts';
import { createManualClock } from './manual-clock.test-support.ts';

/** Reads that answer when the test says so. */
function reads() {
  const started: { signal: AbortSignal; answer: (value: string) => void; fail: (error: Error) => void }[] = [];
  const read = (signal: AbortSignal) =>
    new Promise<string>((answer, fail) => {
      started.push({ signal, answer, fail });
    });
  return { started, read };
}

test('a quick read is sent once', async () => {
  const clock = createManualClock();
  const hedge = createHedge({ clock });
  const { started, read } = reads();
  const done = hedge(read, { isHedged: true });
  await clock.advance(10);
  started[0]?.answer('one');
  assert.equal(await done, 'one');
  await clock.advance(60_000);
  assert.equal(started.length, 1);
  assert.equal(clock.sleeping, 0);
});

test('a slow read is sent twice, the first answer wins, the other is canceled', async () => {
  const clock = createManualClock();
  const metrics = createMetrics();
  const hedge = createHedge({ clock, metrics });
  for (const winner of [0, 1]) {
    const { started, read } = reads();
    const done = hedge(read, { isHedged: true });
    await clock.advance(5_000);
    assert.equal(started.length, 2);
    started[winner]?.answer(`answer ${winner}`);
    assert.equal(await done, `answer ${winner}`);
    assert.ok(started.every(({ signal }) => signal.aborted));
  }
  const text = await metrics.text();
  assert.match(text, /object_store_hedges_total\{winner="first"\} 1/);
  assert.match(text, /object_store_hedges_total\{winner="second"\} 1/);
});

test('an early failure is told at once, a late one waits for the other read', async () => {
  const clock = createManualClock();
  const hedge = createHedge({ clock });
  const early = reads();
  const failing = hedge(early.read, { isHedged: true });
  early.started[0]?.fail(new Error('early'));
  await assert.rejects(failing, /early/);
  assert.equal(early.started.length, 1);

  const late = reads();
  const answered = hedge(late.read, { isHedged: true });
  await clock.advance(5_000);
  late.started[0]?.fail(new Error('late'));
  late.started[1]?.answer('second');
  assert.equal(await answered, 'second');

  const both = reads();
  const failed = hedge(both.read, { isHedged: true });
  await clock.advance(5_000);
  both.started[1]?.fail(new Error('of the second'));
  both.started[0]?.fail(new Error('of the first'));
  await assert.rejects(failed, /of the first/);
});

test('the delay follows the durations: slower than nearly all others is slow', async () => {
  const clock = createManualClock();
  const hedge = createHedge({ clock });
  const waits = async (ms: number) => {
    const { started, read } = reads();
    const done = hedge(read, { isHedged: true });
    await clock.advance(ms);
    const count = started.length;
    for (const { answer } of started) answer('');
    await done;
    return count;
  };
  assert.equal(await waits(200), 1);
  for (let i = 0; i < 1_500; i++) await waits(10);
  // Now 10 ms is usual, and 50 ms is not.
  assert.equal(await waits(50), 2);
});

test('hedges have a budget: where all is slow, one read in twenty is sent twice', async () => {
  const clock = createManualClock();
  const hedge = createHedge({ clock });
  let sent = 0;
  const reads = 400;
  for (let i = 0; i < reads; i++) {
    const answers: (() => void)[] = [];
    const done = hedge(
      () => {
        sent++;
        return new Promise<void>((resolve) => answers.push(resolve));
      },
      { isHedged: true },
    );
    await clock.advance(6_000);
    for (const answer of answers) answer();
    await done;
  }
  const extra = sent - reads;
  assert.ok(extra >= 20 && extra <= 10 + reads / 20, `${extra} extra reads`);
});

test('what must not be hedged is not; a caller who cancels cancels the read', async () => {
  const clock = createManualClock();
  const hedge = createHedge({ clock });
  const { started, read } = reads();
  const whole = hedge(read, { isHedged: false });
  await clock.advance(60_000);
  assert.equal(started.length, 1);
  started[0]?.answer('whole');
  assert.equal(await whole, 'whole');

  const caller = new AbortController();
  const canceled = hedge(read, { isHedged: true, signal: caller.signal });
  caller.abort();
  assert.ok(started[1]?.signal.aborted);
  started[1]?.fail(new Error('canceled'));
  await assert.rejects(canceled, /canceled/);
});
