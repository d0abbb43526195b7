/** Totals are exact past 2^53, refused past int64, and the same in every answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, call, type ServerProcess, startServer } from './server-process.ts';
import { aroundNow, push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const QUERIER = 'querier.v1.QuerierService';
const BEYOND_DOUBLE = 2n ** 53n + 1n;
let server: ServerProcess;

before(async () => {
  server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server.terminate());

function pushOne(service: string, value: bigint, labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const bytes = smallPprof({ stacks: [{ frames: ['main', 'work'], value }], timeMs: Date.now() - 1000 });
  return push(server.url, service, bytes, { labels });
}

test('a sum past 2^53 keeps its last digit', async () => {
  await pushOne('large', BEYOND_DOUBLE, { pod: 'a' });
  const commit = await pushOne('large', BEYOND_DOUBLE, { pod: 'b' });
  assert.equal(await totalOf(server.url, 'large', commit), 2n * BEYOND_DOUBLE);
});

test('a sum that leaves int64 is an error, never a wrapped number', async () => {
  await pushOne('overflow', 2n ** 62n, { pod: 'a' });
  const commit = await pushOne('overflow', 2n ** 62n, { pod: 'b' });
  const question = { ...aroundNow(), profileTypeID: SMALL_TYPE, labelSelector: '{service_name="overflow"}' };
  const { status, body } = await call(server.url, `${QUERIER}/SelectMergeStacktraces`, question, {
    'x-flamelake-commit': commit,
  });
  assert.equal(body.code, 'out_of_range');
  assert.equal(status, 400);
  const half = { ...question, labelSelector: '{service_name="overflow",pod="a"}' };
  const answer = await ask<{ flamegraph: { total: string } }>(server.url, `${QUERIER}/SelectMergeStacktraces`, half);
  assert.equal(answer.flamegraph.total, String(2n ** 62n));
});

test('a profile whose own sum leaves int64 is refused and says so', async () => {
  const bytes = smallPprof({
    stacks: [
      { frames: ['a'], value: 2n ** 62n },
      { frames: ['b'], value: 2n ** 62n },
    ],
    timeMs: Date.now() - 1000,
  });
  await assert.rejects(push(server.url, 'overflow-inside', bytes), /400 .*invalid_argument.*int64/);
});

test('flame graph, series, diff, tree and pprof agree on the total', async () => {
  for (const [pod, value] of [
    ['a', 7n],
    ['b', 11n],
    ['c', 13n],
  ] as const)
    await pushOne('agree', value, { pod });
  const commit = await pushOne('agree', 17n, { pod: 'd' });
  const question = { ...aroundNow(), profileTypeID: SMALL_TYPE, labelSelector: '{service_name="agree"}' };
  const headers = { 'x-flamelake-commit': commit };
  assert.equal(await totalOf(server.url, 'agree', commit), 48n);

  const { series } = await ask<{ series: { points: { value: number }[] }[] }>(
    server.url,
    `${QUERIER}/SelectSeries`,
    { ...question, groupBy: ['pod'], step: 15 },
    headers,
  );
  assert.equal(series.length, 4);
  assert.equal(
    series.flatMap(({ points }) => points).reduce((sum, point) => sum + point.value, 0),
    48,
  );

  const limited = await ask<{ series: unknown[] }>(server.url, `${QUERIER}/SelectSeries`, {
    ...question,
    groupBy: ['pod'],
    step: 15,
    limit: 2,
  });
  assert.equal(limited.series.length, 2);

  const right = { ...question, labelSelector: '{service_name="agree",pod=~"a|b"}' };
  const diff = await ask<{ flamegraph: { leftTicks: string; rightTicks: string; total: string } }>(
    server.url,
    `${QUERIER}/Diff`,
    { left: question, right },
  );
  assert.deepEqual([diff.flamegraph.leftTicks, diff.flamegraph.rightTicks, diff.flamegraph.total], ['48', '18', '66']);

  const profile = await ask<{ sample: { value: string[] }[] }>(server.url, `${QUERIER}/SelectMergeProfile`, question);
  assert.equal(
    profile.sample.reduce((sum, sample) => sum + BigInt(sample.value[0] ?? 0), 0n),
    48n,
  );

  const { tree } = await ask<{ tree: string }>(server.url, `${QUERIER}/SelectMergeStacktraces`, {
    ...question,
    format: 'PROFILE_FORMAT_TREE',
  });
  assert.equal(treeTotal(Buffer.from(tree, 'base64')), 48n);
});

/** Sum of the self values of tree bytes: nodes of (name length, name, self, children), pre-order. */
function treeTotal(bytes: Buffer): bigint {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  let sum = 0n;
  while (at < bytes.length) {
    const nameBytes = Number(varint());
    at += nameBytes;
    sum += varint();
    varint();
  }
  return sum;
}
