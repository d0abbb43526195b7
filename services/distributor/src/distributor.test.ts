import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ProfileRecord, stringAt } from '@flamelake/formats';
import { FlamelakeError, type Label, labelsKey, labelValue, type ProfileLog } from '@flamelake/model';
import type { PushSeries } from '@flamelake/rpc';
import { createTestDistributor, TEST_NOW_MS, type TestOptions, totalsOf } from './distributor-server.test-support.ts';
import { type TestPprof, testPprof } from './pprof-builder.test-support.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const labelsOf = (labels: Readonly<Record<string, string>>): Label[] =>
  Object.entries(labels).map(([name, value]) => ({ name, value }));

function series(labels: Readonly<Record<string, string>>, profile: TestPprof = {}, id = ''): PushSeries {
  const rawProfile = testPprof({ timeMs: TEST_NOW_MS, ...profile });
  return {
    labels: labelsOf({ __name__: 'process_cpu', service_name: 'shop', ...labels }),
    samples: [{ rawProfile, id }],
  };
}

/** Pushes and gives back what the log then holds. */
async function stored(pushed: readonly PushSeries[], options: TestOptions = {}): Promise<ProfileRecord[]> {
  const { distributor, profiles } = createTestDistributor(options);
  await distributor.push('anonymous', pushed);
  return profiles();
}

const hexOf = (record: ProfileRecord | undefined) => Buffer.from(record?.identity ?? []).toString('hex');
const keysOf = (record: ProfileRecord | undefined) => record?.groups.map(({ labels }) => labelsKey(labels)).sort();

test('a pushed profile is stored with its labels, type, time and values', async () => {
  const [record, ...others] = await stored([
    series({ pod: 'a', __delta__: 'false', __session_id__: 'ff', __order__: '1' }),
  ]);
  assert(record !== undefined);
  assert.equal(others.length, 0);
  assert.deepEqual(
    [record.tenant, record.service, record.timeNanos],
    ['anonymous', 'shop', BigInt(TEST_NOW_MS) * 1_000_000n],
  );
  assert.deepEqual(keysOf(record), [labelsKey(labelsOf({ pod: 'a', service_name: 'shop' }))]);
  assert.deepEqual([...totalsOf([record])], [['process_cpu:cpu:nanoseconds:cpu:nanoseconds', 1n]]);
  const names = Array.from({ length: record.symbols.functions.count }, (_, f) =>
    stringAt(record.symbols.strings, record.symbols.functions.name[f]),
  );
  assert.deepEqual(names.sort(), ['leaf', 'root']);
});

test('gzip or plain, in any label order, without service or with an empty label: the same profile', async () => {
  const raw = testPprof({ timeMs: TEST_NOW_MS });
  const labels = labelsOf({ zone: 'z', __name__: 'process_cpu', empty: '' });
  const records = await stored([
    { labels, samples: [{ rawProfile: raw, id: '' }] },
    { labels: labels.toReversed(), samples: [{ rawProfile: gzipSync(raw), id: '' }] },
  ]);
  const expected = [labelsKey(labelsOf({ service_name: 'unknown_service', zone: 'z' }))];
  assert.deepEqual(records.map(keysOf), [expected, expected]);
});

test('samples split by their labels, the labels of the series win, ids stay with the sample', async () => {
  const sample = (labels: Readonly<Record<string, string>>, value: number) => ({
    stack: ['f'],
    values: [value],
    labels,
  });
  const samples = [
    sample({ endpoint: '/a' }, 1),
    sample({ endpoint: '/b', region: 'us' }, 2),
    sample({ endpoint: '/b' }, 4),
    sample({ region: 'us', __name__: 'x', __type__: 'y' }, 8),
    sample({ profile_id: '00000bac2a5ab0c7' }, 16),
    sample({}, 32),
  ];
  const [record] = await stored([series({ region: 'eu' }, { samples })]);
  assert(record !== undefined);
  const totals = record.groups.map(
    ({ labels, values }) => `${labelValue(labels, 'endpoint')} ${values.reduce((sum, value) => sum + value, 0n)}`,
  );
  assert.deepEqual(totals.sort(), [' 56', '/a 1', '/b 6']);
  const merged = record.groups.find(({ labels }) => labels.some(({ value }) => value === '/b'));
  assert.equal(merged?.sampleCount, 1, 'equal stacks of merged groups are one sample');
  const plain = record.groups.find(({ labels }) => labels.length === 2);
  assert.deepEqual(new Set(plain?.spanIds), new Set([0n, 0xbac2a5ab0c7n]));
});

