import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBlockBuilder } from '@flamelake/block';
import { createMemoryCache } from '@flamelake/cache';
import { type ErrorCode, FlamelakeError } from '@flamelake/model';
import type { Task } from '@flamelake/query';
import { naiveMerge, naiveTotal } from '@flamelake/testkit';
import { CPU, LOG, recordsOf, setUp } from './querier.test-support.ts';

const signal = () => AbortSignal.timeout(60_000);

function rejectsAs(code: ErrorCode) {
  return (error: unknown) => error instanceof FlamelakeError && error.code === code;
}

test('a task is answered from the store', async () => {
  const { querier, task, records } = await setUp();
  const result = await querier.execute(task, signal());
  assert.ok(result.kind === 'functions');
  assert.equal(result.tree.stacks.total, naiveTotal(naiveMerge(records, { profileTypeId: CPU })));
});

test('what the cache holds is not read again; a cache that fails changes nothing', async () => {
  const cached = await setUp({ cache: createMemoryCache({ bytesMax: 1_000_000 }) });
  const first = await cached.querier.execute(cached.task, signal());
  const readsBefore = cached.reads.length;
  assert.ok(readsBefore > 0);
  assert.deepEqual(await cached.querier.execute(cached.task, signal()), first);
  assert.equal(cached.reads.length, readsBefore);
  const wrongLength = {
    get: () => Promise.resolve(new Uint8Array(3)),
    set: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const broken = await setUp({ cache: wrongLength });
  assert.deepEqual(await broken.querier.execute(broken.task, signal()), first);
});

test('results and footers that others kept spare reads', async () => {
  const shared = createMemoryCache({ bytesMax: 1_000_000 });
  const first = await setUp({ results: shared });
  const folded = (task: Task): Task => ({
    ...task,
    parts: task.parts.map((part) => ({ ...part, object: { ...part.object, etag: undefined } })),
  });
  const answer = await first.querier.execute(folded(first.task), signal());
  const reads = first.reads.length;
  // Another querier, with the same question: nothing is read; with another one: all but the footer.
  const second = await setUp({ results: shared });
  assert.deepEqual(await second.querier.execute(folded(second.task), signal()), answer);
  assert.equal(second.reads.length, 0);
  const other = { ...folded(second.task), question: { kind: 'locations' } as const };
  await second.querier.execute(other, signal());
  assert.equal(second.reads.length, reads - 1);
});

test('an object that is gone, or another under its key, is not found', async () => {
  const { querier, store, task } = await setUp();
  await store.delete(['a']);
  await assert.rejects(querier.execute(task, signal()), rejectsAs('not_found'));
  const builder = createBlockBuilder();
  for (const [i, record] of recordsOf(2, 20).entries()) builder.addProfile(record, i);
  const other = builder.build({ id: '2'.padStart(32, '0'), level: 0, log: LOG });
  await store.putIfAbsent('a', other.bytes);
  await assert.rejects(querier.execute(task, signal()), rejectsAs('not_found'));
  const [part] = task.parts;
  // Without a tag, as for blocks with random keys, the id in the footer tells.
  const untagged = { ...part.object, etag: undefined, sizeBytes: other.bytes.length };
  await assert.rejects(
    querier.execute({ ...task, parts: [{ ...part, object: untagged }] }, signal()),
    rejectsAs('not_found'),
  );
});

test('a corrupt object fails its query only', async () => {
  const { querier, store, task } = await setUp();
  const whole = await store.get('a');
  assert.ok(whole);
  const bytes = whole.bytes.slice();
  bytes[10] ^= 0x40;
  await store.put('b', bytes);
  const [part] = task.parts;
  const corrupt = { ...part, object: { ...part.object, key: 'b', etag: undefined } };
  await assert.rejects(querier.execute({ ...task, parts: [corrupt] }, signal()), rejectsAs('data_loss'));
  assert.equal((await querier.execute(task, signal())).kind, 'functions');
});

test('four large tasks run at a time, others wait for their turn, few of them', async () => {
  const memoryBytesMax = 4_194_304;
  const { querier, task } = await setUp({ memoryBytesMax, waitingTasksMax: 1 });
  const large = { ...task, estimatedBytes: memoryBytesMax };
  const asked = await Promise.allSettled(Array.from({ length: 6 }, () => querier.execute(large, signal())));
  const last = asked.pop();
  assert.ok(asked.every(({ status }) => status === 'fulfilled'));
  assert.ok(last?.status === 'rejected' && rejectsAs('resource_exhausted')(last.reason));
  const { details } = last.reason;
  assert.deepEqual(
    [details.waiting, details.limit, details.memoryBytes, details.option],
    [1, 1, memoryBytesMax, 'querier.memory-max'],
  );
});

test('a canceled task ends', async () => {
  const { querier, task } = await setUp();
  await assert.rejects(querier.execute(task, AbortSignal.abort()), rejectsAs('canceled'));
});
