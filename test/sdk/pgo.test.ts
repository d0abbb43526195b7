/** A profile that went through the server makes the Go compiler do what the program's own profile makes it do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ServerProcess, startServer, temporaryDirectory } from '../e2e/server-process.ts';
import { push, totalOf } from '../e2e/small-profile.ts';
import { install, runFile, SDK_CACHE, SDK_SOURCES, skipUnlessOnPath } from './install.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const SOURCE = join(SDK_SOURCES, 'pgo');
const skip = skipUnlessOnPath('go');
let server: ServerProcess;

before(async () => {
  if (skip === false) server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server?.terminate());

/** What the compiler says of a call whose target it learnt from the profile. */
async function devirtualized(profile: string): Promise<readonly string[]> {
  const output = join(temporaryDirectory(), 'program');
  const words = ['build', `-pgo=${profile}`, '-gcflags=-m=2', '-o', output, '.'];
  const { stderr } = await runFile('go', words, { cwd: SOURCE, maxBuffer: 64 * 1024 * 1024 });
  const { stdout } = await runFile('go', ['version', '-m', output]);
  assert.ok(stdout.includes(`-pgo=${profile}`), stdout);
  return stderr.split('\n').filter((line) => line.includes('PGO devirtualizing'));
}

test('go build -pgo reads what flamelake pgo writes', { skip }, async () => {
  const program = join(SDK_CACHE, 'pgo');
  await install(() => runFile('go', ['build', '-pgo=off', '-o', program, '.'], { cwd: SOURCE }));
  const directory = temporaryDirectory();
  const [own, stored] = [join(directory, 'own.pb.gz'), join(directory, 'default.pgo')];
  await runFile(program, [own]);
  const flamelake = (...words: string[]) => runFile(process.execPath, [MAIN, ...words, `--url=${server.url}`]);
  const commit = await push(server.url, 'go pgo', readFileSync(own), { labels: { __name__: 'process_cpu' } });
  // Answered when the push is in what queries read.
  await totalOf(server.url, 'go pgo', commit);
  const { stderr } = await flamelake('pgo', 'go pgo', `--output=${stored}`, '--from=now-1h');
  assert.match(stderr, /bytes to .*default\.pgo, 100% of the samples/);
  const expected = await devirtualized(own);
  assert.ok(expected.length > 0);
  assert.deepEqual(await devirtualized(stored), expected);

  const url = `${server.url}/api/v1/pgo/go%20pgo/default.pgo`;
  const [first, second] = [await fetch(url), await fetch(url)];
  const bytes = Buffer.from(await first.arrayBuffer());
  assert.deepEqual(bytes, Buffer.from(await second.arrayBuffer()), 'equal samples give equal bytes');
  assert.deepEqual(bytes, readFileSync(stored));
  const etag = first.headers.get('etag') ?? '';
  assert.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304);

  const small = await fetch(`${url}?max-bytes=${bytes.length - 1}`);
  assert.ok((await small.arrayBuffer()).byteLength < bytes.length);
  assert.match(small.headers.get('x-flamelake-samples-kept') ?? '', /^\d\d(\.\d+)?%$/);
  for (const [path, status] of [
    [`${url}?max-bytes=1`, 429],
    [`${url}?max-bytes=x`, 400],
    [`${url}?query={`, 400],
    [`${server.url}/api/v1/pgo/none/default.pgo`, 404],
  ] as const) {
    assert.equal((await fetch(path)).status, status, path);
  }
  await assert.rejects(flamelake('pgo', 'none', `--output=${stored}`), /no sample of this type/);
});
