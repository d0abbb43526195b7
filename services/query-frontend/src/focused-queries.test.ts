/** What a node budget hides is found again by asking for the call site it is hidden at, and has the values it has without a budget. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { pathsOf } from './differential.test-support.ts';
import { callOf, createTestFrontend, NOW_MS } from './frontend.test-support.ts';
import { QUERY_LIMITS_DEFAULT } from './query-limits.ts';

const ALL = {
  profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  labelSelector: '{}',
  startMs: NOW_MS - 3_600_000,
  endMs: NOW_MS,
};
const NODES_MIN = 12;

test('asking for call sites reaches every node that a budget hides', async () => {
  const random = createSeededRandom(3);
  const shape = { tenants: ['t'], functionsMax: 60, stacksMax: 300, depthMax: 9, timeMs: NOW_MS - 60_000 };
  const { push, queries } = createTestFrontend();
  await push(Array.from({ length: 3 }, () => randomProfileRecord(random, shape)));
  const ask = async (callSite: readonly string[], maxNodes: number) =>
    pathsOf(await queries.flamegraph(callOf('t'), { ...ALL, callSite, maxNodes }));
  const truth = await ask([], QUERY_LIMITS_DEFAULT.nodesMax);
  assert.ok(truth.size > 200, `${truth.size}`);

  const found = new Map<string, bigint>();
  const explore = async (callSite: readonly string[], nodes: number): Promise<void> => {
    for (const [path, value] of await ask(callSite, callSite.length + nodes)) {
      const frames = path.split(';');
      if (frames.at(-1) !== 'other') {
        assert.ok(!found.has(path) || found.get(path) === value, path);
        found.set(path, value);
        continue;
      }
      // Hidden right below what was asked for: there are too many beside it for so few nodes.
      const site = frames.slice(0, -1);
      await explore(site, site.length === callSite.length ? nodes * 4 : NODES_MIN);
    }
  };
  await explore([], NODES_MIN);
  assert.deepEqual(found, truth);
});
