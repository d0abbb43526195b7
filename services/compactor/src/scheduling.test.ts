/** What a compactor does first when there is much to do: folds before merges, then the merge longest overdue, over all partitions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChainWriter, type MergeRules, newestManifest, type PartitionRoot } from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { createLogger, createMetrics } from '@flamelake/runtime';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  randomProfileRecord,
} from '@flamelake/testkit';
import { type CompactorOptions, createCompactor } from './compactor.ts';

const PARTITIONS = [0, 1, 2];
/** Order in which merges come to be due: not that of the partitions. */
const DUE_ORDER = [2, 0, 1];
const BLOCKS_PER_MERGE = 3;
/** Segments behind them. */
const TAIL = 4;
const MINUTE_MS = 60_000;

/** Three partitions whose writers run, and compactors that are started and ended. */
function createWorld() {
  const simulation = createSimulation(1);
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation, { partitionCount: PARTITIONS.length });
  const writing = simulation.process('writer');
  const never = new AbortController().signal;
  let compactors = 0;
  for (const partition of PARTITIONS) {
    const writer = createChainWriter({
      store: store.view(writing),
      log: log.view(writing),
      partition,
      clock: writing.clock,
      random: writing.random,
      rules: { ingestionWindowMs: 60 * MINUTE_MS },
      flushIntervalMs: 500,
      observer: { count: () => undefined, failure: () => undefined },
    });
    writing.spawn(() => writer.run(never));
  }
  const rootOf = (partition: number): PartitionRoot => ({ logId: log.id, partition });
  return {
    simulation,
    store,
    manifest: (partition: number) => newestManifest(store.truth, rootOf(partition)),
    /** A profile to a partition, and its segment. */
    async push(partition: number) {
      const profile = randomProfileRecord(simulation.random, { timeMs: simulation.nowMs() });
      log.append(partition, encodeLogRecord([profile]));
      await simulation.run(undefined, { forMs: 2_000 });
    },
    /** Runs a compactor for some time. @param wrap - its store */
    async compact(
      forMs: number,
      mergeRules: Partial<MergeRules>,
      options: Partial<CompactorOptions> = {},
      wrap = (own: ObjectStore) => own,
    ) {
      // Processes of one name have one random sequence.
      const process = simulation.process(`compactor ${++compactors}`);
      const ending = new AbortController();
      const compactor = createCompactor({
        store: wrap(store.view(process)),
        clock: process.clock,
        random: process.random,
        logger: createLogger({ level: 'silent' }),
        metrics: createMetrics(),
        foldIntervalMs: 1_000,
        mergesMax: 1,
        mergeRules: { ...mergeRules, hourMs: 60 * MINUTE_MS, spanHours: 1 },
        ...options,
      });
      process.spawn(() => compactor.run(ending.signal));
      await simulation.run(undefined, { forMs });
      ending.abort();
      await simulation.run(() => process.tasksRunning === 0);
    },
  };
}

/** Blocks of which a merge is due in each partition, in DUE_ORDER, and a chain behind them that is not folded. */
async function createBacklog() {
  const world = createWorld();
  for (const partition of DUE_ORDER) {
    for (let i = 0; i < BLOCKS_PER_MERGE; i++) {
      await world.push(partition);
      await world.compact(5_000, { blocksPerMerge: 1_000 });
    }
    assert.equal((await world.manifest(partition)).blocks.length, BLOCKS_PER_MERGE);
  }
  for (const partition of PARTITIONS) for (let i = 0; i < TAIL; i++) await world.push(partition);
  return world;
}

/** What a compactor does, in order: the first read of a segment is a fold, that of a block a merge. */
function watched(done: string[]) {
  return (own: ObjectStore): ObjectStore => ({
    ...own,
    get(key, range, signal) {
      const [, partition, kind] = /\/partitions\/(\d+)\/(segments|blocks)\//.exec(key) ?? [];
      const words = kind === 'blocks' ? `merge ${partition}` : `fold ${partition}`;
      // The look at a chain's length reads ends of segments.
      const isWork = kind === 'blocks' || (kind === 'segments' && range === undefined);
      if (isWork && !done.includes(words)) done.push(words);
      return own.get(key, range, signal);
    },
  });
}

