/** What `flamelake query` prints of a running server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type ServerProcess, startServer } from './server-process.ts';
import { push, SMALL_TYPE, smallPprof, totalOf } from './small-profile.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
let server: ServerProcess;

before(async () => {
  server = await startServer({ flags: ['--self-profiling.enabled=false'] });
  const stacks = [
    { frames: ['main', 'parse'], value: 75n },
    { frames: ['main', 'parse', 'read'], value: 20n },
    { frames: ['idle'], value: 5n },
  ];
  const commit = await push(server.url, 'shop', smallPprof({ stacks, timeMs: Date.now() - 1_000 }));
  assert.equal(await totalOf(server.url, 'shop', commit), 100n);
});
after(() => server.terminate());

async function query(kind: string): Promise<string> {
  const words = [
    MAIN,
    'query',
    kind,
    `--url=${server.url}`,
    `--type=${SMALL_TYPE}`,
    '--selector={service_name="shop"}',
  ];
  return (await promisify(execFile)(process.execPath, words)).stdout;
}

test('folded text, JSON, a table and a graph of the same profile', async () => {
  const folded = await query('folded');
  assert.deepEqual(folded.trim().split('\n').sort(), ['idle 5', 'main;parse 75', 'main;parse;read 20']);
  const { flamegraph } = JSON.parse(await query('json')) as { flamegraph: { total: string; names: string[] } };
  assert.deepEqual(
    [flamegraph.total, flamegraph.names.toSorted()],
    ['100', ['idle', 'main', 'parse', 'read', 'total']],
  );
  assert.match(await query('top'), /^parse +75 +75\.0 % +95 +95\.0 %$/m);
  assert.match(await query('flamegraph'), /^ *100\.0 % {2}total\n *95\.0 % {4}main\n/);
  assert.match(await query('series'), / 100$/m);
});
