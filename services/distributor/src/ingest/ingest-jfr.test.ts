/** Flight recordings through `/ingest`: what the Java agent sends becomes series by its labels, the same however it is framed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { labelValue } from '@flamelake/model';
import { startTestServer, TEST_NOW_MS, type TestServer, totalsOf } from '../distributor-server.test-support.ts';

const corpus = join(import.meta.dirname, '../../../../test/corpus');
const read = (file: string) => readFileSync(join(corpus, file));
interface Metric {
  readonly total: string;
  readonly total_by_label_set?: Readonly<Record<string, number>>;
}
const { metrics } = JSON.parse(read('truth/extracted/java-bank/0001.jfr.gz.json').toString()) as {
  metrics: Readonly<Record<string, Metric>>;
};
const totalOf = (metric: string) => BigInt(metrics[metric]?.total ?? -1);
const seconds = Math.floor(TEST_NOW_MS / 1_000);
const target = `format=jfr&spyName=javaspy&sampleRate=100&from=${seconds - 10}&until=${seconds}&name=bank%7Bservice_name=java%7D`;

async function post(server: TestServer, body: Uint8Array, contentType: string, query = target): Promise<Response> {
  return fetch(`${server.url}/ingest?${query}`, { method: 'POST', body, headers: { 'content-type': contentType } });
}

const TOTALS = {
  'process_cpu:cpu:nanoseconds:cpu:nanoseconds': totalOf('jdk.ExecutionSample') * 10_000_000n,
  'memory:alloc_in_new_tlab_objects:count:space:bytes': totalOf('jdk.ObjectAllocationInNewTLAB#count'),
  'memory:alloc_in_new_tlab_bytes:bytes:space:bytes': totalOf('jdk.ObjectAllocationInNewTLAB#tlabSize'),
  'mutex:contentions:count:mutex:count': totalOf('jdk.JavaMonitorEnter#count'),
  'mutex:delay:nanoseconds:mutex:count': totalOf('jdk.JavaMonitorEnter#duration'),
};

for (const threadCount of [0, 1]) {
  test(`a form of the Java agent is split by the labels of its contexts, with ${threadCount} threads`, async () => {
    await using server = await startTestServer({ threadCount });
    const form = read('malformed/jfr_valid.bin');
    for (let sent = 1; sent <= 2; sent++) {
      const response = await post(server, form, 'multipart/form-data; boundary=BB');
      assert.deepEqual([response.status, await response.text()], [200, '']);
    }
    const records = await server.profiles();
    const first = records.slice(0, records.length / 2);
    assert.deepEqual(Object.fromEntries(totalsOf(first)), TOTALS);
    const ids = (some: typeof records) => some.map(({ identity }) => Buffer.from(identity).toString('hex')).sort();
    assert.deepEqual(ids(records.slice(first.length)), ids(first), 'a resend is the same profiles');
    assert.equal(new Set(ids(first)).size, first.length);
    for (const { timeNanos, durationNanos, service } of first) {
      assert.deepEqual(
        [timeNanos, durationNanos, service],
        [BigInt(seconds - 10) * 1_000_000_000n, 10_000_000_000n, 'java'],
      );
    }
    const cpu = first.find(({ types }) => types[0]?.name === 'process_cpu');
    for (const [set, samples] of Object.entries(metrics['jdk.ExecutionSample']?.total_by_label_set ?? {})) {
      const names = ['op', 'teller'] as const;
      const wanted = names.map((name) => new RegExp(`${name}=([^,]*)`).exec(set)?.[1] ?? '');
      const group = cpu?.groups.find(({ labels }) => names.every((name, i) => labelValue(labels, name) === wanted[i]));
      assert.equal(
        group?.values.reduce((sum, value) => sum + value, 0n),
        BigInt(samples) * 10_000_000n,
        set,
      );
      const other = ['jfr_event', 'app_name', 'pyroscope_spy'].map((name) => labelValue(group?.labels ?? [], name));
      assert.deepEqual(other, ['itimer', 'bank', 'javaspy']);
    }
  });
}

test('a recording as the body is the same without labels; gzip or not', async () => {
  await using server = await startTestServer();
  assert.equal((await post(server, read('extracted/java-bank/0001.jfr.gz'), 'application/octet-stream')).status, 200);
  const records = await server.profiles();
  assert.deepEqual(Object.fromEntries(totalsOf(records)), TOTALS);
  assert.ok(records.every(({ groups }) => groups.length === 1));
});

test('what is no recording is refused with 422 and a reason', async () => {
  await using server = await startTestServer();
  const cases: readonly (readonly [Uint8Array, string, RegExp])[] = [
    [Buffer.from(''), 'application/octet-stream', /recording is empty/],
    [Buffer.from('no recording'), 'application/octet-stream', /ends in the header/],
    [Buffer.alloc(100), 'application/octet-stream', /does not begin with its magic/],
    [Buffer.from('--BB\r\n\r\n\r\n--BB--'), 'multipart/form-data; boundary=BB', /no part named jfr/],
    [read('malformed/jfr_truncated.bin'), 'multipart/form-data; boundary=BB', /cut short or was never finished/],
  ];
  for (const [body, contentType, message] of cases) {
    const response = await post(server, body, contentType);
    assert.equal(response.status, 422);
    assert.match(await response.text(), message);
  }
});
