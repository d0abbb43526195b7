/** The data directory removed under the server: nothing more is acknowledged, and the process ends with the code of a lost disk. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { call, startServer } from './server-process.ts';
import { push, pushMessage, smallPprof } from './small-profile.ts';

const EXIT_DISK = 74;

test('a server whose directory is removed acknowledges nothing more and ends', async () => {
  const server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  const profile = () => smallPprof({ stacks: [{ frames: ['main'], value: 1n }], timeMs: Date.now() });
  await push(server.url, 'removed', profile());
  rmSync(server.directory, { recursive: true, maxRetries: 20 });
  // Either it says so, or it is gone before it could.
  const status = await call(server.url, 'push.v1.PusherService/Push', pushMessage('removed', profile())).then(
    (answer) => answer.status,
    () => 'gone',
  );
  assert.notEqual(status, 200);
  assert.equal(await server.exited, EXIT_DISK);
});
