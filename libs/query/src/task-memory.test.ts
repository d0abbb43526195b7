/** What a task says it holds is no less than what it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openBlock } from '@flamelake/block';
import type { Memory } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { executeTask } from './execute-task.ts';
import { planQuery } from './plan.ts';
import type { Question } from './task.ts';
import { blockOf } from './test-blocks.ts';
import { snapshotOf } from './test-snapshots.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Of typed arrays that are in use, which nearly all of a large task is. */
function usedBytes(): number {
  // What the first one finds is let go beside it; the second waits for that.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const GRID = { startMs: 0, endMs: 1_000_000, stepMs: 1_000 };
const QUESTIONS: readonly Question[] = [
  { kind: 'functions' },
  { kind: 'locations' },
  { kind: 'timeSeries', grid: GRID, groupBy: ['region'] },
  { kind: 'labelSets', names: undefined },
];
/** Small columns, pages of which some part is still in use, and what the test runner does meanwhile. */
const SLACK_BYTES = 1_048_576;

test('memory is taken before it is used, and given back', async () => {
  const random = createSeededRandom(11);
  const shape = { tenants: ['t'], services: ['a', 'b', 'c'], functionsMax: 9_000, stacksMax: 9_000, depthMax: 30 };
  const records = Array.from({ length: 8 }, () => randomProfileRecord(random, shape));
  const block = blockOf(records, 1, 1);
  for (const question of QUESTIONS) {
    const selection = {
      tenants: ['t'],
      fromMs: 0,
      untilMs: Number.MAX_SAFE_INTEGER,
      selectors: ['{}'],
      profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    };
    const { tasks } = planQuery(snapshotOf([{ ...block.info, version: 1 }]), question, selection);
    assert.equal(tasks.length, 1);
    const startBytes = usedBytes();
    let [heldBytes, peakBytes, mostUnsaidBytes] = [0, 0, 0];
    const memory: Memory = {
      take(bytes) {
        // What is there now was said before.
        if (bytes > 262_144) mostUnsaidBytes = Math.max(mostUnsaidBytes, usedBytes() - startBytes - heldBytes);
        heldBytes += bytes;
        peakBytes = Math.max(peakBytes, heldBytes);
      },
      give(bytes) {
        heldBytes -= bytes;
      },
    };
    const result = await executeTask(tasks[0], {
      open: async (_object, signal, held) =>
        openBlock(
          { ...block.source, read: async (...range) => (await block.source.read(...range)).slice() },
          { signal, memory: held },
        ),
      signal: new AbortController().signal,
      pause: async () => {},
      memory,
    });
    const said = `${question.kind}: ${peakBytes} at most, ${mostUnsaidBytes} unsaid, ${heldBytes} in the end`;
    assert.ok(mostUnsaidBytes < SLACK_BYTES, said);
    // What is left is the result.
    assert.ok(usedBytes() - startBytes - heldBytes < SLACK_BYTES, said);
    if (question.kind === 'functions') assert.ok(peakBytes > 8 * SLACK_BYTES && heldBytes < peakBytes, said);
    assert.equal(result.kind, question.kind);
  }
});