test('all chains are folded first, then comes the merge longest overdue, whichever partition it is of', async () => {
  const world = await createBacklog();
  const done: string[] = [];
  await world.compact(5 * MINUTE_MS, { blocksPerMerge: BLOCKS_PER_MERGE }, { foldSegments: TAIL }, watched(done));
  assert.deepEqual(done, [
    ...PARTITIONS.map((partition) => `fold ${partition}`),
    ...DUE_ORDER.map((partition) => `merge ${partition}`),
  ]);
  for (const partition of PARTITIONS) {
    const { position, blocks } = await world.manifest(partition);
    assert.equal(position, BLOCKS_PER_MERGE + TAIL);
    assert.ok(blocks.some(({ level }) => level === 2));
  }
});

test('a chain is folded until its tail is short before anything is merged', async () => {
  const world = await createBacklog();
  const done: string[] = [];
  let folds = 0;
  world.store.onEffect(({ kind, key }) => {
    if (kind === 'created' && key.includes('/blocks/') && done.every((one) => one.startsWith('fold'))) folds++;
  });
  // A fold takes one segment, so each chain needs four.
  const rules = { blocksPerMerge: BLOCKS_PER_MERGE, memoryBytes: 1 };
  await world.compact(5 * MINUTE_MS, rules, { foldSegments: 1 }, watched(done));
  assert.equal(folds, PARTITIONS.length * TAIL);
  assert.equal(done.filter((words) => words.startsWith('merge')).length, PARTITIONS.length);
});

test('a partition whose chain cannot be folded waits with its merges, and the others do not', async () => {
  const world = await createBacklog();
  const done: string[] = [];
  const failing = (own: ObjectStore): ObjectStore => ({
    ...watched(done)(own),
    put(key, body) {
      if (!key.includes('/partitions/2/')) return own.put(key, body);
      throw new FlamelakeError('unavailable', 'object store did not answer');
    },
  });
  await world.compact(10 * MINUTE_MS, { blocksPerMerge: BLOCKS_PER_MERGE }, { foldSegments: TAIL }, failing);
  assert.deepEqual(
    done.filter((words) => words.startsWith('merge')),
    ['merge 0', 'merge 1'],
  );
  assert.equal((await world.manifest(2)).blocks.length, BLOCKS_PER_MERGE);
});

test('jobs of one partition run side by side, share no block, and each is committed', async () => {
  const world = createWorld();
  for (let i = 0; i < 2 * BLOCKS_PER_MERGE; i++) {
    await world.push(0);
    await world.compact(5_000, { blocksPerMerge: 1_000 });
  }
  const metrics = createMetrics();
  const read = new Set<string>();
  /** Blocks that had been read when the first merge was committed. */
  let readAtFirst: number | undefined;
  const watch = (own: ObjectStore): ObjectStore => ({
    ...own,
    get(key, range, signal) {
      if (key.includes('/blocks/')) read.add(key);
      return own.get(key, range, signal);
    },
    putIfAbsent(key, body) {
      if (key.includes('/manifests/')) readAtFirst ??= read.size;
      return own.putIfAbsent(key, body);
    },
  });
  const rules = { blocksPerMerge: BLOCKS_PER_MERGE, inputsMax: BLOCKS_PER_MERGE };
  await world.compact(30_000, rules, { mergesMax: 2, metrics }, watch);
  assert.ok((readAtFirst ?? 0) > BLOCKS_PER_MERGE, `the second job had not begun: ${readAtFirst} blocks read`);
  const { blocks } = await world.manifest(0);
  assert.deepEqual(
    blocks.map(({ level, log }) => [level, log.position, log.next]).sort((a, b) => a[1] - b[1]),
    [
      [2, 0, BLOCKS_PER_MERGE],
      [2, BLOCKS_PER_MERGE, 2 * BLOCKS_PER_MERGE],
    ],
  );
  const text = await metrics.text();
  assert.match(text, /flamelake_compactor_jobs_total\{kind="level 2",outcome="committed"\} 2\n/);
  assert.doesNotMatch(text, /outcome="lost"/);
});
