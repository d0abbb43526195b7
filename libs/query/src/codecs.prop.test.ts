/** What crosses the wire: comes back as it was, is refused when it is damaged, and stays within bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '@flamelake/formats';
import { FlamelakeError, type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { addDataset } from './add-dataset.ts';
import { addKept, createKeptResult, type KeptResult } from './kept-result.ts';
import { createPartialResult, mergePartialResult } from './partial-result.ts';
import { decodeKeptResult, decodePartialResult, encodePartialResult } from './partial-result-codec.ts';
import { renderFlamegraph } from './render-flamegraph.ts';
import { compileSelection } from './select-rows.ts';
import type { KeptQuestion, Question, Selection, Task } from './task.ts';
import { decodeTask, encodeTask } from './task-codec.ts';
import { blockOf } from './test-blocks.ts';
import { treeOf } from './test-stacks.ts';
import { frameMessage } from './wire-message.ts';

const START_MS = 1_700_000_000_000;
const SERIES: Question = {
  kind: 'timeSeries',
  grid: { startMs: START_MS - 7, endMs: START_MS + 90, stepMs: 11 },
  groupBy: ['region'],
};
/** What is asked, and what is kept of a dataset for it. */
const CASES: readonly { readonly asked: Question; readonly kept?: KeptQuestion }[] = [
  { asked: { kind: 'functions' } },
  { asked: { kind: 'functions' }, kept: { kind: 'timedStacks' } },
  { asked: { kind: 'locations' } },
  { asked: SERIES },
  { asked: SERIES, kept: { kind: 'timedTotals', groupBy: ['region'] } },
  { asked: { kind: 'labelSets', names: undefined } },
  {
    asked: { kind: 'labelSets', names: ['region'] },
    kept: { kind: 'labelTimes', of: { kind: 'labelSets', names: ['region'] } },
  },
  { asked: { kind: 'labelNames' } },
  { asked: { kind: 'labelNames' }, kept: { kind: 'labelTimes', of: { kind: 'labelNames' } } },
];
const ALL: Selection = {
  tenants: ['t'],
  fromMs: 0,
  untilMs: Number.MAX_SAFE_INTEGER,
  selectors: [],
  profileTypeId: undefined,
};

/** Results of the same question on different datasets. */
async function resultsOf(seed: number, question: KeptQuestion): Promise<KeptResult[]> {
  const random = createSeededRandom(seed);
  const results: KeptResult[] = [];
  for (let number = 0; number < 3; number++) {
    const records = Array.from({ length: random.integer(8) }, () =>
      randomProfileRecord(random, { tenants: ['t'], timeMs: START_MS + random.integer(100) }),
    );
    const block = blockOf(records, number);
    const { signal } = new AbortController();
    for (const index of block.info.datasets.keys()) {
      const result = createKeptResult(question);
      const all = { selection: compileSelection(ALL), deletes: [] };
      const place = { block, index, dataset: block.dataset(index) };
      await addDataset(result, question, all, place, { signal, pause: async () => {}, memory: UNBOUNDED_MEMORY });
      results.push(result);
    }
  }
  return results;
}

const anyResult = fc.tuple(fc.nat(), fc.constantFrom(...CASES));
const text = fc.string({ maxLength: 12, unit: 'grapheme' });
const time = fc.double({ noNaN: true, noDefaultInfinity: true });
const texts = fc.array(text, { maxLength: 4 });

const anyTask: fc.Arbitrary<Task> = fc.record({
  question: fc.oneof(
    fc.constantFrom<Question>({ kind: 'functions' }, { kind: 'locations' }, { kind: 'labelNames' }),
    fc.record({
      kind: fc.constant('timeSeries' as const),
      grid: fc.record({ startMs: time, endMs: time, stepMs: time }),
      groupBy: texts,
    }),
    fc.record({ kind: fc.constant('labelSets' as const), names: fc.option(texts, { nil: undefined }) }),
  ),
  selection: fc.record({
    tenants: texts,
    fromMs: time,
    untilMs: time,
    selectors: texts,
    profileTypeId: fc.option(text, { nil: undefined }),
  }),
  parts: fc.array(
    fc.record({
      object: fc.record({
        key: text,
        id: text,
        etag: fc.option(text, { nil: undefined }),
        sizeBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        tailBytes: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
      }),
      datasets: fc.array(fc.record({ tenant: text, service: text, minTimeMs: time, maxTimeMs: time }), {
        maxLength: 4,
      }),
      deletes: fc.array(fc.record({ tenant: text, selector: text, fromMs: time, untilMs: time }), { maxLength: 2 }),
    }),
    { maxLength: 4 },
  ),
  estimatedBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
});

function isRefused(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'data_loss';
}

/** Every damage of some bytes that a reader must see: cut anywhere, a bit turned, something behind. */
function assertDamageIsSeen(bytes: Uint8Array, at: number, read: (bytes: Uint8Array) => unknown): void {
  assert.throws(() => read(bytes.subarray(0, at % bytes.length)), isRefused);
  const turned = bytes.slice();
  turned[at % bytes.length] ^= 1 << (at % 8);
  assert.throws(() => read(turned), isRefused);
  assert.throws(() => read(Buffer.concat([bytes, bytes.subarray(0, 1 + (at % bytes.length))])), isRefused);
}

