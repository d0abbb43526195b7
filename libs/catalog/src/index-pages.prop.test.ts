/** A catalog in index pages against a plain list of blocks: the same commits leave the same blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetInfo } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { createSeededRandom, type SeededRandom } from '@flamelake/testkit';
import fc from 'fast-check';
import { applyChange, type Change, isLive } from './change.ts';
import { commitChange } from './commit-change.ts';
import { blockKey } from './keys.ts';
import { plannedBlocks, withBlocks } from './load-blocks.ts';
import { EMPTY_MANIFEST, encodeManifest } from './manifest.ts';
import { newestManifest } from './newest-manifest.ts';
import { daysOf } from './next-version.ts';
import { type CatalogLimits, limitCatalog } from './page-cache.ts';
import { randomId } from './random-id.ts';
import { sweepOnce } from './sweep.ts';
import type { BlockEntry, Manifest } from './types.ts';
import { createTestClock, createTestStore } from './world.test-support.ts';

const ROOT = { logId: 'log1', partition: 0 };
const DAY_MS = 86_400_000;
const KEEP_MS = 60_000;

interface Made {
  readonly manifest: Manifest;
  /** The same, all blocks named by the manifest. */
  readonly flat: Manifest;
}

/** Commits random changes, each to a catalog in pages and to a plain manifest. */
async function commitRandomly(
  seed: number,
  limits: Partial<CatalogLimits>,
  check: (store: ObjectStore, made: Made, random: SeededRandom) => Promise<void>,
) {
  const random = createSeededRandom(seed);
  const clock = createTestClock();
  const store = createTestStore(clock);
  limitCatalog(store, limits);
  let flat = EMPTY_MANIFEST;
  for (let step = 0; step < 40; step++) {
    const change = randomChange(random, flat);
    clock.advance(random.integer(KEEP_MS));
    const { outcome } = await commitChange(store, ROOT, change);
    assert.equal(outcome, 'committed');
    flat = applyChange(flat, change);
    if (random.integer(4) === 0) {
      const { floor } = await sweepOnce({ store, root: ROOT, random, keepMs: KEEP_MS });
      const newest = await newestManifest(store, ROOT);
      flat = { ...flat, version: newest.version, floor, commitIds: newest.commitIds };
    }
    await check(store, { manifest: await newestManifest(store, ROOT), flat }, random);
  }
}

function randomChange(random: SeededRandom, manifest: Manifest): Change {
  const id = randomId(random);
  const { blocks, position, version } = manifest;
  const kind = random.integer(10);
  if (kind === 0) {
    const { tenant } = randomDataset(random);
    const fromMs = random.integer(6) * DAY_MS;
    const pending = {
      id,
      tenant,
      selector: '{}',
      fromMs,
      untilMs: fromMs + random.integer(3 * DAY_MS),
      chainEnd: position,
    };
    return { kind: 'delete', id, pending };
  }
  if (kind === 1) {
    const { tenant, minTimeMs: beforeMs } = randomDataset(random);
    const change: Change = { kind: 'cut', id, cuts: [{ tenant, beforeMs }], over: [] };
    if (isLive(manifest, change)) return change;
  }
  if (kind < 5 || blocks.length === 0) {
    const block = randomBlock(random, version, 1, position, position + 1 + random.integer(3));
    return { kind: 'fold', id, from: position, firstAppendMs: 1, block };
  }
  const removed = blocks.filter(() => random.integer(3) === 0);
  const inputs = removed.length === 0 ? blocks.slice(0, 1) : removed;
  const [from, until] = [
    Math.min(...inputs.map(({ log }) => log.position)),
    Math.max(...inputs.map(({ log }) => log.next)),
  ];
  const count = random.integer(4);
  const add = Array.from({ length: count }, () => randomBlock(random, version, 2 + random.integer(2), from, until));
  return { kind: 'merge', id, remove: inputs.map(({ key }) => key), days: daysOf(inputs), add };
}

function randomBlock(random: SeededRandom, version: number, level: number, position: number, next: number): BlockEntry {
  const id = randomId(random);
  const log = { ...ROOT, position, next, lastAppendMs: next * 1_000, gaps: [] };
  const datasets = new Map<string, DatasetInfo>();
  for (let i = random.integer(8); i > 0; i--) {
    const info = randomDataset(random);
    datasets.set(`${info.tenant}/${info.service}`, info);
  }
  const sizeBytes = random.integer(1_000);
  const tail = random.integer(2) === 0 ? {} : { tailBytes: random.integer(100) };
  return { key: blockKey(ROOT, version, id), id, level, sizeBytes, ...tail, log, datasets: [...datasets.values()] };
}

