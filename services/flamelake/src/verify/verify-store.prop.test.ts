/** Whatever a writer, folds, merges and sweeps make of a log is found to agree with it, and nothing may go without being told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blockKey,
  commitChange,
  foldOnce,
  limitCatalog,
  manifestKey,
  mergeOnce,
  newestManifest,
  positionOfSegmentKey,
  sweepOnce,
  takeSnapshot,
} from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import { createSeededRandom } from '@flamelake/testkit';
import fc from 'fast-check';
import {
  createTestWriter,
  createWorld,
  RULES,
  storedTotals,
  type World,
} from '../../../../libs/catalog/src/world.test-support.ts';
import { type Verification, verifyStore } from './verify-store.ts';

function verify(
  { store, log, random, clock }: World,
  progress: (words: string) => void = () => {},
): Promise<Verification> {
  return verifyStore({
    store,
    readLog: async () => ({
      id: log.id,
      partitions: [
        {
          partition: 0,
          start: log.start,
          records: async function* () {
            yield* log.records;
          },
        },
      ],
    }),
    random,
    url: '',
    tenant: '',
    rules: RULES,
    expireBefore: () => Number.NEGATIVE_INFINITY,
    nowMs: () => clock.nowMs(),
    progress,
  });
}

/** Small windows, so that profiles of one test lie in many. */
const MERGE_RULES = {
  blocksPerMerge: 2,
  hourMs: 600_000,
  dayMs: 3_600_000,
  graceMs: 0,
  windowsMax: 2,
  smallBlocksMax: 2,
};
const STEPS = [
  'push',
  'push',
  'push',
  'resend',
  'resend',
  'poison',
  'wait',
  'write',
  'fold',
  'merge',
  'sweep',
  'trim',
] as const;

/** Lives through some random steps: resends, late profiles, records that cannot be read, all kinds of jobs. */
async function live(seed: number, steps: number): Promise<World> {
  const world = createWorld(seed);
  const { store, log, clock, root } = world;
  // Of some the catalog is in index pages.
  if (seed % 3 === 1) limitCatalog(store, { manifestBytes: 0, dayPageBytes: 100 * (seed % 5), pageDatasets: 2 });
  const random = createSeededRandom(seed + 1);
  const context = { store, root, random: world.random };
  const sent: ProfileRecord[] = [];
  const writer = createTestWriter(world);
  const make = (): ProfileRecord => {
    const profile = world.profile({ durationNanos: BigInt(random.integer(3) - 1), period: BigInt(random.integer(3)) });
    const groups = profile.groups.map((group) => {
      const hasSpans = random.chance(0.5);
      const spanIds = BigUint64Array.from(group.stack, () => BigInt(random.integer(3)));
      const traceIds = random.chance(0.5) ? random.bytes(16 * group.sampleCount) : undefined;
      // A profile type without any value has no row.
      if (random.chance(0.2)) group.values.fill(0n, 0, group.sampleCount);
      return { ...group, spanIds: hasSpans ? spanIds : undefined, traceIds: hasSpans ? traceIds : undefined };
    });
    sent.push({ ...profile, groups });
    return { ...profile, groups };
  };
  for (let i = 0; i < steps; i++) {
    const step = random.pick(STEPS);
    if (step === 'push') {
      const profiles = Array.from({ length: 1 + random.integer(2) }, make);
      log.push(...profiles, ...profiles.filter(() => random.chance(0.2)));
    } else if (step === 'resend' && sent.length > 0) log.push(random.pick(sent), random.pick(sent));
    else if (step === 'poison') log.pushBytes(random.bytes(20));
    else if (step === 'wait') clock.advance(random.integer(100 * 60_000));
    else if (step === 'write') await writer.run();
    else if (step === 'fold') await foldOnce({ ...context, segmentsMax: 1 + random.integer(3) });
    else if (step === 'merge') await mergeOnce({ ...context, rules: MERGE_RULES }, clock.nowMs());
    else if (step === 'sweep') await sweepOnce({ ...context, keepMs: 1_000 });
    else if (step === 'trim') {
      const { position } = await newestManifest(store, root);
      await log.trim(0, Math.max(log.start, position - random.integer(3)));
    }
  }
  assert.deepEqual(writer.failures, []);
  return world;
}

