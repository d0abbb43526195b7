/** A querier as a process of its own stays within its memory, whatever is asked of it at the same time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createBlockBuilder } from '@flamelake/block';
import { FlamelakeError, type Memory } from '@flamelake/model';
import { createFileStore } from '@flamelake/object-store';
import type { PartialResult, Task } from '@flamelake/query';
import { nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { createTestFanOut } from './components/fan-out-world.ts';
import { startQuerierChild } from './components/querier-child.ts';

const MIB = 1_048_576;
const MEMORY_BYTES = 48 * MIB;
const AT_ONCE = 6;
const PROFILES = 12;
/** What a process needs above what its tasks hold: garbage that waits to be collected, and what the code itself takes. */
const SLACK_BYTES = 96 * MIB;

/** A block of stacks that have little in common, and the task that asks for all of them. */
async function widestTask(directory: string): Promise<Task> {
  const options = { directory, fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom };
  const store = await createFileStore(options);
  const random = createSeededRandom(7);
  // A dataset each: tasks take turns between datasets, so that what they add up is there at the same time.
  const services = Array.from({ length: PROFILES }, (_, i) => `wide-${i}`);
  const shapeOf = (i: number) => ({ services: [services[i]], functionsMax: 4_000, stacksMax: 8_000, depthMax: 24 });
  const builder = createBlockBuilder();
  for (let i = 0; i < PROFILES; i++) builder.addProfile(randomProfileRecord(random, shapeOf(i)), i);
  const log = { logId: 'log', partition: 0, position: 0, next: PROFILES, lastAppendMs: 0, gaps: [] };
  const { bytes, info } = builder.build({ id: '1'.padStart(32, '0'), level: 1, log });
  await store.put('wide', bytes);
  await store.close();
  return {
    question: { kind: 'functions' },
    selection: {
      tenants: ['anonymous'],
      fromMs: 0,
      untilMs: Number.MAX_SAFE_INTEGER,
      selectors: [],
      profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    },
    parts: [
      {
        object: { key: 'wide', id: info.id, etag: undefined, sizeBytes: bytes.length },
        datasets: info.datasets,
        deletes: [],
      },
    ],
    estimatedBytes: bytes.length,
  };
}

const nodesOf = (result: PartialResult) => (result.kind === 'functions' ? result.tree.stacks.count : 0);

test('several of the widest tasks at once: all are answered, in the memory of one or two', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamelake-test-'));
  const ending = new AsyncDisposableStack();
  ending.defer(() => rmSync(directory, { recursive: true, force: true }));
  try {
    const task = await widestTask(directory);
    const querier = await startQuerierChild({ directory, memoryBytes: MEMORY_BYTES });
    ending.defer(async () => {
      querier.signal('SIGTERM');
      await querier.ended;
    });
    const fanOut = createTestFanOut({
      queriers: { addresses: [querier.address] },
      limits: { hedgeDelayMs: 0, taskTimeoutMs: 600_000 },
    });
    ending.defer(fanOut.close);
    const before = await querier.memory();
    const signal = new AbortController().signal;
    const first = await fanOut.execute(task, signal);
    const alone = await querier.memory();
    assert.ok(alone.heldPeak * AT_ONCE > 3 * MEMORY_BYTES, `${alone.heldPeak}`);
    // No room for the answer where it is to be merged: another querier would send the same, so none is asked.
    const refusal = new FlamelakeError('resource_exhausted', 'no room');
    const full: Memory = {
      take() {
        throw refusal;
      },
      give() {},
    };
    await assert.rejects(fanOut.execute(task, signal, full), refusal);
    assert.equal(await fanOut.count('query_task_attempts_total{kind="first"}'), 2);
    assert.equal(await fanOut.count('query_task_attempts_total{kind="retry"}'), 0);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => fanOut.execute(task, signal)));
    for (const answer of answers) assert.equal(nodesOf(answer), nodesOf(first));
    const all = await querier.memory();
    const said = JSON.stringify({ before, alone, all, nodes: nodesOf(first) });
    assert.ok(all.heldPeak <= MEMORY_BYTES, said);
    assert.ok(all.residentPeak - before.residentPeak <= MEMORY_BYTES + SLACK_BYTES, said);
  } finally {
    await ending.disposeAsync();
  }
});