function randomDataset(random: SeededRandom): DatasetInfo {
  const minTimeMs = random.integer(6 * DAY_MS);
  return {
    tenant: `tenant-${random.integer(4)}`,
    service: `service-${random.integer(6)}`,
    minTimeMs,
    maxTimeMs: minTimeMs + random.integer(random.integer(3) === 0 ? 2 * DAY_MS : 3_600_000),
    profileTypes: random.integer(2) === 0 ? ['cpu'] : ['cpu', 'heap'],
    sizeBytes: random.integer(500),
  };
}

/** Without what only the paged catalog has, in an order that does not depend on pages. */
function plain({ blocks, dropped, ...manifest }: Manifest) {
  return {
    ...manifest,
    days: undefined,
    blocks: blocks.map(sorted).sort((a, b) => (a.key < b.key ? -1 : 1)),
    dropped: dropped
      .filter(({ key }) => key.includes('/blocks/'))
      .map(({ key }) => key)
      .sort(),
  };
}

function sorted(block: BlockEntry): BlockEntry {
  const name = ({ tenant, service }: DatasetInfo) => `${tenant}/${service}`;
  return { ...block, datasets: block.datasets.toSorted((a, b) => (name(a) < name(b) ? -1 : 1)) };
}

const limits = fc.record({
  manifestBytes: fc.constantFrom(0, 1_500, 3_000),
  dayPageBytes: fc.constantFrom(0, 500, 1_000),
  pageDatasets: fc.integer({ min: 1, max: 8 }),
  cacheBytes: fc.constantFrom(0, 2_000, 1_000_000),
});

test('commits to index pages leave the blocks that commits to a plain list leave', async () => {
  let pages = 0;
  const property = fc.asyncProperty(fc.nat(), limits, async (seed, own) => {
    await commitRandomly(seed, own, async (store, { manifest, flat }) => {
      const { dropped: _, ...whole } = plain(await withBlocks(store, manifest));
      const { dropped: __, ...expected } = plain(flat);
      assert.deepEqual(whole, expected);
      const planned = await plannedBlocks(store, manifest);
      assert.deepEqual(planned.map(({ key }) => key).sort(), flat.blocks.map(({ key }) => key).sort());
      pages += manifest.days?.length ?? 0;
    });
  });
  await fc.assert(property, { numRuns: 12 });
  assert.ok(pages > 100);
});

test('what is asked of index pages is what a plain list holds of it', async () => {
  const property = fc.asyncProperty(fc.nat(), limits, async (seed, own) => {
    await commitRandomly(seed, own, async (store, { manifest, flat }, random) => {
      const fromMs = random.integer(6 * DAY_MS);
      const { tenant, service } = randomDataset(random);
      const filter = {
        tenants: [tenant],
        fromMs,
        untilMs: fromMs + random.integer(2 * DAY_MS),
        ...(random.integer(2) === 0 && { service }),
      };
      const wanted = ({ blocks }: Manifest) =>
        blocks
          .flatMap(({ key, datasets }) => datasets.map((info) => ({ key, info })))
          .filter(({ info }) => info.tenant === tenant && (filter.service ?? info.service) === info.service)
          .filter(({ info }) => info.minTimeMs < filter.untilMs && info.maxTimeMs >= fromMs)
          .map((one) => JSON.stringify(one))
          .sort();
      assert.deepEqual(wanted(await withBlocks(store, manifest, filter)), wanted(flat));
    });
  });
  await fc.assert(property, { numRuns: 10 });
});

test('a catalog that fits into its manifest again is of version 1', async () => {
  const clock = createTestClock();
  const store = createTestStore(clock);
  const random = createSeededRandom(7);
  limitCatalog(store, { manifestBytes: 0 });
  const block = randomBlock(random, 0, 1, 0, 5);
  await commitChange(store, ROOT, { kind: 'fold', id: 'a', from: 0, firstAppendMs: 1, block });
  const paged = await newestManifest(store, ROOT);
  assert.deepEqual([paged.blocks, paged.days?.length, encodeManifest(paged)[4]], [[], 1, 2]);
  const change = { kind: 'merge', id: 'b', remove: [block.key], days: daysOf([block]), add: [] } as const;
  assert.equal((await commitChange(store, ROOT, change)).outcome, 'committed');
  const newest = await newestManifest(store, ROOT);
  assert.deepEqual([newest.days, encodeManifest(newest)[4]], [undefined, 1]);
  assert.deepEqual(
    newest.dropped.map(({ key }) => key).sort(),
    [block.key, ...(paged.days ?? []).map(({ key }) => key)].sort(),
  );
});