test('tasks come back', () => {
  fc.assert(
    fc.property(anyTask, (task) => {
      // Twice, since prototypes and -0 are no part of a task.
      assert.deepEqual(encodeTask(decodeTask(encodeTask(task))), encodeTask(task));
      assert.equal(JSON.stringify(decodeTask(encodeTask(task))), JSON.stringify(task));
    }),
  );
});

test('damaged tasks are refused', () => {
  fc.assert(fc.property(anyTask, fc.nat(), (task, at) => assertDamageIsSeen(encodeTask(task), at, decodeTask)));
});

test('results come back, and merge as they did', async () => {
  await fc.assert(
    fc.asyncProperty(anyResult, async ([seed, { asked, kept = asked }]) => {
      const results = await resultsOf(seed, kept);
      const [direct, sent, received] = [0, 1, 2].map(() => createPartialResult(asked));
      const task = { question: asked, selection: ALL };
      for (const result of results) {
        const bytes = encodePartialResult(result);
        assert.deepEqual(encodePartialResult(decodeKeptResult(bytes)), bytes);
        if (kept !== asked) assert.throws(() => decodePartialResult(bytes), isRefused);
        addKept(direct, task, result);
        addKept(sent, task, decodeKeptResult(bytes));
        const into = decodePartialResult(encodePartialResult(received));
        addKept(into, task, result);
        mergePartialResult(received, into);
      }
      assert.deepEqual(encodePartialResult(sent), encodePartialResult(direct));
      if (direct.kind === 'functions' && sent.kind === 'functions') {
        assert.deepEqual(renderFlamegraph(sent.tree, 100), renderFlamegraph(direct.tree, 100));
      }
    }),
    { numRuns: 60 },
  );
});

test('the answer to another question is refused, not left out', () => {
  const isInternal = { code: 'internal' };
  const task = { question: SERIES, selection: ALL };
  for (const { asked, kept = asked } of CASES) {
    const from = createKeptResult(kept);
    const fitting = CASES.filter((other) => other.kept?.kind === from.kind || other.asked.kind === from.kind);
    for (const { asked: question } of CASES) {
      const into = createPartialResult(question);
      const isRight = fitting.some((other) => createPartialResult(other.asked).kind === into.kind);
      if (isRight || from.kind === into.kind) addKept(into, { ...task, question }, from);
      else assert.throws(() => addKept(into, { ...task, question }, from), isInternal, `${from.kind} to ${into.kind}`);
    }
  }
});

test('a dataset is not added to the result of another question', async () => {
  const block = blockOf([randomProfileRecord(createSeededRandom(1), { tenants: ['t'] })], 1);
  const place = { block, index: 0, dataset: block.dataset(0) };
  const rules = { selection: compileSelection(ALL), deletes: [] };
  const { signal } = new AbortController();
  const options = { signal, pause: async () => {}, memory: UNBOUNDED_MEMORY };
  const asked: readonly KeptQuestion[] = [
    SERIES,
    { kind: 'timedTotals', groupBy: [] },
    { kind: 'extent', points: 'profiles' },
  ];
  for (const question of asked) {
    const result = createKeptResult(question);
    await assert.rejects(addDataset(result, { kind: 'functions' }, rules, place, options), { code: 'internal' });
  }
});

test('damaged results are refused', async () => {
  await fc.assert(
    fc.asyncProperty(anyResult, fc.nat(), async ([seed, { asked, kept = asked }], at) => {
      for (const result of await resultsOf(seed, kept)) {
        assertDamageIsSeen(encodePartialResult(result), at, decodeKeptResult);
      }
    }),
    { numRuns: 60 },
  );
});

test('a message is counted while its result is read, and the result after', () => {
  const message = encodePartialResult({ kind: 'extent', extent: { range: { min: 1, max: 2 } } });
  let [heldBytes, peakBytes] = [0, 0];
  const memory: Memory = {
    take: (bytes) => {
      heldBytes += bytes;
      peakBytes = Math.max(peakBytes, heldBytes);
    },
    give: (bytes) => {
      heldBytes -= bytes;
    },
  };
  decodeKeptResult(message, memory);
  const columnBytes = peakBytes;
  peakBytes = 0;
  decodePartialResult(message, memory);
  assert.deepEqual([heldBytes, peakBytes], [0, columnBytes + message.length]);
});

