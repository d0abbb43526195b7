/** A client made with connect-go gets the same answer, and the same error code, in every protocol. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../e2e/server-process.ts';
import { aroundNow, push, SMALL_TYPE, smallPprof, totalOf } from '../e2e/small-profile.ts';
import { install, runFile, SDK_CACHE, SDK_SOURCES, skipUnlessOnPath } from './install.ts';

const BUF = new URL('../../node_modules/.bin/buf', import.meta.url).pathname;

test('connect-go reads the same flame graph over Connect, gRPC and gRPC-Web', {
  skip: skipUnlessOnPath('go'),
}, async () => {
  const program = join(SDK_CACHE, 'connect-go');
  const descriptors = join(SDK_CACHE, 'querier.binpb');
  const source = join(SDK_SOURCES, 'connect-go');
  await install(async () => {
    await runFile('go', ['build', '-o', program, '.'], { cwd: source });
    await runFile(BUF, ['build', join(source, 'proto'), '-o', descriptors]);
  });
  const server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  const bytes = smallPprof({
    stacks: [
      { frames: ['main', 'work'], value: 2n ** 60n + 1n },
      { frames: ['main'], value: 3n },
    ],
    timeMs: Date.now() - 1000,
  });
  const commit = await push(server.url, 'go-client', bytes);
  assert.equal(await totalOf(server.url, 'go-client', commit), 2n ** 60n + 4n);

  const { start, end } = aroundNow();
  const { stdout } = await runFile(program, [
    server.url,
    descriptors,
    SMALL_TYPE,
    '{service_name="go-client"}',
    String(start),
    String(end),
  ]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/ (.*)/s) as [string, string]);
  const answers = lines.filter(([name]) => !name.endsWith('-error'));
  const errors = lines.filter(([name]) => name.endsWith('-error'));
  assert.equal(answers.length, 6);
  for (const [name, text] of answers) {
    const { flamegraph } = JSON.parse(text) as { flamegraph: { names: string[]; total: string; levels: unknown[] } };
    assert.deepEqual(
      [flamegraph.total, flamegraph.names, flamegraph.levels.length],
      [String(2n ** 60n + 4n), ['total', 'main', 'work'], 3],
      name,
    );
  }
  assert.deepEqual(new Set(errors.map(([, code]) => code)), new Set(['invalid_argument']));
  await server.terminate();
});
