/** What a querier holds while others stand still: the store it reads from, or who asked it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { taskBytes } from '@flamelake/query';
import { createMetrics, type Metrics, systemClock } from '@flamelake/runtime';
import { setUp } from './querier.test-support.ts';

const MIB = 1_048_576;
const [MEMORY_BYTES, SHARES, WAITING] = [8 * MIB, 4, 8];

async function gaugeOf(metrics: Metrics, name: string): Promise<number> {
  return Number(new RegExp(`^flamelake_${name} (\\d+)$`, 'm').exec(await metrics.text())?.[1]);
}

/** A store whose reads never end, but when they are given up. */
function frozenStore() {
  const open = new Set<number>();
  const watchers = new Set<() => void>();
  const store: ObjectStore = {
    ...createMemoryStore({ clock: systemClock }),
    async get(_key, range, signal) {
      assert.ok(signal && range !== undefined && 'length' in range);
      const read = open.size === 0 ? 0 : Math.max(...open) + 1;
      open.add(read);
      for (const watcher of watchers) watcher();
      await once(signal, 'abort');
      open.delete(read);
      throw new FlamelakeError('canceled', 'read was canceled');
    },
  };
  /** Resolves when so many reads are open. */
  const opened = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (open.size !== count) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  return { store, open, opened };
}

test('while the store stands still, tasks hold what they said before they read, and canceled ones nothing', async () => {
  const { store, open, opened } = frozenStore();
  const metrics = createMetrics();
  // A tenant may have as many waiting as places are left.
  const limits = { memoryBytesMax: MEMORY_BYTES, waitingTasksMax: 2 * WAITING };
  const { querier, task } = await setUp({ store, metrics, ...limits });
  const large = { ...task, estimatedBytes: MEMORY_BYTES };
  const callers = Array.from({ length: SHARES + WAITING }, () => new AbortController());
  const outcomes = Promise.allSettled(callers.map(({ signal }) => querier.answer(large, signal)));
  const reading = async () => {
    await opened(SHARES);
    const heldBytes = await gaugeOf(metrics, 'querier_held_bytes');
    // Each has its task and one read, of the whole small object.
    const [part] = large.parts;
    assert.equal(heldBytes, SHARES * (taskBytes(large) + part.object.sizeBytes));
    assert.equal(await gaugeOf(metrics, 'querier_admitted_bytes'), MEMORY_BYTES);
  };
  for (let from = 0; from < callers.length; from += SHARES) {
    await reading();
    assert.equal(await gaugeOf(metrics, 'querier_waiting_tasks'), callers.length - from - SHARES);
    for (const caller of callers.slice(from, from + SHARES)) caller.abort();
  }
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'));
  assert.equal(open.size, 0);
  assert.equal(await gaugeOf(metrics, 'querier_held_bytes'), 0);
  assert.equal(await gaugeOf(metrics, 'querier_admitted_bytes'), 0);
  assert.ok((await gaugeOf(metrics, 'querier_held_peak_bytes')) <= MEMORY_BYTES);
});

test('answers that are not taken are counted until they are, and nobody gets their memory', async () => {
  const metrics = createMetrics();
  const { querier, task } = await setUp({ metrics });
  const sent = Promise.withResolvers<void>();
  const { signal } = new AbortController();
  const answers = await Promise.all([0, 1, 2].map(() => querier.answer(task, signal, sent.promise)));
  const bytes = answers.reduce((sum, { length }) => sum + length, 0);
  assert.equal(await gaugeOf(metrics, 'querier_held_bytes'), bytes);
  assert.ok((await gaugeOf(metrics, 'querier_admitted_bytes')) >= bytes);
  sent.resolve();
  await sent.promise;
  assert.equal(await gaugeOf(metrics, 'querier_held_bytes'), 0);
  assert.equal(await gaugeOf(metrics, 'querier_admitted_bytes'), 0);
});
