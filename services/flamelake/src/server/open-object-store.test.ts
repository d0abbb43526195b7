import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, systemClock, systemRandom } from '@flamelake/runtime';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { openObjectStore, type StoreOptions } from './open-object-store.ts';

function open(words: readonly string[], others: Partial<StoreOptions> = {}) {
  const { values } = readOptions(SERVE_OPTIONS, { words, environment: {}, readFile: () => '' });
  const options = { ...values, ...others };
  return openObjectStore({ options, clock: systemClock, random: systemRandom, metrics: createMetrics() });
}

const SWIFT = ['--store.backend=swift', '--store.swift.container=lake', '--store.swift.auth-url=http://127.0.0.1:1/v3'];
const SWIFT_USER = ['--store.swift.user=u', '--store.swift.password=p', '--store.swift.project=x'];

test('every backend opens with its options, and asks nothing yet', async () => {
  const backends = [
    ['--store.backend=s3', '--store.s3.bucket=lake', '--store.s3.access-key=k', '--store.s3.secret-key=s'],
    ['--store.backend=s3', '--store.s3.bucket=lake'],
    ['--store.backend=gcs', '--store.gcs.bucket=lake', '--store.gcs.endpoint=http://127.0.0.1:1'],
    ['--store.backend=azure', '--store.azure.account=lake', '--store.azure.container=lake'],
    [...SWIFT, ...SWIFT_USER],
  ];
  for (const words of backends) await (await open(words)).close();
});

test('an option that is missing is named', async () => {
  const cases: readonly [readonly string[], string][] = [
    [['--store.backend=s3'], 'store.s3.bucket'],
    [
      ['--store.backend=s3', '--store.s3.bucket=lake', '--store.s3.access-key=k'],
      'store.s3.access-key and store.s3.secret-key, both or neither',
    ],
    [['--store.backend=gcs'], 'store.gcs.bucket'],
    [['--store.backend=azure', '--store.azure.account=lake'], 'store.azure.container'],
  ];
  for (const [words, option] of cases) {
    await assert.rejects(open(words), (error: Error & { details?: { option?: string } }) => {
      assert.equal(error.details?.option, option);
      return true;
    });
  }
  const noFile = open(['--store.backend=s3', '--store.s3.bucket=lake', '--store.s3.ca-file=/nowhere.pem']);
  await assert.rejects(noFile, { code: 'invalid_argument', message: 'file of an option cannot be read' });
});

test('Swift serves one process only', async () => {
  await assert.rejects(open([...SWIFT, ...SWIFT_USER], { target: 'distributor' }), { code: 'failed_precondition' });
});
