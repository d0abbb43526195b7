/** One fold and one merge of more datasets than ten thousand, and what they hold: counted by the allocator, not timed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createBlockBuilder } from '@flamelake/block';
import type { ProfileRecord } from '@flamelake/formats';
import { foldOnce } from './fold-once.ts';
import { segmentKey } from './keys.ts';
import { mergeOnce } from './merge-once.ts';
import { MERGE_RULES_DEFAULT } from './merge-rules.ts';
import { createWorld, expectedTotals, storedTotals, type World } from './world.test-support.ts';

const TENANTS = 3;
const DATASETS = 10_500;
/** Of the same, in the block that is merged with theirs. */
const FEW = 500;
/** A measurement collects garbage, which takes longer than many steps. */
const PAUSES_BETWEEN = 25_000;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Writes a segment of a profile of each service. @returns sum of values by identity */
async function writeSegment(world: World, position: number, datasets: number): Promise<ReadonlyMap<string, bigint>> {
  const builder = createBlockBuilder();
  const profiles: ProfileRecord[] = [];
  for (let n = 0; n < datasets; n++) {
    const profile = world.profile({ tenant: `t${n % TENANTS}`, service: `service-${n}` });
    builder.addProfile(profile, position);
    profiles.push(profile);
  }
  const log = { ...world.root, position, next: position + 1, lastAppendMs: world.clock.nowMs(), gaps: [] };
  const id = (position + 1).toString(16).padStart(32, '0');
  await world.store.putIfAbsent(segmentKey(world.root, position), builder.build({ id, level: 0, log }).bytes);
  return expectedTotals(profiles);
}

/** Most bytes held while something is done beyond those held before: of arrays, and of objects. */
async function heldBy<T>(work: (pause: () => Promise<void>) => Promise<T>) {
  const held = () => {
    // What one collection finds is only freed for certain when the next one begins.
    collectGarbage();
    collectGarbage();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return { arrayBytes: arrayBuffers, heapBytes: heapUsed };
  };
  const before = held();
  let [arrayBytes, heapBytes, pauses] = [0, 0, 0];
  const result = await work(() => {
    if (pauses++ % PAUSES_BETWEEN === 0) {
      const now = held();
      arrayBytes = Math.max(arrayBytes, now.arrayBytes - before.arrayBytes);
      heapBytes = Math.max(heapBytes, now.heapBytes - before.heapBytes);
    }
    return Promise.resolve();
  });
  return { result, arrayBytes, heapBytes };
}

test(`${DATASETS} datasets are folded by one fold and merged by one merge within the budget of a job`, async (t) => {
  const world = createWorld();
  const { memoryBytes } = MERGE_RULES_DEFAULT;
  const totals = new Map<string, bigint>();
  const check = (what: string, { arrayBytes, heapBytes }: { arrayBytes: number; heapBytes: number }) => {
    t.diagnostic(`${what}: ${arrayBytes} bytes of arrays, ${heapBytes} of objects; the budget is ${memoryBytes}`);
    assert.ok(arrayBytes + heapBytes < memoryBytes, `${what} held ${arrayBytes} and ${heapBytes} bytes`);
  };
  for (const [position, datasets] of [DATASETS, FEW].entries()) {
    for (const [identity, total] of await writeSegment(world, position, datasets)) totals.set(identity, total);
    const fold = await heldBy((pause) => foldOnce({ ...world, pause }));
    assert.ok(fold.result.outcome === 'committed');
    assert.equal(fold.result.block.datasets.length, datasets);
    check(`fold of ${datasets}`, fold);
  }
  const merging = { ...world, rules: { blocksPerMerge: 2 } };
  const merge = await heldBy((pause) => mergeOnce({ ...merging, pause }, world.clock.nowMs()));
  assert.ok(merge.result.outcome === 'committed');
  assert.equal(merge.result.job.inputs.length, 2);
  // An output ends when it holds its part of the budget, maybe within a dataset.
  const names = merge.result.blocks.flatMap(({ datasets }) => datasets.map(({ service }) => service));
  assert.equal(new Set(names).size, DATASETS);
  check(`merge into ${merge.result.blocks.length} blocks`, merge);
  assert.deepEqual(await storedTotals(world.store), totals);
});
