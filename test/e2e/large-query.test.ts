/** Large queries run on a thread of their own: their answers are the same, and the thread is only there when it is needed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, type ServerProcess, startServer } from './server-process.ts';
import { aroundNow, push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const STACKS = 60_000;
let server: ServerProcess;

before(async () => {
  server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server.terminate());

async function tasksOnThread(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^flamelake_querier_tasks_total\{[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Stacks of their own, named so that they do not compress away. */
function largeProfile(): Uint8Array {
  const name = (i: number) => `function_${((i * 2_654_435_761) % 4_294_967_296).toString(36)}_${i}`;
  const stacks = Array.from({ length: STACKS }, (_, i) => ({
    frames: ['main', name(i % 500), name(i)],
    value: BigInt(1 + (i % 1_009)),
  }));
  return smallPprof({ stacks, timeMs: Date.now() - 1000 });
}

test('a large flame graph is exact, twice, and one that is given up does no harm', async () => {
  const expected = Array.from({ length: STACKS }, (_, i) => BigInt(1 + (i % 1_009))).reduce(
    (sum, value) => sum + value,
    0n,
  );
  const commit = await push(server.url, 'large', largeProfile());
  assert.equal(await totalOf(server.url, 'large', commit), expected);
  const question = { ...aroundNow(), profileTypeID: SMALL_TYPE, labelSelector: '{service_name="large"}' };
  await assert.rejects(
    fetch(`${server.url}/querier.v1.QuerierService/SelectMergeStacktraces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(5),
    }),
  );
  assert.equal(await totalOf(server.url, 'large', ''), expected);
  assert.ok((await tasksOnThread()) > 0);
  const bad = await call(server.url, 'querier.v1.QuerierService/SelectMergeStacktraces', {
    ...question,
    labelSelector: '{',
  });
  assert.equal(bad.status, 400);
});
