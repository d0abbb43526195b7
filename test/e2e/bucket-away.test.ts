/** While the bucket is away profiles are taken: distributors stay ready, and what they acknowledged is shown when it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TROUBLE, startS3Proxy } from '../kill/s3-proxy.ts';
import { startGround, taskPort, whyNoCluster } from './cluster.ts';
import { get, type ServerProcess } from './server-process.ts';
import { push, smallPprof, totalOf } from './small-profile.ts';

const skip = (await whyNoCluster()) ?? false;

test('distributors stay ready and take pushes without the bucket; who needs it says so', { skip }, async () => {
  const ground = await startGround();
  const proxy = await startS3Proxy({ fraction: () => 0.5 });
  proxy.aim(ground.s3.port);
  const running: ServerProcess[] = [];
  const start = async (target: string, flags: readonly string[] = []) => {
    running.push(await ground.start(target, [`--store.s3.endpoint=http://127.0.0.1:${proxy.port}`, ...flags]));
    return running.at(-1) as ServerProcess;
  };
  try {
    const distributor = await start('distributor');
    await start('segment-writer');
    const querier = await start('querier');
    const frontend = await start('query-frontend', [`--query-frontend.queriers=127.0.0.1:${taskPort(querier)}`]);
    const status = async (server: ServerProcess) => (await get(`${server.url}/ready`)).status;

    proxy.set({ ...NO_TROUBLE, refused: 1 });
    // What was found before stands for a moment.
    while ((await status(querier)) !== 503) await new Promise((resolve) => setTimeout(resolve, 50));
    const profile = smallPprof({ stacks: [{ frames: ['main'], value: 7n }], timeMs: Date.now() });
    const commit = await push(distributor.url, 'away', profile);
    assert.equal(await status(distributor), 200);

    proxy.set(NO_TROUBLE);
    for (const server of running) while ((await status(server)) !== 200) await new Promise((r) => setTimeout(r, 50));
    const total = async () => totalOf(frontend.url, 'away', commit).catch(String);
    while (typeof (await total()) === 'string') await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await total(), 7n);
  } finally {
    await Promise.all(running.map((server) => server.kill()));
    await Promise.all([ground.stop(), proxy.close()]);
  }
});
