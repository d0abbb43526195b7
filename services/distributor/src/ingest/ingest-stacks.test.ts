/** Text and tree formats through `/ingest`: which profile they become, under which labels and types. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { labelValue } from '@flamelake/model';
import { startTestServer, TEST_NOW_MS, type TestServer, totalsOf } from '../distributor-server.test-support.ts';

const seconds = Math.floor(TEST_NOW_MS / 1_000);

async function post(server: TestServer, query: string, body: string | Uint8Array, contentType = 'text/plain') {
  const url = `${server.url}/ingest?${query}`;
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': contentType } });
  assert.equal(response.status, 200, await response.text());
}

async function totals(server: TestServer): Promise<Record<string, bigint>> {
  return Object.fromEntries(totalsOf(await server.profiles()));
}

test('folded text without a format is CPU time at the sample rate, from when the query says', async () => {
  await using server = await startTestServer();
  await post(server, `name=shop%7Benv=lab%7D&sampleRate=50&from=${seconds - 60}&until=${seconds - 50}`, 'a;b 3\nc 2\n');
  const [record] = await server.profiles();
  assert.deepEqual(await totals(server), { 'process_cpu:cpu:nanoseconds:cpu:nanoseconds': 100_000_000n });
  assert.equal(record?.timeNanos, BigInt(seconds - 60) * 1_000_000_000n);
  assert.deepEqual([record?.durationNanos, record?.period], [10_000_000_000n, 20_000_000n]);
  const labels = record?.groups[0]?.labels ?? [];
  assert.deepEqual(
    ['service_name', 'env', 'pyroscope_spy', 'app_name'].map((name) => labelValue(labels, name)),
    ['shop', 'lab', 'unknown', ''],
  );
});

const KINDS: Readonly<Record<string, string>> = {
  itimer: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  milliseconds: 'wall:wall:nanoseconds:cpu:nanoseconds',
  inuse_space: 'memory:inuse_space:bytes::',
  goroutines: 'goroutine:goroutines:count::',
  mutex_duration: 'mutex:delay:nanoseconds::',
  lock_count: 'block:contentions:count::',
  live: 'memory:live:count::',
  exceptions: 'exceptions:samples:count::',
  bytes: 'memory:samples:bytes::',
};
test('the last part of the application name says what is counted', async () => {
  for (const [kind, type] of Object.entries(KINDS)) {
    await using server = await startTestServer();
    await post(server, `format=lines&name=my.app.${kind}%7Bservice_name=other%7D`, 'a;b\na\n');
    assert.deepEqual(await totals(server), { [type]: /^(process_cpu|wall)/.test(type) ? 20_000_000n : 2n });
    const [record] = await server.profiles();
    assert.deepEqual([record?.service, labelValue(record?.groups[0]?.labels ?? [], 'app_name')], ['other', 'my.app']);
  }
});

test('trees and tries are told by format or content type', async () => {
  await using server = await startTestServer();
  const node = (name: string, value: number, children: number) => [name.length, ...Buffer.from(name), value, children];
  const tree = Buffer.from([...node('', 0, 1), ...node('a', 1, 1), ...node('b', 2, 0)]);
  const trie = Buffer.from([...node('a;', 0, 1), ...node('b', 4, 0)]);
  await post(server, 'format=tree&name=a.inuse_objects', tree);
  await post(server, 'name=a.inuse_objects', tree, 'binary/octet-stream+tree');
  await post(server, 'format=trie&name=a.inuse_objects', trie);
  await post(server, 'name=a.inuse_objects', trie, 'binary/octet-stream+trie');
  assert.deepEqual(await totals(server), { 'memory:inuse_objects:count::': 14n });
});

test('a speedscope file of several becomes a profile each; gzip is taken off', async () => {
  await using server = await startTestServer();
  const profile = (name: string, unit: string) => ({ type: 'sampled', name, unit, samples: [[0]], weights: [3] });
  const file = JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames: [{ name: 'a' }] },
    profiles: [profile('x', 'microseconds'), profile('y', 'microseconds'), profile('z', 'bytes')],
  });
  await post(server, 'format=speedscope&name=app', gzipSync(file));
  assert.deepEqual(await totals(server), {
    'wall:wall:nanoseconds:cpu:nanoseconds': 6_000n,
    'memory:samples:bytes::': 3n,
  });
  const records = await server.profiles();
  const names = records.map(({ groups }) => labelValue(groups[0]?.labels ?? [], 'profile_name'));
  assert.deepEqual(names, ['x', 'y', 'z']);
  assert.equal(new Set(records.map(({ identity }) => Buffer.from(identity).toString('hex'))).size, 3);
});

test('large text goes to a thread and is stored whole', async () => {
  await using server = await startTestServer({ threadCount: 1 });
  const lines = Array.from({ length: 20_000 }, (_, i) => `main;handler ${i % 100};work${i} ${i}`);
  await post(server, 'name=large.alloc_space', lines.join('\n'));
  assert.deepEqual(await totals(server), { 'memory:alloc_space:bytes::': (20_000n * 19_999n) / 2n });
});

test('text that holds nothing, or is of a single span, stores nothing', async () => {
  await using server = await startTestServer();
  await post(server, 'name=a', '\n\n');
  await post(server, 'name=a', 'a 0\n');
  await post(server, 'name=a%7Bprofile_id=ff%7D', 'a 1\n');
  assert.deepEqual(await server.profiles(), []);
});
