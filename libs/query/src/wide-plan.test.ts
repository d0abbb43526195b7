/** What a wide plan costs whoever merges it: counted bytes and results, and the same answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { executeTask } from './execute-task.ts';
import { mergePartialResult } from './partial-result.ts';
import { decodePartialResult, encodePartialResult } from './partial-result-codec.ts';
import { planQuery, type TaskSizes } from './plan.ts';
import { renderFlamegraph } from './render-flamegraph.ts';
import { renderTree } from './render-tree.ts';
import { blockOf, openFrom, optionsFor } from './test-blocks.ts';
import { snapshotOf } from './test-snapshots.ts';

const START_MS = 1_700_000_000_000;
const BLOCKS = 96;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

test('queriers merge most of a wide plan: a twelfth of the results and less than half of the bytes, and the same answer', async () => {
  const random = createSeededRandom(1);
  const record = () => randomProfileRecord(random, { tenants: ['t'], services: ['cart'], timeMs: START_MS });
  const blocks = Array.from({ length: BLOCKS }, (_, number) => blockOf([record(), record()], number, 1));
  const placed = blocks.map(({ info }) => ({ id: info.id, datasets: info.datasets, version: 1 }));
  const selection = { tenants: ['t'], fromMs: 0, untilMs: START_MS + 1, selectors: [], profileTypeId: CPU };

  /** As a query-frontend does it: results come as bytes. */
  const answer = async (sizes: Partial<TaskSizes>) => {
    const plan = planQuery(snapshotOf(placed), { kind: 'functions' }, selection, sizes);
    let bytes = 0;
    for (const task of plan.tasks) {
      const message = encodePartialResult(await executeTask(task, optionsFor(openFrom(blocks))));
      bytes += message.length;
      mergePartialResult(plan.known, decodePartialResult(message));
    }
    assert.equal(plan.known.kind, 'functions');
    const { tree } = plan.known;
    return { results: plan.tasks.length, bytes, graph: renderFlamegraph(tree, 50), tree: renderTree(tree, 10_000) };
  };
  const single = await answer({ bytesTarget: 1, tasksTarget: Number.POSITIVE_INFINITY });
  const grouped = await answer({ bytesTarget: 1, tasksTarget: 8 });
  assert.equal(single.results, BLOCKS);
  assert.ok(grouped.results <= 8, `${grouped.results} results`);
  assert.ok(grouped.bytes < single.bytes / 2, `${grouped.bytes} bytes of ${single.bytes}`);
  assert.deepEqual([grouped.graph, grouped.tree], [single.graph, single.tree]);
});
