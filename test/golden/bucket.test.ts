/** Buckets that earlier releases wrote answer every query as they did then; compaction goes on with them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { foldOnce, limitCatalog, listRoots, type Manifest, mergeOnce, takeSnapshot, withBlocks } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import { createSeededRandom } from '@flamelake/testkit';
import { askBucket, GOLDEN_END_MS } from './ask-bucket.ts';
import { readBucketFile } from './bucket-file.ts';
import { storeOfObjects } from './store-of-objects.ts';

const DAY_MS = 86_400_000;
const names = readdirSync(import.meta.dirname)
  .filter((name) => /^bucket-v\d+\.zst$/.test(name))
  .map((name) => name.slice(0, -4));

test('there is a golden bucket of each version of manifests', () => {
  assert.deepEqual(names.sort(), ['bucket-v1', 'bucket-v2']);
});

test('manifests of version 2 name blocks in index pages, those of version 1 name all themselves', async () => {
  for (const name of names) {
    const { partitions } = await takeSnapshot(
      await storeOfObjects(readBucketFile(`${import.meta.dirname}/${name}.zst`)),
    );
    const days = partitions.flatMap(({ manifest }) => manifest.days ?? []);
    assert.equal(days.length > 0, name === 'bucket-v2', name);
  }
});

for (const name of names) {
  const path = `${import.meta.dirname}/${name}`;

  test(`${name} holds blocks of every level, segments, a delete and a pin`, async () => {
    const store = await storeOfObjects(readBucketFile(`${path}.zst`));
    const { partitions } = await takeSnapshot(store);
    const manifests = await wholeManifests(store);
    const levels = new Set(manifests.flatMap(({ blocks }) => blocks.map(({ level }) => level)));
    assert.deepEqual([...levels].sort(), [1, 2, 3]);
    assert.ok(partitions.some(({ segments }) => segments.length > 0));
    assert.ok(manifests.some(({ deletes }) => deletes.length > 0));
    assert.ok(manifests.some(({ pins }) => pins.length > 0));
  });

  test(`${name} answers as it did, also when compaction has gone on with it`, async () => {
    const store = await storeOfObjects(readBucketFile(`${path}.zst`));
    const expected: Record<string, unknown> = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
    for (const compact of [undefined, compactAll]) {
      await compact?.(store, name === 'bucket-v2');
      const answers = await askBucket(store);
      assert.deepEqual(Object.keys(answers), Object.keys(expected));
      for (const [question, answer] of Object.entries(expected)) assert.deepEqual(answers[question], answer, question);
    }
  });
}

/** Folds and merges until everything is in blocks of days. @param inPages - whether index pages are written for all of it */
async function compactAll(store: ObjectStore, inPages: boolean): Promise<void> {
  if (inPages) limitCatalog(store, { manifestBytes: 0, dayPageBytes: 0, pageDatasets: 1 });
  const random = createSeededRandom('compaction');
  for (const root of await listRoots(store)) {
    while ((await foldOnce({ store, root, random })).outcome === 'committed');
    while ((await mergeOnce({ store, root, random }, GOLDEN_END_MS + 3 * DAY_MS)).outcome === 'committed');
  }
  for (const { blocks } of await wholeManifests(store)) assert.ok(blocks.every(({ level }) => level === 3));
}

/** With all blocks named, whatever is in index pages. */
async function wholeManifests(store: ObjectStore): Promise<readonly Manifest[]> {
  const { partitions } = await takeSnapshot(store);
  return Promise.all(partitions.map(({ manifest }) => withBlocks(store, manifest)));
}
