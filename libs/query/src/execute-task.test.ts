import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockSource, createBlockBuilder, memorySource, openBlock } from '@flamelake/block';
import { FlamelakeError } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { executeTask } from './execute-task.ts';
import type { Question, Selection, Task } from './task.ts';
import { blockOf, openFrom, optionsFor } from './test-blocks.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const SELECTION: Selection = {
  tenants: ['t'],
  fromMs: 0,
  untilMs: Number.MAX_SAFE_INTEGER,
  selectors: [],
  profileTypeId: CPU,
};
const SERVICES = ['a', 'b', 'c', 'd'];

function taskOf(question: Question, id: string, services: readonly string[], selection = SELECTION): Task {
  const datasets = services.map((service) => ({ tenant: 't', service, minTimeMs: 0, maxTimeMs: 1 }));
  return {
    question,
    selection,
    parts: [{ object: { key: 'k', id, etag: undefined, sizeBytes: 1 }, datasets, deletes: [] }],
    estimatedBytes: 1,
  };
}

test('a question reads only the sections it needs, of the datasets it is about', async () => {
  const random = createSeededRandom(3);
  const builder = createBlockBuilder();
  for (let i = 0; i < 800; i++) {
    const shape = { tenants: ['t'], services: SERVICES, functionsMax: 200, stacksMax: 40, depthMax: 20, timeMs: i + 1 };
    builder.addProfile(randomProfileRecord(random, shape), i);
  }
  const log = { logId: 'log', partition: 0, position: 0, next: 800, lastAppendMs: 0, gaps: [] };
  const { bytes, info } = builder.build({ id: '1'.padStart(32, '0'), level: 1, log });
  const bytesRead = async (question: Question, services: readonly string[], selection = SELECTION) => {
    let read = 0;
    let requests = 0;
    const inner = memorySource(bytes);
    const source: BlockSource = {
      ...inner,
      read: (offset, length, signal) => {
        read += length;
        requests++;
        return inner.read(offset, length, signal);
      },
    };
    // The footer alone: what opening reads is the same for all questions.
    const block = await openBlock(source, { tail: bytes.subarray(bytes.length - 4_096) });
    await executeTask(
      taskOf(question, info.id, services, selection),
      optionsFor(() => Promise.resolve(block)),
    );
    return { read, requests };
  };
  const dataset = info.datasets[0].sizeBytes;
  const labels = await bytesRead({ kind: 'labelNames' }, ['a']);
  const grid = { startMs: 0, endMs: 5_000, stepMs: 100 };
  const series = await bytesRead({ kind: 'timeSeries', grid, groupBy: [] }, ['a']);
  const stacks = await bytesRead({ kind: 'functions' }, ['a']);
  const pprof = await bytesRead({ kind: 'locations' }, ['a']);
  assert.ok(labels.read < dataset / 50, `labels read ${labels.read} of ${dataset}`);
  assert.ok(series.read < dataset / 4, `series read ${series.read} of ${dataset}`);
  assert.ok(labels.read < series.read && series.read < stacks.read && stacks.read <= pprof.read);
  assert.ok(pprof.read <= dataset);
  // Labels come with the footer.
  assert.deepEqual([labels.requests, series.requests], [0, 1]);
  assert.ok(stacks.requests <= 4 && pprof.requests <= 4);
  const nothing = await bytesRead({ kind: 'functions' }, ['a'], { ...SELECTION, selectors: ['{region="mars"}'] });
  assert.ok(nothing.read <= series.read);
  assert.equal((await bytesRead({ kind: 'functions' }, [])).read, 0);
});

test('a dataset of many pieces gives others their turn before each, and can be canceled there', async () => {
  const random = createSeededRandom(5);
  const block = blockOf(
    Array.from({ length: 12 }, (_, i) =>
      randomProfileRecord(random, { tenants: ['t'], services: ['a'], timeMs: i + 1 }),
    ),
    1,
  );
  for (const kind of ['functions', 'locations'] as const) {
    const task = taskOf({ kind }, block.info.id, ['a'], { ...SELECTION, fromMs: 2 });
    const run = async (pieceBytes: number | undefined, abortAt: number) => {
      const canceling = new AbortController();
      let pauses = 0;
      const pause = async () => {
        if (++pauses === abortAt) canceling.abort();
      };
      const { signal } = canceling;
      const ending = executeTask(task, { ...optionsFor(openFrom([block]), pieceBytes), signal, pause });
      return { ended: await ending.catch((error: unknown) => error), pauses: () => pauses };
    };
    assert.equal((await run(undefined, 0)).pauses(), 1);
    const most = (await run(1, 0)).pauses();
    assert.ok(most > 4, `${most} pauses`);
    const { ended, pauses } = await run(1, 4);
    assert.ok(ended instanceof FlamelakeError && ended.code === 'canceled');
    assert.equal(pauses(), 4);
  }
});

test('a task of one tenant reads no dataset of another, even if it is told to', async () => {
  const random = createSeededRandom(4);
  const record = () => randomProfileRecord(random, { tenants: ['u'], services: ['a'] });
  const block = blockOf([record(), record()], 1);
  const task = taskOf({ kind: 'functions' }, block.info.id, ['a']);
  const datasets = [{ tenant: 'u', service: 'a', minTimeMs: 0, maxTimeMs: 1 }];
  const told = { ...task, parts: [{ ...task.parts[0], datasets }] };
  const result = await executeTask(told, optionsFor(openFrom([block])));
  assert.ok(result.kind === 'functions' && result.tree.stacks.total === 0n);
});
