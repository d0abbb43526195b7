/** What a merge holds does not grow with what it reads. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createBlockBuilder } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { createFileStore } from '@flamelake/object-store';
import { nodeFileSystem } from '@flamelake/runtime';
import { identityText } from '@flamelake/testkit';
import { commitChange } from './commit-change.ts';
import { mergeOnce } from './merge-once.ts';
import { putBlock } from './put-block.ts';
import { createTestClock, createWorld, storedTotals, type World } from './world.test-support.ts';

const ROOT = { logId: 'log1', partition: 0 };
/** What a job may hold. */
const MEMORY_BYTES = 1_048_576;
const SERVICES = ['cart', 'checkout', 'frontend'];
const SAMPLES = 1_000;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes of arrays that are still in use. What one collection finds is only freed for certain when the next one begins. */
function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** A profile whose values do not compress. */
function wideProfile(world: World, service: string) {
  const profile = world.profile({ service });
  const stack = new Uint32Array(SAMPLES);
  const values = BigInt64Array.from({ length: SAMPLES * profile.types.length }, () =>
    BigInt(world.random.integer(2 ** 31)),
  );
  const groups = profile.groups.map(({ labels }) => ({
    labels,
    sampleCount: SAMPLES,
    stack,
    values,
    spanIds: undefined,
    traceIds: undefined,
  }));
  return { ...profile, groups };
}

/** Puts a level 1 block of a few profiles of each service. @returns its bytes and profiles */
async function addInput(world: World, store: ObjectStore, position: number) {
  const builder = createBlockBuilder();
  const profiles = SERVICES.flatMap((service) => Array.from({ length: 6 }, () => wideProfile(world, service)));
  for (const profile of profiles) builder.addProfile(profile, position);
  const { random } = world;
  const log = { ...ROOT, position, next: position + 1, lastAppendMs: world.clock.nowMs(), gaps: [] };
  const putting = { store, root: ROOT, random, pause: () => Promise.resolve() };
  const block = await putBlock(putting, builder, { version: position, level: 1, log });
  const change = { kind: 'fold', id: `${position}`, from: position, firstAppendMs: 1, block } as const;
  assert.equal((await commitChange(store, ROOT, change)).outcome, 'committed');
  return { sizeBytes: block.sizeBytes, profiles };
}

test('a merge of ten times its memory budget stays within it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamelake-merge-'));
  const clock = createTestClock();
  const world = createWorld();
  const store = await createFileStore({ directory, fileSystem: nodeFileSystem, clock, random: world.random });
  try {
    const totals = new Map<string, bigint>();
    let inputBytes = 0;
    for (let position = 0; inputBytes < 10 * MEMORY_BYTES; position++) {
      const { sizeBytes, profiles } = await addInput(world, store, position);
      for (const { identity, groups } of profiles) {
        const sum = groups.flatMap(({ values }) => [...values]).reduce((one, other) => one + other, 0n);
        totals.set(identityText(identity), sum);
      }
      inputBytes += sizeBytes;
    }
    let peakBytes = 0;
    const baseBytes = heldBytes();
    let pauses = 0;
    const measure = (): Promise<void> => {
      // Telling what is held takes its time.
      if (pauses++ % 48 === 0) peakBytes = Math.max(peakBytes, heldBytes() - baseBytes);
      return Promise.resolve();
    };
    const measured: ObjectStore = { ...store, put: store.put };
    const context = { store: measured, root: ROOT, random: world.random, pause: measure };
    const merged = await mergeOnce({ ...context, rules: { memoryBytes: MEMORY_BYTES } }, clock.nowMs());
    assert.ok(merged.outcome === 'committed' && merged.blocks.length > 10);
    assert.ok(peakBytes < MEMORY_BYTES, `${peakBytes} bytes held, ${inputBytes} read`);
    assert.deepEqual(await storedTotals(store), totals);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
