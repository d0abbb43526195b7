/** Plans over a catalog in index pages are those over a plain list of blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetInfo } from '@flamelake/block';
import { commitChange, limitCatalog, takeSnapshot, withBlocksOf } from '@flamelake/catalog';
import { createMemoryStore } from '@flamelake/object-store';
import { createSeededRandom, type SeededRandom } from '@flamelake/testkit';
import fc from 'fast-check';
import { datasetsFor, planQuery } from './plan.ts';
import type { Question, Selection } from './task.ts';
import { snapshotOf } from './test-snapshots.ts';

const ROOT = { logId: 'log', partition: 0 };
const DAY_MS = 86_400_000;
const TYPES = ['process_cpu:cpu:nanoseconds:cpu:nanoseconds', 'memory:inuse_space:bytes:space:bytes'];
const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };

function randomDatasets(random: SeededRandom): DatasetInfo[] {
  const names = new Set(Array.from({ length: random.integer(12) }, () => `${random.integer(3)}/${random.integer(4)}`));
  return [...names].sort().map((name) => {
    const [tenant = '', service = ''] = name.split('/');
    const minTimeMs = random.integer(4 * DAY_MS);
    const maxTimeMs = minTimeMs + random.integer(random.chance(0.3) ? 2 * DAY_MS : 3_600_000);
    return {
      tenant,
      service,
      minTimeMs,
      maxTimeMs,
      profileTypes: [random.pick(TYPES)],
      sizeBytes: random.integer(1_000),
    };
  });
}

function randomSelection(random: SeededRandom): Selection {
  const fromMs = random.integer(4 * DAY_MS);
  const selectors = ['{}', '{service_name="1"}', '{service_name=~"1|2"}', '{service_name!="1"}', '{region="eu"}'];
  return {
    tenants: random.pick([['0'], ['1', '2'], ['3']]),
    fromMs,
    untilMs: fromMs + random.integer(2 * DAY_MS),
    selectors: [random.pick(selectors)],
    profileTypeId: random.pick(['', ...TYPES]) || undefined,
  };
}

const QUESTIONS: readonly Question[] = [{ kind: 'functions' }, { kind: 'labelSets', names: ['service_name'] }];

test('a plan reads the same datasets, whether index pages name them or the manifest', async () => {
  let read = 0;
  const property = fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 4 }), async (seed, pageDatasets) => {
    const random = createSeededRandom(seed);
    const blocks = Array.from({ length: 8 }, (_, i) => ({
      id: String(i).padStart(32, '0'),
      version: 0,
      level: 1 + random.integer(3),
      datasets: randomDatasets(random),
    }));
    const flat = snapshotOf(blocks);
    const store = createMemoryStore({ clock });
    limitCatalog(store, { manifestBytes: 0, dayPageBytes: random.pick([0, 1_000]), pageDatasets });
    const add = flat.partitions[0].manifest.blocks;
    await commitChange(store, ROOT, { kind: 'merge', id: 'all', remove: [], add });
    const paged = await takeSnapshot(store);
    assert.ok(paged.partitions[0].manifest.days !== undefined);
    for (let i = 0; i < 10; i++) {
      const selection = randomSelection(random);
      const narrow = await withBlocksOf(store, paged, datasetsFor(selection));
      for (const question of QUESTIONS) {
        const planned = [flat, narrow].map((snapshot) => {
          const { known, tasks, estimatedBytes } = planQuery(snapshot, question, selection);
          const names = tasks.flatMap(({ parts }) =>
            parts.flatMap(({ object, datasets, deletes }) =>
              datasets.map((dataset) => JSON.stringify([object, dataset, deletes])),
            ),
          );
          return {
            sets: known.kind === 'labelSets' ? [...known.sets.keys()].sort() : [],
            names: names.sort(),
            estimatedBytes,
          };
        });
        assert.deepEqual(planned[1], planned[0]);
        read += planned[0].names.length;
      }
    }
  });
  await fc.assert(property, { numRuns: 20 });
  assert.ok(read > 100);
});
