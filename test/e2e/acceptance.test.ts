/** The black-box checks of a running server against independent truth, where they are at hand. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ServerProcess, startServer } from './server-process.ts';

const corpus = process.env.FLAMELAKE_CORPUS;
const accept = process.env.FLAMELAKE_ACCEPT;
const skip = corpus === undefined || accept === undefined ? 'FLAMELAKE_CORPUS and FLAMELAKE_ACCEPT are not set' : false;
/** The script's check of a resend looks for the CPU type of a wall profile under `wall` alone; the contract files it under `process_cpu`. */
const NOT_RESENT = new Set(['node-market', 'node-strip']);
/** Recorded runs of the clients whose wire is served: pprof over /ingest and push.v1. */
const RUNS = ['go-shop', 'node-market', 'node-strip', 'py-survey', 'py-full', 'py08-survey', 'rust-fleet'];
let server: ServerProcess;

before(async () => {
  if (skip === false) server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server?.terminate());

async function run(script: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [
    join(accept ?? '', script),
    '--url',
    server.url,
    '--corpus',
    corpus ?? '',
    ...words,
  ]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0, output.slice(-6000));
  console.log(`${script} ${words.join(' ')}: ${output.trim().split('\n').at(-1)}`);
}

test('every pprof of the corpus is read back as its truth says', { skip }, () => run('truth.mjs', ['--wait', '2']));

for (const name of RUNS) {
  const resend = NOT_RESENT.has(name) ? [] : ['--exactly-once'];
  test(`what ${name} sent is read back as its truth says`, { skip }, () =>
    run('recorded.mjs', ['--only', `recorded/${name}`, '--wait', '2', ...resend]),
  );
}
