/** `flamelake probe`, as `helm test` runs it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { startServer } from './server-process.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;

function probe(...flags: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'probe', ...flags], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

test('a profile is pushed and counted once', async () => {
  const { url, terminate } = await startServer();
  const found = await probe(`--url=${url}`);
  assert.deepEqual(found.code, 0, found.text);
  assert.match(found.text, /^pushed, and counted once after [\d.]+ s\n$/);
  await terminate();
});

test('where tenants are told apart, the probe names one', async () => {
  const { url, terminate } = await startServer({ flags: ['--multitenancy.enabled'] });
  const unnamed = await probe(`--url=${url}`);
  assert.equal(unnamed.code, 1);
  assert.match(unnamed.text, /canary failed.*push/);
  assert.equal((await probe(`--url=${url}`, '--tenant=flamelake-canary')).code, 0);
  await terminate();
});
