/** What a dry run of a delete counts, and what it says when it may not look at everything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBlockBuilder } from '@flamelake/block';
import { foldOnce, segmentKey } from '@flamelake/catalog';
import type { Clock, ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { type PreviewContext, previewDelete } from './preview-delete.ts';

const ROOT = { logId: 'log', partition: 0 };
const NOW_MS = Date.UTC(2026, 10, 21, 9);
const SEGMENTS = 6;
const RANGE = { tenant: 'acme', selector: '{service_name="cart"}', fromMs: 0, untilMs: NOW_MS + 1 };
/** The first two segments are a block. */
const OBJECTS = SEGMENTS - 1;

/** Each look at it takes 100 ms. */
function lookedAtClock(): Clock {
  let monotonicMs = 0;
  return { nowMs: () => NOW_MS, monotonicMs: () => (monotonicMs += 100), sleep: () => Promise.resolve() };
}

/** Six segments of two profiles each of two services of two tenants. */
async function createWorld() {
  const clock = lookedAtClock();
  const random = createSeededRandom(3);
  const inner = createMemoryStore({ clock });
  let reads = 0;
  const store: ObjectStore = {
    ...inner,
    get(key, range, signal) {
      reads++;
      return inner.get(key, range, signal);
    },
  };
  const bytes: number[] = [];
  for (let i = 0; i < SEGMENTS; i++) {
    const builder = createBlockBuilder();
    for (const tenant of ['acme', 'other']) {
      for (const service of ['cart', 'pay']) {
        for (let n = 0; n < 2; n++) {
          builder.addProfile({ ...randomProfileRecord(random, { timeMs: NOW_MS, groupsMax: 1 }), tenant, service }, i);
        }
      }
    }
    const log = { ...ROOT, position: i, next: i + 1, lastAppendMs: NOW_MS, gaps: [] };
    const id = (i + 1).toString(16).padStart(32, '0');
    const built = builder.build({ id, level: 0, log });
    await store.putIfAbsent(segmentKey(ROOT, i), built.bytes);
    const own = built.info.datasets.filter(({ tenant }) => tenant === RANGE.tenant);
    bytes.push(own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    if (i === 1) assert.equal((await foldOnce({ store, root: ROOT, random })).outcome, 'committed');
  }
  const preview = (
    bounds: Partial<PreviewContext>,
    range: Partial<typeof RANGE> = {},
    signal = new AbortController().signal,
  ) => previewDelete({ store, clock, ...bounds }, { ...RANGE, ...range }, signal);
  const readsOf = async (work: () => Promise<unknown>) => {
    const before = reads;
    await work();
    return reads - before;
  };
  return { preview, readsOf, segmentBytes: bytes };
}

test('without bounds in its way it counts every profile of the selector, of one tenant', async () => {
  const { preview } = await createWorld();
  const all = await preview({});
  assert.deepEqual([all.profiles, all.objects, all.isComplete], [2 * SEGMENTS, OBJECTS, true]);
  assert.ok(all.bytes > 0 && all.rows >= all.profiles);
  const none = await preview({}, { tenant: 'nobody' });
  assert.deepEqual(none, { profiles: 0, rows: 0, bytes: 0, objects: 0, isComplete: true });
});

test('beyond its bytes it reads no further object and says that it is at least so much', async () => {
  const { preview, readsOf, segmentBytes } = await createWorld();
  const all = await preview({});
  const last = segmentBytes.at(-1) ?? 0;
  const found: (typeof all)[] = [];
  const toFind = await readsOf(() => preview({}, { tenant: 'nobody' }));
  const toCount = (await readsOf(() => preview({}))) - toFind;
  // Objects differ a little in size: from too few bytes for the first to enough for all.
  for (let bytesMax = last / 2; found.at(-1)?.isComplete !== true; bytesMax += last / 2) {
    const reads = await readsOf(async () => void found.push(await preview({ bytesMax })));
    assert.equal(reads - toFind, (toCount * (found.at(-1)?.objects ?? 0)) / OBJECTS, 'it reads what it counts');
  }
  assert.deepEqual(found[0], { profiles: 0, rows: 0, bytes: 0, objects: 0, isComplete: false });
  assert.deepEqual(found.at(-1), all);
  assert.deepEqual([...new Set(found.map(({ objects }) => objects))], [0, 1, 2, 3, 4, 5]);
  for (const { profiles, objects, isComplete } of found) {
    assert.equal(profiles, objects === 0 ? 0 : 2 * (objects + 1));
    assert.equal(isComplete, objects === OBJECTS);
  }
  // What others hold, or other times, is not looked into.
  assert.equal((await preview({ bytesMax: 0 }, { tenant: 'nobody' })).isComplete, true);
  assert.equal((await preview({ bytesMax: 0 }, { untilMs: 1 })).isComplete, true);
});

test('beyond its time it stops, whatever is left', async () => {
  const { preview } = await createWorld();
  const some = await preview({ timeMsMax: 350 });
  assert.deepEqual([some.objects, some.isComplete], [3, false]);
  assert.equal((await preview({ timeMsMax: 100 * OBJECTS })).isComplete, true);
});

test('a client that is gone ends it', async () => {
  const { preview } = await createWorld();
  const gone = new AbortController();
  gone.abort(new Error('client is gone'));
  await assert.rejects(preview({}, {}, gone.signal), /client is gone/);
});