test('old names of Go delta profiles lose their prefix, CPU beside wall time is CPU', async () => {
  const types = ['samples/count', 'wall/nanoseconds', 'cpu/nanoseconds'];
  const [memory, wall] = await stored([
    series({ __name__: 'godeltaprof_memory' }, { types: ['space/bytes'], periodType: 'space/bytes' }),
    series({ __name__: 'wall' }, { types, periodType: 'wall/nanoseconds' }),
  ]);
  assert.deepEqual(
    memory?.types.map(({ name }) => name),
    ['memory'],
  );
  assert.deepEqual(keysOf(memory), [
    labelsKey(labelsOf({ __name_replaced__: 'godeltaprof_memory', service_name: 'shop' })),
  ]);
  assert.deepEqual(
    wall?.types.map(({ name, sampleType }) => `${name}:${sampleType}`),
    ['wall:samples', 'wall:wall', 'process_cpu:cpu'],
  );
});

test('a resend has the identity of the first copy; other labels, bytes, tenants or ids have their own', async () => {
  const { distributor, profiles } = createTestDistributor();
  const one = series({});
  const pushes: readonly (readonly [tenant: string, pushed: PushSeries])[] = [
    ['a', one],
    ['a', one],
    ['a', series({ pod: 'x' })],
    ['a', series({ __session_id__: 'ff' })],
    ['a', series({}, { timeMs: TEST_NOW_MS + 1 })],
    ['a', series({}, {}, 'id')],
    ['b', one],
  ];
  for (const [tenant, pushed] of pushes) await distributor.push(tenant, [pushed]);
  const identities = (await profiles()).map(hexOf);
  assert.equal(identities.length, 7);
  assert.equal(new Set(identities).size, 6);
});

test('a profile without a clock is stored now, and never taken for a resend unless it has an id', async () => {
  const [first, second, third, fourth] = await stored([
    series({}, { timeMs: 0 }),
    series({}, { timeMs: 0 }),
    series({}, { timeMs: 0 }, 'id'),
    series({}, { timeMs: 0 }, 'id'),
  ]);
  assert.equal(first?.timeNanos, BigInt(TEST_NOW_MS) * 1_000_000n);
  assert.notEqual(hexOf(first), hexOf(second));
  assert.equal(hexOf(third), hexOf(fourth));
});

const refusals: Readonly<
  Record<string, readonly [pushed: PushSeries, reason: string, limits?: TestOptions['limits']]>
