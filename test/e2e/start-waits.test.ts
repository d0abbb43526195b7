/** A start before the bucket or the brokers answer waits for them, and says so; it does not wait for ever. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NO_TROUBLE, type S3Proxy, startS3Proxy } from '../kill/s3-proxy.ts';
import { startTcpProxy, type TcpProxy } from '../kill/tcp-proxy.ts';
import { bucketFlags, type Ground, startGround, whyNoCluster } from './cluster.ts';
import { startServer } from './server-process.ts';
import { push, smallPprof } from './small-profile.ts';

const skip = (await whyNoCluster()) ?? false;
let ground: Ground;
let bucket: S3Proxy;
let broker: TcpProxy;

before(async () => {
  if (skip !== false) return;
  [ground, bucket, broker] = await Promise.all([
    startGround(),
    startS3Proxy({ fraction: Math.random }),
    startTcpProxy(),
  ]);
  bucket.aim(ground.s3.port);
});
after(async () => {
  await Promise.all([bucket?.close(), broker?.close()]);
  await ground?.stop();
});

const distributor = (flags: readonly string[], onStarting: Parameters<typeof startServer>[0] = {}) =>
  startServer({ ...onStarting, flags: ['--target=distributor', ...ground.flags, ...flags] });
const patientStore = () => [...bucketFlags(bucket.port), '--store.attempts-max=1'];
const one = () => smallPprof({ stacks: [{ frames: ['main'], value: 1n }], timeMs: Date.now() });

/** Asks until the port says what is waited for. */
async function saysWhy(url: string, why: RegExp): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/ready`);
    const text = await response.text();
    assert.equal(response.status, 503, text);
    if (why.test(text)) return;
    assert.match(text, /^starting/);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('while the bucket refuses, a start is alive, says why it is not ready, and goes on when the bucket answers', {
  skip,
}, async () => {
  bucket.set({ ...NO_TROUBLE, refused: 1 });
  const seen = Promise.withResolvers<void>();
  const onStarting = (url: string) => {
    const look = async () => {
      assert.equal((await fetch(`${url}/healthz`)).status, 200);
      await saysWhy(url, /waiting for the object store: .*SlowDown/);
      const refused = await fetch(`${url}/push.v1.PusherService/Push`, { method: 'POST', body: '{}' });
      assert.equal(refused.status, 503);
      assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    };
    look()
      .then(seen.resolve, seen.reject)
      .finally(() => bucket.set(NO_TROUBLE));
  };
  const server = await distributor(patientStore(), { onStarting });
  await seen.promise;
  await push(server.url, 'late', one());
  const waits = server.log.filter(({ message }) => message === 'start waits');
  assert.ok(waits.length > 0 && waits.every((line) => line.for === 'object store' && Number(line.leftMs) > 0));
  assert.equal(await server.terminate(), 0);
});

test('brokers that come up late are waited for', { skip }, async () => {
  broker.aim(1);
  const seen = Promise.withResolvers<void>();
  const onStarting = (url: string) => {
    saysWhy(url, /waiting for the profile log: kafka/)
      .then(seen.resolve, seen.reject)
      .finally(() => broker.aim(Number(ground.kafka.addresses[0]?.split(':')[1])));
  };
  const server = await distributor([`--kafka.brokers=127.0.0.1:${broker.port}`], { onStarting });
  await seen.promise;
  await push(server.url, 'later', one());
  await server.kill();
});

test('a start waits no longer than it may, and stops waiting at SIGTERM', { skip }, async () => {
  bucket.set({ ...NO_TROUBLE, refused: 1 });
  await assert.rejects(distributor([...patientStore(), '--server.start-timeout=1s']), /ended with 1 .*SlowDown/s);
  const onStarting = (url: string, child: { kill(signal: NodeJS.Signals): void }) =>
    void saysWhy(url, /waiting for/).then(() => child.kill('SIGTERM'));
  await assert.rejects(distributor(patientStore(), { onStarting }), /ended with 0 /);
  bucket.set(NO_TROUBLE);
});
