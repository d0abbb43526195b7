import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger, systemClock, systemRandom } from '@flamelake/runtime';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { startFlamelake } from './start-flamelake.ts';

function start(directory: string, port: number) {
  const words = ['--server.host=127.0.0.1', `--server.port=${port}`, `--data.directory=${directory}`];
  const { values: options } = readOptions(SERVE_OPTIONS, { words, environment: {}, readFile: () => '' });
  const logger = createLogger({ level: 'silent' });
  return startFlamelake({ options, clock: systemClock, random: systemRandom, logger, onFatal: assert.ifError });
}

test('a port in use is refused in words, and the data directory is free again', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'flamelake-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(start(directory, port), {
    code: 'failed_precondition',
    message: 'another process listens on the port',
    details: { 'server.host': '127.0.0.1', 'server.port': port, reason: 'EADDRINUSE' },
  });
  const server = await start(directory, 0);
  await server.close();
});
