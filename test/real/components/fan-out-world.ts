/** Blocks in a directory, one task for each, and what they add up to: what the tests of the fan-out work on. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBlockBuilder } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { createFileStore } from '@flamelake/object-store';
import { createQuerier } from '@flamelake/querier';
import {
  createPartialResult,
  mergePartialResult,
  type PartialResult,
  type Question,
  renderFlamegraph,
  runParallel,
  type Task,
} from '@flamelake/query';
import type { ExecuteTask } from '@flamelake/query-frontend';
import { createFanOut, type FanOut, type FanOutOptions } from '@flamelake/query-frontend/fan-out';
import {
  createLogger,
  createMetrics,
  type Metrics,
  nodeFileSystem,
  randomHex,
  systemClock,
  systemRandom,
} from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';

const STACKS: Question = { kind: 'functions' };
const NODES = 1_000;

export interface FanOutWorld {
  readonly directory: string;
  readonly store: ObjectStore;
  /** One for each block, in no order of size. */
  readonly tasks: readonly Task[];
  /** Runs all tasks, so many at a time, and checks that they add up to the truth. */
  check(execute: ExecuteTask, inFlight?: number, signal?: AbortSignal): Promise<void>;
}

export async function createFanOutWorld(blockCount: number): Promise<FanOutWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'flamelake-test-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const store = await createFileStore({
    directory,
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
  });
  const random = createSeededRandom(blockCount);
  const tasks: Task[] = [];
  for (let number = 0; number < blockCount; number++) {
    const builder = createBlockBuilder();
    for (let i = 0; i < 3; i++) builder.addProfile(randomProfileRecord(random, { services: ['cart'] }), i);
    const log = { logId: 'log', partition: 0, position: number, next: number + 1, lastAppendMs: 0, gaps: [] };
    const { bytes, info } = builder.build({ id: randomHex(random, 16), level: 1, log });
    const key = `blocks/${info.id}`;
    await store.put(key, bytes);
    tasks.push({
      question: STACKS,
      selection: {
        tenants: ['anonymous'],
        fromMs: 0,
        untilMs: Number.MAX_SAFE_INTEGER,
        selectors: [],
        profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      },
      parts: [
        {
          object: { key, id: info.id, etag: undefined, sizeBytes: bytes.length },
          datasets: info.datasets,
          deletes: [],
        },
      ],
      estimatedBytes: bytes.length,
    });
  }
  const querier = createQuerier({ store, storeId: 'store', metrics: createMetrics() });
  const truth = await runAll(tasks, querier.execute, 4, new AbortController().signal);
  return {
    directory,
    store,
    tasks,
    async check(execute, inFlight = 8, signal = new AbortController().signal) {
      assert.deepEqual(draw(await runAll(tasks, execute, inFlight, signal)), draw(truth));
    },
  };
}

async function runAll(
  tasks: readonly Task[],
  execute: ExecuteTask,
  inFlight: number,
  signal: AbortSignal,
): Promise<PartialResult> {
  const sum = createPartialResult(STACKS);
  await runParallel(tasks, inFlight, signal, async (task, either) => {
    mergePartialResult(sum, await execute(task, either));
  });
  return sum;
}

function draw(result: PartialResult) {
  assert.ok(result.kind === 'functions');
  return renderFlamegraph(result.tree, NODES);
}

/** A fan-out with the test's settings, and its metrics. */
export function createTestFanOut(
  settings: Pick<FanOutOptions, 'queriers'> & Partial<FanOutOptions>,
): FanOut & { readonly metrics: Metrics; count(metric: string): Promise<number> } {
  const metrics = createMetrics();
  const fanOut = createFanOut({
    clock: systemClock,
    random: systemRandom,
    logger: createLogger({ level: 'silent' }),
    metrics,
    ...settings,
  });
  return {
    ...fanOut,
    metrics,
    async count(metric) {
      const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`flamelake_${metric} `));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
  };
}
