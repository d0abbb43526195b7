import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetInfo } from '@flamelake/block';
import type { PendingDelete } from '@flamelake/catalog';
import { FlamelakeError } from '@flamelake/model';
import { sortedLabelSets } from './label-sets.ts';
import { planQuery } from './plan.ts';
import type { Question, Selection, Task } from './task.ts';
import { encodeTask } from './task-codec.ts';
import { snapshotOf } from './test-snapshots.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';
const STACKS: Question = { kind: 'functions' };

function dataset(tenant: string, service: string, others: Partial<DatasetInfo> = {}): DatasetInfo {
  return { tenant, service, minTimeMs: 100, maxTimeMs: 200, profileTypes: [CPU], sizeBytes: 10, ...others };
}

function selection(others: Partial<Selection> = {}): Selection {
  return { tenants: ['t'], fromMs: 0, untilMs: 1_000, selectors: [], profileTypeId: CPU, ...others };
}

/** What a plan reads, as `block/tenant/service`. */
function readBy(plan: ReturnType<typeof planQuery>): string[] {
  return plan.tasks.flatMap((task) =>
    task.parts.flatMap(({ object, datasets }) =>
      datasets.map(({ tenant, service }) => `${object.id}/${tenant}/${service}`),
    ),
  );
}

test('blocks are opened by the end that the catalog states, small ones whole but for labels', () => {
  const snapshot = snapshotOf([
    { id: 'b1', version: 1, sizeBytes: 1_000_000, tailBytes: 700, datasets: [dataset('t', 'cart')] },
    { id: 'b2', version: 1, sizeBytes: 60_000, tailBytes: 400, datasets: [dataset('t', 'cart')] },
    { id: 'b3', version: 1, sizeBytes: 1_000_000, datasets: [dataset('t', 'cart')] },
  ]);
  const tailsOf = (question: Question) =>
    planQuery(snapshot, question, selection()).tasks.flatMap(({ parts }) =>
      parts.map(({ object }) => object.tailBytes),
    );
  assert.deepEqual(tailsOf({ kind: 'labelNames' }), [700, 400, undefined]);
  assert.deepEqual(tailsOf({ kind: 'labelSets', names: ['pod'] }), [700, 400, undefined]);
  assert.deepEqual(tailsOf(STACKS), [700, 60_000, undefined]);
});

test('datasets are pruned by tenant, time, service and profile type', () => {
  const snapshot = snapshotOf([
    {
      id: 'b1',
      version: 1,
      datasets: [
        dataset('t', 'cart'),
        dataset('u', 'cart'),
        dataset('t', 'shop', { minTimeMs: 300, maxTimeMs: 400 }),
        dataset('t', 'heap', { profileTypes: [HEAP] }),
      ],
    },
    { id: 's1', position: 5, datasets: [dataset('t', 'cart')] },
  ]);
  const read = (others: Partial<Selection>) => readBy(planQuery(snapshot, STACKS, selection(others)));
  assert.deepEqual(read({}), ['b1/t/cart', 'b1/t/shop', 's1/t/cart']);
  assert.deepEqual(read({ tenants: ['u'] }), ['b1/u/cart']);
  assert.deepEqual(read({ tenants: ['t', 'u'], fromMs: 200, untilMs: 300 }), ['b1/t/cart', 'b1/u/cart', 's1/t/cart']);
  assert.deepEqual(read({ fromMs: 201, untilMs: 300 }), []);
  assert.deepEqual(read({ fromMs: 201, untilMs: 301 }), ['b1/t/shop']);
  assert.deepEqual(read({ selectors: ['{service_name=~"sh.*|heap"}'] }), ['b1/t/shop']);
  assert.deepEqual(read({ selectors: ['{service_name!="shop"}', '{region="eu"}'] }), ['b1/t/cart', 's1/t/cart']);
  assert.deepEqual(read({ profileTypeId: undefined, selectors: ['{__profile_type__=~"memory.*"}'] }), ['b1/t/heap']);
  assert.throws(
    () => read({ selectors: ['{'] }),
    (error) => error instanceof FlamelakeError && error.code === 'invalid_argument',
  );
});