> = {
  'no profile name': [series({ __name__: '' }), 'invalid_labels'],
  'too many labels': [
    series(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, 'v']))),
    'max_label_names_per_series',
  ],
  'a long name': [series({ ['n'.repeat(1_025)]: 'v' }), 'label_name_too_long'],
  'a long value': [series({ n: 'v'.repeat(2_049) }), 'label_value_too_long'],
  'a long value of a sample': [
    series({}, { samples: [{ stack: ['f'], values: [1], labels: { n: 'v'.repeat(2_049) } }] }),
    'label_value_too_long',
  ],
  'a label twice': [
    { labels: [...series({}).labels, { name: 'service_name', value: 'x' }], samples: series({}).samples },
    'duplicate_label_names',
  ],
  'no pprof': [{ ...series({}), samples: [{ rawProfile: Uint8Array.of(7, 7, 7), id: '' }] }, 'malformed_profile'],
  'broken gzip': [
    { ...series({}), samples: [{ rawProfile: gzipSync('x').subarray(0, 12), id: '' }] },
    'malformed_profile',
  ],
  'a hyphen in a sample type': [series({}, { types: ['a-b/c'] }), 'malformed_profile'],
  'a sum beyond int64': [
    series({}, { samples: ['f', 'g', 'h'].map((name) => ({ stack: [name], values: [2n ** 62n] })) }),
    'malformed_profile',
  ],
  'too many bytes': [series({}), 'profile_size_limit', { profileBytesMax: 20 }],
  'too many samples': [
    series({}, { samples: ['f', 'g'].map((name) => ({ stack: [name], values: [1] })) }),
    'samples_limit',
    { samplesMax: 1 },
  ],
  'too many labels of a sample': [
    series({}, { samples: [{ stack: ['f'], values: [1], labels: { a: '1', b: '2' } }] }),
    'sample_labels_limit',
    { sampleLabelsMax: 1 },
  ],
  'an old profile': [series({}, { timeMs: TEST_NOW_MS - HOUR_MS - 1 }), 'not_in_ingestion_window'],
};
for (const [what, [pushed, reason, limits]] of Object.entries(refusals)) {
  test(`${what}: refused with reason, tenant and limit, counted, nothing stored`, async () => {
    const { distributor, profiles, metrics } = createTestDistributor(limits === undefined ? {} : { limits });
    await assert.rejects(distributor.push('team-a', [pushed]), (error) => {
      assert(error instanceof FlamelakeError);
      assert.equal(error.code, 'invalid_argument');
      assert.equal(error.details.reason, reason);
      assert.equal(error.details.tenant, 'team-a');
      if (/limit|long|window|max_/.test(reason)) assert.match(String(error.details.key), /^limits\./);
      return true;
    });
    assert.deepEqual(await profiles(), []);
    assert.match(await metrics.text(), new RegExp(`discarded_samples_total\\{reason="${reason}",tenant="team-a"\\}`));
  });
}

test('a profile of the future is refused: the clock of its client is wrong', async () => {
  const pushed = series({}, { timeMs: TEST_NOW_MS + 10 * MINUTE_MS + 1 });
  await assert.rejects(stored([pushed]), { code: 'invalid_argument', message: /future.*clock/ });
});

test('what is at the edge of the window is stored, and an override opens it for backfill', async () => {
  const times = [TEST_NOW_MS - HOUR_MS, TEST_NOW_MS + 10 * MINUTE_MS];
  assert.equal((await stored(times.map((timeMs) => series({}, { timeMs })))).length, 2);
  const old = series({}, { timeMs: TEST_NOW_MS - 48 * HOUR_MS });
  assert.equal((await stored([old], { limits: { rejectOlderThanMs: 72 * HOUR_MS } })).length, 1);
});

test('samples without values or with negative ones are dropped and counted; nothing left is no error', async () => {
  const { distributor, profiles, metrics } = createTestDistributor();
  const samples = [
    { stack: ['f'], values: [0] },
    { stack: ['g'], values: [-5] },
  ];
  const receipt = await distributor.push('t', [series({}, { samples })]);
  assert.equal(receipt.commitToken, undefined);
  assert.deepEqual(await profiles(), []);
  assert.match(await metrics.text(), /discarded_samples_total\{reason="negative_value",tenant="t"\} 1/);
});

test('each series stands alone: the sound ones are stored, the error is returned all the same', async () => {
  const { distributor, profiles } = createTestDistributor();
  const push = distributor.push('t', [
    series({ n: 'v'.repeat(3_000) }),
    series({ pod: 'sound' }),
    series({ __name__: '' }),
  ]);
  await assert.rejects(push, { code: 'invalid_argument' });
  assert.equal((await profiles()).length, 1);
});

test('a failure that a retry can mend is answered before one it cannot', async () => {
  const wrapLog = (log: ProfileLog): ProfileLog => ({
    ...log,
    append: () => Promise.reject(new FlamelakeError('unavailable', 'log is down')),
  });
  const { distributor } = createTestDistributor({ wrapLog });
  await assert.rejects(distributor.push('t', [series({ __name__: '' }), series({})]), { code: 'unavailable' });
});

test('an empty request is refused, a series without samples is not', async () => {
  const { distributor } = createTestDistributor();
  await assert.rejects(distributor.push('t', []), { code: 'invalid_argument' });
  assert.equal((await distributor.push('t', [{ ...series({}), samples: [] }])).commitToken, undefined);
});