test('whatever has a right checksum is read or refused, and is read within the memory it pays for', () => {
  const body = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(body, fc.nat(8), (bytes, kind) => {
      const framed = frameMessage(1, (writer) => {
        writer.uint8(kind);
        writer.bytes(bytes);
      });
      for (const read of [decodeTask, decodeKeptResult]) {
        try {
          read(framed);
        } catch (error) {
          assert.ok(isRefused(error) || (error instanceof FlamelakeError && error.code === 'out_of_range'));
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('references beyond their tables and equal entries are refused, equal names and stacks added up', () => {
  const result = (write: (writer: ByteWriter) => void) => frameMessage(1, write);
  const column = (...numbers: number[]) => {
    const writer = new ByteWriter();
    for (const number of numbers) writer.varint(number);
    return writer.copy();
  };
  const names = [2, 1, 1, 97, 98];
  const cases = {
    'a frame without a name': [0, ...names, 1, 0, 2, 0, 2],
    'a parent that comes later': [0, ...names, 1, 1, 0, 0, 2],
    'a parent as far away as numbers go': [0, ...names, 1, 0xffffffff, 0, 0, 2],
    'an unknown kind': [9],
    'a label without a text': [3, 1, 1, 97, 1, 1, 0, 1],
    'a label set twice': [3, 1, 1, 97, 2, 1, 0, 0, 1, 0, 0],
    'something behind': [3, 0, 0, 0],
  };
  for (const [what, numbers] of Object.entries(cases)) {
    assert.throws(() => decodePartialResult(result((writer) => writer.bytes(column(...numbers)))), isRefused, what);
  }
  const doubled = decodePartialResult(
    result((writer) => writer.bytes(column(0, 2, 1, 1, 97, 97, 2, 0, 1, 0, 1, 0, 2, 4))),
  );
  const sum = createPartialResult({ kind: 'functions' });
  mergePartialResult(sum, doubled);
  assert.ok(sum.kind === 'functions');
  assert.deepEqual(renderFlamegraph(sum.tree, 9), renderFlamegraph(treeOf([['a', 3n]]), 9));
  const good = decodePartialResult(result((writer) => writer.bytes(column(0, ...names, 2, 0, 0, 0, 1, 0, 2, 4))));
  assert.ok(good.kind === 'functions');
  const expected = treeOf([
    ['a', 1n],
    ['a;b', 2n],
  ]);
  assert.deepEqual(renderFlamegraph(good.tree, 9), renderFlamegraph(expected, 9));
});

test('version 1 is these bytes', () => {
  const task: Task = {
    question: { kind: 'timeSeries', grid: { startMs: 1, endMs: 2, stepMs: 0.5 }, groupBy: ['pod'] },
    selection: { tenants: ['t'], fromMs: 0, untilMs: 300, selectors: ['{}'], profileTypeId: undefined },
    parts: [
      {
        object: { key: 'k', id: 'b', etag: 'e', sizeBytes: 300 },
        datasets: [{ tenant: 't', service: 's', minTimeMs: 1, maxTimeMs: 2 }],
        deletes: [{ tenant: 't', selector: '{}', fromMs: 1, untilMs: 2 }],
      },
    ],
    estimatedBytes: 128,
  };
  const tree = treeOf([
    ['a', 1n],
    ['a;b', 300n],
  ]);
  const labels = [{ name: 'pod', value: 'x' }];
  const groups = new Map([['x', { labels, indexOf: new Map([[3, 0]]), sums: [-1n], profileCounts: [2] }]]);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  assert.deepEqual(
    {
      task: hex(encodeTask(task)),
      functions: hex(encodePartialResult({ kind: 'functions', tree })),
      series: hex(encodePartialResult({ kind: 'timeSeries', groups })),
      sets: hex(encodePartialResult({ kind: 'labelSets', sets: new Map([['x', labels]]) })),
    },
    {
      task:
        '010703706f640174027b7d016b01620165017302000000000000f03f0000000000000040000000000000e03f0100010100000000000000000000000000' +
        'c0724001020001030406ac02010106000000000000f03f0000000000000040010102000000000000f03f00000000000000408001cb0c78e4',
      functions: '0100020101616202000000010002d804604858ff',
      series: '01020203706f6401780101000101030102a840daa3',
      sets: '01030203706f640178010100016e13315c',
    },
  );
  assert.deepEqual(decodeTask(encodeTask(task)), task);
});

test('another release is told from damage', () => {
  const other = frameMessage(2, (writer) => writer.uint8(0));
  for (const read of [decodeTask, decodePartialResult]) {
    assert.throws(
      () => read(other),
      (error) => error instanceof FlamelakeError && error.code === 'unimplemented',
    );
  }
});

test('values beyond 2^53 and negative sums come back exactly', () => {
  const tree = treeOf([
    ['a', 9_007_199_254_740_993n],
    ['a;b', 9_000_000_000_000_000_000n],
  ]);
  const read = decodePartialResult(encodePartialResult({ kind: 'functions', tree }));
  assert.ok(read.kind === 'functions');
  assert.equal(read.tree.stacks.total, 9_009_007_199_254_740_993n);
  const groups = new Map([
    ['[]', { labels: [], indexOf: new Map([[2 ** 40, 0]]), sums: [-(2n ** 63n)], profileCounts: [2 ** 40] }],
  ]);
  assert.deepEqual(decodePartialResult(encodePartialResult({ kind: 'timeSeries', groups })), {
    kind: 'timeSeries',
    groups,
  });
});