test('tasks have about equal bytes and nothing is left out', () => {
  const blocks = Array.from({ length: 20 }, (_, i) => ({
    id: `b${i}`,
    version: 1,
    datasets: [dataset('t', 'a', { sizeBytes: 100 }), dataset('t', 'b', { sizeBytes: 50 })],
  }));
  const plan = planQuery(snapshotOf(blocks), STACKS, selection(), { bytesTarget: 600 });
  assert.equal(plan.estimatedBytes, 3_000);
  assert.equal(plan.tasks.length, 5);
  assert.equal(new Set(readBy(plan)).size, 40);
  for (const task of plan.tasks) assert.ok(task.estimatedBytes >= 500 && task.estimatedBytes <= 700);
  assert.equal(
    plan.tasks.reduce((sum, task) => sum + task.estimatedBytes, 0),
    plan.estimatedBytes,
  );
});

test('what totals answer is expected to read less', () => {
  const bytesOf = (level: number, question: Question, change: Partial<Selection> = {}) => {
    const blocks = [{ id: 'b', version: 1, level, datasets: [dataset('t', 'a', { sizeBytes: 1_000 })] }];
    return planQuery(snapshotOf(blocks), question, selection(change)).estimatedBytes;
  };
  assert.equal(bytesOf(1, STACKS), 1_000);
  assert.ok(bytesOf(2, STACKS) < 500);
  assert.ok(bytesOf(3, STACKS, { selectors: ['{service_name="a"}'] }) < 500);
  assert.equal(bytesOf(3, STACKS, { selectors: ['{region="eu"}'] }), 1_000);
  assert.equal(bytesOf(3, STACKS, { fromMs: 101 }), 1_000);
});

test('a wide plan has larger tasks before it has more of them', () => {
  const MIB = 1_048_576;
  const cut = (gib: number) => {
    const datasets = Array.from({ length: gib * 256 }, (_, i) => dataset('t', `s${i}`, { sizeBytes: 4 * MIB }));
    const { tasks } = planQuery(snapshotOf([{ id: 'b', version: 1, datasets }]), STACKS, selection());
    return [tasks.length, Math.max(...tasks.map(({ estimatedBytes }) => estimatedBytes)) / MIB];
  };
  assert.deepEqual(cut(1), [32, 32]);
  assert.deepEqual(cut(2), [64, 32]);
  assert.deepEqual(cut(8), [64, 128]);
  assert.deepEqual(cut(16), [64, 256]);
  assert.deepEqual(cut(32), [128, 256]);
});

test('segments are read by their etag, blocks by their id', () => {
  const plan = planQuery(
    snapshotOf([
      { id: 'b1', version: 1, datasets: [dataset('t', 'a')] },
      { id: 's1', etag: 'e1', datasets: [dataset('t', 'a')] },
    ]),
    STACKS,
    selection(),
  );
  const objects = plan.tasks.flatMap((task) => task.parts.map(({ object }) => [object.id, object.etag]));
  assert.deepEqual(objects, [
    ['b1', undefined],
    ['s1', 'e1'],
  ]);
});

test('a pending delete touches what was there before it', () => {
  const pending: PendingDelete = {
    id: 'd',
    tenant: 't',
    selector: '{}',
    fromMs: 150,
    untilMs: 160,
    version: 5,
    chainEnd: 50,
  };
  const snapshot = snapshotOf(
    [
      { id: 'old', version: 4, datasets: [dataset('t', 'a'), dataset('u', 'a')] },
      { id: 'applied', version: 5, datasets: [dataset('t', 'a')] },
      { id: 'before', position: 49, datasets: [dataset('t', 'a')] },
      { id: 'after', position: 50, datasets: [dataset('t', 'a')] },
      { id: 'elsewhen', position: 1, datasets: [dataset('t', 'a', { minTimeMs: 160 })] },
    ],
    [pending],
  );
  const plan = planQuery(snapshot, STACKS, selection({ tenants: ['t', 'u'] }));
  const touched = plan.tasks.flatMap((task) => task.parts.filter((part) => part.deletes.length > 0));
  assert.deepEqual(
    touched.map((part) => part.object.id),
    ['old', 'before'],
  );
  assert.deepEqual(touched[0].deletes, [{ tenant: 't', selector: '{}', fromMs: 150, untilMs: 160 }]);
});

