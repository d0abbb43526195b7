/** `flamelake verify` and `inspect` on a bucket: agree with a sound one, with and without the log, and name what is damaged. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { createS3Store } from '@flamelake/object-store/s3';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { inspectStore } from '../../services/flamelake/src/inspect/inspect-store.ts';
import type { RunningServer } from '../real/components/server.ts';
import {
  installVersitygw,
  S3_ACCESS_KEY,
  S3_BUCKET,
  S3_SECRET_KEY,
  startVersitygw,
} from '../real/components/versitygw.ts';
import { assertAgrees, runVerify } from './run-verify.ts';
import { startServer, temporaryDirectory } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const installed = await installVersitygw();
const skip = installed.skip ?? false;
let s3: RunningServer | undefined;
after(() => s3?.stop());

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const PREFIX = 'team/profiles';
const ENVIRONMENT = { AWS_ACCESS_KEY_ID: S3_ACCESS_KEY, AWS_SECRET_ACCESS_KEY: S3_SECRET_KEY };

test('a bucket is verified through the options of the server, and damage is named by key', { skip }, async () => {
  assert.ok(installed.skip === undefined);
  s3 = await startVersitygw(installed.path);
  const endpoint = `http://127.0.0.1:${s3.port}`;
  const place = [
    '--store.backend=s3',
    `--store.s3.bucket=${S3_BUCKET}`,
    '--store.s3.region=us-east-1',
    `--store.s3.endpoint=${endpoint}`,
    `--store.prefix=${PREFIX}`,
  ];
  const folding = [
    '--self-profiling.enabled=false',
    '--segment-writer.flush-interval=20ms',
    '--compactor.fold-interval=100ms',
  ];
  const directory = temporaryDirectory();
  const credentials = async () => ({ accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY });
  const options = { clock: systemClock, random: systemRandom, endpoint, region: 'us-east-1', credentials };
  const bucket = createS3Store({ ...options, bucket: S3_BUCKET, prefix: PREFIX });
  const keysOf = async (kind: string) =>
    (await bucket.list('logs/')).map(({ key }) => key).filter((key) => key.includes(`/${kind}/`));

  const server = await startServer({ directory, flags: [...folding, ...place], environment: ENVIRONMENT });
  for (let i = 1; (await keysOf('manifests')).length < 3; i++) {
    const bytes = smallPprof({ stacks: [{ frames: ['main', `f${i}`], value: BigInt(i) }], timeMs: Date.now() });
    await totalOf(server.url, 'shop', await push(server.url, 'shop', bytes));
  }
  const live = await runVerify([...place, `--data.directory=${directory}`, `--url=${server.url}`], ENVIRONMENT);
  assertAgrees(live);
  assert.match(live.output, /[1-9]\d* records compared/);
  assert.match(live.output, /server: 2 answers compared/);
  assert.equal(await server.terminate(), 0);

  const elsewhere = [...place, `--data.directory=${temporaryDirectory()}/none`];
  const alone = await runVerify(elsewhere, ENVIRONMENT);
  assertAgrees(alone);
  assert.match(alone.output, /note: no profile log is there to compare with/);

  const inspected = spawnSync(process.execPath, [MAIN, 'inspect', 'store', ...elsewhere], {
    encoding: 'utf8',
    env: { ...process.env, ...ENVIRONMENT },
  });
  const expected: string[] = [];
  await inspectStore(bucket, (text) => expected.push(text));
  assert.equal(inspected.stdout, expected.join(''), inspected.stderr);
  assert.match(inspected.stdout, /^level 1 +[1-9]\d* +\d+ +\d+ +20/m);

  /** Puts another object, or none, in an object's place, and the first one back when the damage was named. */
  const damaged = async (key: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<void> => {
    const { bytes } = (await bucket.get(key)) ?? assert.fail(`${key} is not there`);
    const other = change(bytes.slice());
    await bucket.delete([key]);
    if (other !== undefined) await bucket.putIfAbsent(key, other);
    const { exitCode, differences, output } = await runVerify(elsewhere, ENVIRONMENT);
    assert.equal(exitCode, 1, output);
    assert.ok(
      differences.some((line) => line.includes(key)),
      `${key} in ${output}`,
    );
    await bucket.delete([key]);
    await bucket.putIfAbsent(key, bytes);
  };
  const flip = (bytes: Uint8Array) => bytes.with(Math.floor(bytes.length / 2), bytes[bytes.length >> 1] ^ 1);
  const [block = ''] = await keysOf('blocks');
  await damaged(block, () => undefined);
  await damaged(block, flip);
  await damaged(block, (bytes) => bytes.subarray(0, bytes.length - 5));
  await damaged((await keysOf('manifests')).at(1) ?? '', () => undefined);
  await damaged((await keysOf('manifests')).at(0) ?? '', flip);
  await damaged((await keysOf('segments')).at(0) ?? '', () => undefined);
  assertAgrees(await runVerify(elsewhere, ENVIRONMENT));
  await bucket.close();
});
