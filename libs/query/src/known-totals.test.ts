import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockReader, type BlockSource, createBlockBuilder, memorySource, openBlock } from '@flamelake/block';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { executeTask } from './execute-task.ts';
import type { PartialResult } from './partial-result.ts';
import { createPartialResult, mergePartialResult } from './partial-result.ts';
import { renderFlamegraph } from './render-flamegraph.ts';
import { renderPprof } from './render-pprof.ts';
import type { Question, RowDelete, Selection, Task } from './task.ts';
import { optionsFor } from './test-blocks.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const CPU_TYPE = {
  name: 'process_cpu',
  sampleType: 'cpu',
  sampleUnit: 'nanoseconds',
  periodType: 'cpu',
  periodUnit: 'nanoseconds',
};
const DAY_MS = 86_400_000;
const DAYS = 30;
const PROFILES_A_DAY = 150;

interface Day {
  readonly bytes: Uint8Array;
  readonly id: string;
}

/** A block a day, of one service. */
function makeDays(totalsMs: number | undefined): readonly Day[] {
  const random = createSeededRandom(4);
  const shape = { tenants: ['t'], services: ['cart'], functionsMax: 60, stacksMax: 60, depthMax: 6 };
  const base = randomProfileRecord(random, shape);
  return Array.from({ length: DAYS }, (_, day) => {
    const builder = createBlockBuilder();
    for (let i = 0; i < PROFILES_A_DAY; i++) {
      const timeMs = day * DAY_MS + Math.floor((i * DAY_MS) / PROFILES_A_DAY);
      const groups = base.groups.map((group) => ({
        ...group,
        values: group.values.map(() => BigInt(1 + random.integer(1e6))),
      }));
      const timeNanos = BigInt(timeMs) * 1_000_000n;
      builder.addProfile({ ...base, identity: random.bytes(16), timeNanos, groups }, i);
    }
    const id = `${day}`.padStart(32, '0');
    const log = { logId: 'log', partition: 0, position: 0, next: 1, lastAppendMs: 0, gaps: [] };
    return { id, bytes: builder.build({ id, level: 3, log, ...(totalsMs !== undefined && { totalsMs }) }).bytes };
  });
}

const WITH = makeDays(DAY_MS);
const WITHOUT = makeDays(undefined);

/** Asks about all days. @returns the result, and what it read */
async function ask(
  days: readonly Day[],
  question: Question,
  change: Partial<Selection> = {},
  deletes: RowDelete[] = [],
) {
  let bytesRead = 0;
  let requests = 0;
  const counted = ({ bytes }: Day): Promise<BlockReader> => {
    const inner = memorySource(bytes);
    const source: BlockSource = {
      ...inner,
      read(offset, length, signal) {
        bytesRead += length;
        requests++;
        return inner.read(offset, length, signal);
      },
    };
    // The footer alone, as small ends of large objects are.
    return openBlock(source, { tailBytes: 1_024 });
  };
  const selection = { tenants: ['t'], fromMs: 0, untilMs: DAYS * DAY_MS, selectors: [], profileTypeId: CPU, ...change };
  const datasets = [{ tenant: 't', service: 'cart', minTimeMs: 0, maxTimeMs: DAYS * DAY_MS }];
  const task: Task = {
    question,
    selection,
    parts: days.map(({ id, bytes }) => ({
      object: { key: id, id, etag: undefined, sizeBytes: bytes.length },
      datasets,
      deletes,
    })),
    estimatedBytes: 1,
  };
  const options = optionsFor(({ id }) => counted(days[Number(id)]));
  const result = await executeTask(task, options);
  return { result, bytesRead, requests };
}

function shown(result: PartialResult): unknown {
  if (result.kind === 'functions') return renderFlamegraph(result.tree, 10_000);
  assert.ok(result.kind === 'locations');
  return renderPprof(result.tree, { type: CPU_TYPE, startMs: 1, endMs: 2 });
}

for (const kind of ['functions', 'locations'] as const) {
  test(`thirty days of one service read stacks and no samples: ${kind}`, async () => {
    const known = await ask(WITH, { kind });
    const summed = await ask(WITHOUT, { kind });
    assert.deepEqual(shown(known.result), shown(summed.result));
    assert.ok(known.bytesRead * 2 < summed.bytesRead, `${known.bytesRead} of ${summed.bytesRead} bytes`);
    // The end of the object, one range with totals and symbols, and mappings where a frame turns out to have no function.
    const requestsMax = kind === 'functions' ? 3 : 2;
    assert.ok(known.requests <= requestsMax * DAYS, `${known.requests} requests`);
  });
}

test('matchers on service and profile type are judged without samples', async () => {
  const all = await ask(WITH, { kind: 'functions' });
  const chosen = await ask(WITH, { kind: 'functions' }, { selectors: ['{service_name=~"c.*"}'] });
  assert.deepEqual(shown(chosen.result), shown(all.result));
  assert.equal(chosen.bytesRead, all.bytesRead);
  const none = await ask(WITH, { kind: 'functions' }, { selectors: ['{service_name!="cart"}'] });
  assert.deepEqual(none.result, createPartialResult({ kind: 'functions' }));
});

test('a label, a day that the range cuts, a delete: samples are read, and the answer is theirs', async () => {
  const deletes = [{ tenant: 't', selector: '{region="eu"}', fromMs: 0, untilMs: DAYS * DAY_MS }];
  const cut = { fromMs: 1, untilMs: DAYS * DAY_MS - DAY_MS / 2 };
  for (const [change, rules] of [
    [{ selectors: ['{region="eu"}'] }, []],
    [cut, []],
    [{}, deletes],
  ] as const) {
    const one = await ask(WITH, { kind: 'functions' }, change, [...rules]);
    const other = await ask(WITHOUT, { kind: 'functions' }, change, [...rules]);
    assert.deepEqual(shown(one.result), shown(other.result));
  }
});

test('results from totals and from samples add up', async () => {
  const into = createPartialResult({ kind: 'functions' });
  mergePartialResult(into, (await ask(WITH, { kind: 'functions' }, { untilMs: 3 * DAY_MS })).result);
  mergePartialResult(into, (await ask(WITHOUT, { kind: 'functions' }, { fromMs: 3 * DAY_MS })).result);
  assert.deepEqual(shown(into), shown((await ask(WITHOUT, { kind: 'functions' })).result));
});
