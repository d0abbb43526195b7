/** What the command line says when it is used wrongly: one line and an exit code, never a stack. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from './server-process.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const EXIT_USAGE = 64;

const noProfile = join(temporaryDirectory(), 'notes.txt');
writeFileSync(noProfile, 'not a profile');

const wrongUses: readonly (readonly [words: string, says: RegExp])[] = [
  ['inspect /nowhere.pb.gz', /^flamelake: file cannot be read \(file=\/nowhere\.pb\.gz, .*ENOENT/],
  [`inspect ${noProfile}`, /^flamelake: file is no profile of a format that is known .*notes\.txt/],
  [
    `push ${noProfile} --url=http://127.0.0.1:1`,
    /^flamelake: file is no profile of a format that is known .*notes\.txt/,
  ],
  ['query top --url=localhost:4040', /^flamelake: url must begin with http/],
  ['query top --from=yesterday', /^flamelake: time cannot be read \(option=from/],
  ['serve distributor', /^flamelake: serve takes flags only \(got=distributor\)/],
];
for (const [words, says] of wrongUses) {
  test(`flamelake ${words.replace(noProfile, 'notes.txt')}`, () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, ...words.split(' ')], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.match(stderr, says);
    assert.deepEqual([status, stdout, stderr.trimEnd().split('\n').length], [EXIT_USAGE, '', 1]);
  });
}

test('a reader that has seen enough ends a query quietly', async (t) => {
  const graph = JSON.stringify({ flamegraph: { names: ['total', 'a'], levels: [{ values: [0, 1, 1, 0] }] } });
  const server = createServer((_, response) => response.end(graph)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [MAIN, 'query', 'top', `--url=${url}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = await once(child, 'close');
  assert.deepEqual([code, errors], [0, '']);
});