test('a block of many datasets says each delete once, and only those that can be about them', () => {
  const [services, deletes] = [200, 100];
  const pending = (i: number, selector: string): PendingDelete => {
    return { id: `d${i}`, tenant: 't', selector, fromMs: 110 + (i % 50), untilMs: 190, version: 5, chainEnd: 50 };
  };
  const datasets = Array.from({ length: services }, (_, i) => dataset('t', `s${i}`));
  const planWith = (selectorOf: (i: number) => string) =>
    planQuery(
      snapshotOf(
        [{ id: 'b', version: 1, datasets }],
        Array.from({ length: deletes }, (_, i) => pending(i, selectorOf(i))),
      ),
      STACKS,
      selection({ selectors: ['{service_name!="s7"}'] }),
    ).tasks;
  const saidBy = (tasks: readonly Task[]) => tasks.flatMap(({ parts }) => parts.map((part) => part.deletes.length));
  // Every one is there twice, under another id.
  const ofPods = planWith((i) => `{pod="p${i % 50}"}`);
  assert.deepEqual(saidBy(ofPods), [50]);
  const [bare] = planQuery(snapshotOf([{ id: 'b', version: 1, datasets }]), STACKS, selection()).tasks;
  assert.ok(encodeTask(ofPods[0]).length < encodeTask(bare).length + 50 * 40);
  // A hundred services have one each; one is not asked for, and one is of no service there is.
  const ofServices = planWith((i) => (i === 9 ? '{service_name="gone"}' : `{service_name="s${i}",pod="p"}`));
  assert.deepEqual(saidBy(ofServices), [98]);
});

test('datasets that a delete of their service takes as a whole are not read', () => {
  const pending = { id: 'd', tenant: 't', fromMs: 100, untilMs: 201, version: 5, chainEnd: 50 };
  const datasets = [dataset('t', 'a'), dataset('t', 'b')];
  const read = (selector: string, untilMs = 201) =>
    readBy(
      planQuery(
        snapshotOf([{ id: 'b', version: 1, datasets }], [{ ...pending, selector, untilMs }]),
        STACKS,
        selection(),
      ),
    );
  assert.deepEqual(read('{service_name="a"}'), ['b/t/b']);
  assert.deepEqual(read('{service_name=~"a|c"}'), ['b/t/b']);
  assert.deepEqual(read('{}'), []);
  assert.deepEqual(read('{service_name="a"}', 200), ['b/t/a', 'b/t/b']);
  assert.deepEqual(read('{service_name="a",pod="p"}'), ['b/t/a', 'b/t/b']);
});

test('services and profile types of whole datasets need no block', () => {
  const snapshot = snapshotOf([
    { id: 'b1', version: 1, datasets: [dataset('t', 'a', { profileTypes: [CPU, HEAP] }), dataset('u', 'x')] },
    { id: 'b2', version: 1, datasets: [dataset('t', 'b', { minTimeMs: 900, maxTimeMs: 1_000 })] },
  ]);
  const ask = (names: string[], selectors: string[] = []) =>
    planQuery(snapshot, { kind: 'labelSets', names }, selection({ profileTypeId: undefined, selectors }));
  const plan = ask(['service_name', '__profile_type__']);
  assert.ok(plan.known.kind === 'labelSets');
  assert.deepEqual(sortedLabelSets(plan.known.sets), [
    [
      { name: '__profile_type__', value: HEAP },
      { name: 'service_name', value: 'a' },
    ],
    [
      { name: '__profile_type__', value: CPU },
      { name: 'service_name', value: 'a' },
    ],
  ]);
  assert.deepEqual(readBy(plan), ['b2/t/b']);
  assert.deepEqual(readBy(ask(['region'])), ['b1/t/a', 'b2/t/b']);
  assert.deepEqual(readBy(ask(['service_name'], ['{region="eu"}'])), ['b1/t/a', 'b2/t/b']);
  const one = ask(['service_name'], ['{__profile_type__=~"memory.*"}']);
  assert.ok(one.known.kind === 'labelSets');
  assert.deepEqual(sortedLabelSets(one.known.sets), [[{ name: 'service_name', value: 'a' }]]);
});
