/** The embedded server with its objects in a bucket: pushed, crashed, started again, and every total is exact. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createS3Store } from '@flamelake/object-store/s3';
import { systemClock, systemRandom } from '@flamelake/runtime';
import type { RunningServer } from '../real/components/server.ts';
import {
  installVersitygw,
  S3_ACCESS_KEY,
  S3_BUCKET,
  S3_SECRET_KEY,
  startVersitygw,
} from '../real/components/versitygw.ts';
import { type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const installed = await installVersitygw();
const skip = installed.skip ?? false;
const running: RunningServer[] = [];
after(() => Promise.all(running.map((server) => server.stop())));

const ENVIRONMENT = { AWS_ACCESS_KEY_ID: S3_ACCESS_KEY, AWS_SECRET_ACCESS_KEY: S3_SECRET_KEY };
const FLAGS = [
  '--self-profiling.enabled=false',
  '--segment-writer.flush-interval=50ms',
  '--compactor.fold-interval=300ms',
  '--store.backend=s3',
  `--store.s3.bucket=${S3_BUCKET}`,
  '--store.s3.region=us-east-1',
  '--store.prefix=team/profiles',
];

async function startS3(): Promise<{ readonly endpoint: string; readonly pid: number }> {
  assert.ok(installed.skip === undefined);
  const server = await startVersitygw(installed.path);
  running.push(server);
  return { endpoint: `http://127.0.0.1:${server.port}`, pid: server.pid };
}

const pushValue = (server: ServerProcess, value: bigint) =>
  push(server.url, 'shop', smallPprof({ stacks: [{ frames: ['main', `f${value}`], value }], timeMs: Date.now() }));

test('pushes, kill -9 and a restart with every object in a bucket', { skip }, async () => {
  const { endpoint } = await startS3();
  const directory = temporaryDirectory();
  const start = () =>
    startServer({ directory, flags: [...FLAGS, `--store.s3.endpoint=${endpoint}`], environment: ENVIRONMENT });
  let total = 0n;
  let commit = '';
  let server = await start();
  for (let round = 0; round < 3; round++) {
    for (let i = 1; i <= 10; i++) {
      const value = BigInt(1_000 * round + i);
      commit = await pushValue(server, value);
      total += value;
    }
    await server.kill();
    server = await start();
    assert.equal(await totalOf(server.url, 'shop', commit), total);
  }
  assert.equal(await server.terminate(), 0);

  const store = createS3Store({
    clock: systemClock,
    random: systemRandom,
    endpoint,
    region: 'us-east-1',
    bucket: S3_BUCKET,
    credentials: async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY }),
  });
  assert.ok((await store.list('team/profiles/logs/')).length > 0, 'the objects are in the bucket, below the prefix');
  assert.deepEqual(await store.listFolders(''), ['team']);
  await store.close();
});

test('while the bucket stands still pushes go on, and nothing is lost or counted twice', { skip }, async () => {
  const { endpoint, pid } = await startS3();
  const server = await startServer({
    flags: [...FLAGS, `--store.s3.endpoint=${endpoint}`, '--store.request-timeout=200ms'],
    environment: ENVIRONMENT,
  });
  let total = 0n;
  let commit = '';
  const pushSome = async (from: bigint) => {
    for (let value = from; value < from + 20n; value++) {
      commit = await pushValue(server, value);
      total += value;
    }
  };
  await pushSome(1n);
  for (let round = 1n; round <= 3n; round++) {
    process.kill(pid, 'SIGSTOP');
    // Puts that were sent are carried out when it goes on, though their answers were given up long before.
    await pushSome(1_000n * round);
    await notReady(server.url);
    process.kill(pid, 'SIGCONT');
    await pushSome(1_000n * round + 500n);
    await eventually(async () => assert.equal(await totalOf(server.url, 'shop', commit), total));
  }
  assert.equal(await server.terminate(), 0);
});

/** Waits until the server says that it cannot do its work. */
async function notReady(url: string): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`${url}/ready`);
    assert.match(await response.text(), /object store/);
    assert.equal(response.status, 503);
  });
}

/** Tries until it holds, for half a minute: the server waits longer after each failure. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test('a start with a wrong bucket or wrong keys says what to look at', { skip }, async () => {
  const endpoint = `--store.s3.endpoint=${(await startS3()).endpoint}`;
  const refusal = (flags: readonly string[], environment: Readonly<Record<string, string>>) =>
    startServer({ flags: [...FLAGS, endpoint, ...flags], environment }).then(
      () => assert.fail('it started'),
      (error: unknown) => String(error),
    );
  assert.match(
    await refusal(['--store.s3.bucket=elsewhere'], ENVIRONMENT),
    /bucket does not exist.*store\.s3\.bucket/s,
  );
  const wrong = { ...ENVIRONMENT, AWS_SECRET_ACCESS_KEY: 'wrong' };
  assert.match(await refusal([], wrong), /does not accept the credentials.*store\.s3\.secret-key/s);
  assert.match(await refusal(['--store.s3.bucket='], ENVIRONMENT), /option is missing.*store\.s3\.bucket/s);
});