test('what the roles make of a log agrees with it, whatever they do', async () => {
  const property = fc.asyncProperty(fc.nat(1_000_000), fc.integer({ min: 1, max: 60 }), async (seed, steps) => {
    const world = await live(seed, steps);
    const { findings, totals } = await verify(world);
    assert.deepEqual(findings.differences, []);
    let expected = 0n;
    for (const total of (await storedTotals(world.store)).values()) expected += total;
    let sum = 0n;
    for (const { total } of totals.values()) sum += total;
    assert.equal(sum, expected);
  });
  await fc.assert(property, { numRuns: 60 });
});

test('a walk tells how far it is: which block of how many, which segment, and what it has read', async () => {
  const world = await live(3, 60);
  const { blocks } = await newestManifest(world.store, world.root);
  const { segments } = (await takeSnapshot(world.store)).partitions[0] ?? { segments: [] };
  const told: string[] = [];
  await verify(world, (words) => void told.push(words.replace(/^log \w+, partition 0: /, '')));
  const expected = [
    ...blocks.map((_, i) => `block ${i + 1} of ${blocks.length}, `),
    ...segments.map((_, i) => `segment ${i + 1}, `),
  ];
  assert.ok(expected.length >= 3, `${expected.length} objects`);
  const walk = told.filter((words) => /^(block|segment)/.test(words));
  assert.deepEqual(
    walk.map((words) => words.replace(/, .* read$/, ', ')),
    expected,
  );
});

test('a profile that is in two blocks is told', async () => {
  const world = await live(3, 60);
  await foldOnce(world);
  const { store, root } = world;
  const { version, blocks } = await newestManifest(store, root);
  const entry = blocks.find(({ datasets }) => datasets.length > 0);
  assert.ok(entry !== undefined);
  const copy = { ...entry, key: blockKey(root, version, entry.id) };
  const object = await store.get(entry.key);
  await store.put(copy.key, object?.bytes ?? new Uint8Array());
  const change = { kind: 'merge', id: 'doubles', remove: [], add: [copy] } as const;
  assert.equal((await commitChange(store, root, change)).outcome, 'committed');
  const { findings } = await verify(world);
  assert.ok(findings.differences.some((words) => /: \d+ profiles are in .* too/.test(words)));
});

test('every object that the catalog names is missed', async () => {
  let removed = 0;
  for (let seed = 0; seed < 12; seed++) {
    const world = await live(seed, 40);
    await createTestWriter(world).run();
    const { store, root } = world;
    const { findings } = await verify(world);
    const unneeded = new Set(
      [...findings.unnamed].filter(({ reason }) => /swept later/.test(reason)).flatMap(({ keys }) => keys),
    );
    const listed = (await store.list(`logs/${root.logId}/`)).map(({ key }) => key).filter((key) => !unneeded.has(key));
    // Without its last link the chain ends earlier, and without its newest version the catalog is an earlier one: both are whole.
    const { version, position } = await newestManifest(store, root);
    const last = listed.findLast((key) => key.includes('/segments/'));
    const spared = new Set([
      manifestKey(root, version),
      last !== undefined && positionOfSegmentKey(last) >= position ? last : '',
    ]);
    for (const key of listed) {
      if (spared.has(key)) continue;
      const object = await store.get(key);
      await store.delete([key]);
      const { findings: found } = await verify(world);
      assert.ok(
        found.differences.some((words) => words.includes(key)),
        `seed ${seed}: ${key}`,
      );
      removed++;
      await store.putIfAbsent(key, object?.bytes ?? new Uint8Array());
    }
  }
  assert.ok(removed > 20, `${removed} removed`);
});
