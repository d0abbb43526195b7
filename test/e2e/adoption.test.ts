/** A segment-writer that hangs while the group still counts on it: another writes its partitions, and both count everything once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Ground, PARTITIONS, queriersFlag, startGround, whyNoCluster } from './cluster.ts';
import { metric, metricValues, until } from './observe.ts';
import type { ServerProcess } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const SERVICES = 8;
const skip = (await whyNoCluster()) ?? false;
let ground: Ground;

before(async () => {
  if (skip === false) ground = await startGround();
});
after(() => ground?.stop());

test('acknowledged profiles of a hung segment-writer become visible through another, and count once', {
  skip,
}, async () => {
  const distributor = await ground.start('distributor');
  // The group would wait longer than this test takes.
  const patient = ['--kafka.session-timeout=120s', '--segment-writer.adopt-after=2s'];
  const [hung, other] = await Promise.all([
    ground.start('segment-writer', patient),
    ground.start('segment-writer', patient),
  ]);
  const frontend = await ground.start('query-frontend', [queriersFlag([await ground.start('querier')])]);
  await until(async () => (await isShared(hung)) && (await isShared(other)));

  const sent: Uint8Array[] = [];
  const pushAll = async () => {
    for (let service = 0; service < SERVICES; service++) {
      sent[service] = smallPprof({ stacks: [{ frames: ['main', 'work'], value: 7n }], timeMs: Date.now() });
      await push(distributor.url, `hung-${service}`, sent[service]);
    }
  };
  const checkAll = async (expected: bigint) => {
    for (let service = 0; service < SERVICES; service++) {
      // A resend's answer names the end of the log behind all that was pushed.
      const commit = await push(distributor.url, `hung-${service}`, sent[service]);
      assert.equal(await totalWhenVisible(frontend.url, `hung-${service}`, commit), expected, `hung-${service}`);
    }
  };
  await pushAll();
  await checkAll(7n);
  process.kill(hung.pid, 'SIGSTOP');
  await pushAll();
  await checkAll(14n);
  assert.ok((await metric(other, 'segment_writer_adopted_partitions')) > 0, 'partitions are adopted');

  process.kill(hung.pid, 'SIGCONT');
  let expected = 14n;
  while ((await metric(other, 'segment_writer_adopted_partitions')) > 0) {
    await pushAll();
    expected += 7n;
  }
  await checkAll(expected);
});

/** Whether a writer has some of the partitions, and not all. */
async function isShared(server: ServerProcess): Promise<boolean> {
  const [count = 0] = await metricValues(server, 'kafka_assigned_partitions');
  return count > 0 && count < PARTITIONS;
}

/** A query waits 5 s for a commit and then says so. */
async function totalWhenVisible(url: string, service: string, commit: string): Promise<bigint> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await totalOf(url, service, commit);
    } catch (error) {
      if (attempt === 8 || !String(error).includes('unavailable')) throw error;
    }
  }
}
