/** `flamelake push` takes files of every format and says what it took them for; what it pushed comes back whole. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { aroundNow, push, smallPprof } from './small-profile.ts';

const MAIN = new URL('../../services/flamelake/src/main.ts', import.meta.url).pathname;
const CORPUS = new URL('../corpus/', import.meta.url).pathname;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
let server: ServerProcess;

before(async () => {
  server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server.terminate());

const perf = join(temporaryDirectory(), 'app.perf');
writeFileSync(perf, 'app 1 [000] 1.5: 250 cpu-clock:\n\t12 main+0x1 (/bin/app)\n\napp 1 [000] 1.6: 750 cpu-clock:\n');

const FILES: readonly (readonly [file: string, says: RegExp, type: string, total: number])[] = [
  [join(CORPUS, 'text/bank_cpu.folded'), /format groups \(guessed\), counting cpu at 100 Hz/, CPU, 7_240_000_000],
  [join(CORPUS, 'text/bank.evented.speedscope.json'), /format speedscope \(guessed\)/, CPU, 7_240_000_000],
  [join(CORPUS, 'text/bank.two.speedscope.json'), /format speedscope .*, 2 profiles/, CPU, 21_720_000_000],
  [perf, /format perf \(guessed\)/, CPU, 1_000],
  [join(CORPUS, 'async-profiler/bank_cpu.pb.gz'), /format pprof \(guessed\)/, 'cpu:cpu:nanoseconds::', 0],
];
for (const [i, [file, says, type, total]] of FILES.entries()) {
  test(`flamelake push ${file.slice(file.lastIndexOf('/') + 1)}`, async () => {
    const service = `pushed-${i}`;
    const words = [MAIN, 'push', file, `--url=${server.url}`, `--service=${service}`];
    const { status, stderr, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 0, stderr);
    assert.match(stderr, says);
    assert.match(stdout, /stored/);
    if (total === 0) return;
    // Of the same service, so of the same partition, and behind it.
    const last = smallPprof({ stacks: [{ frames: ['last'], value: 1n }], timeMs: Date.now() });
    const commit = await push(server.url, service, last);
    const { flamegraph } = await ask<{ flamegraph: { total: string } }>(
      server.url,
      'querier.v1.QuerierService/SelectMergeStacktraces',
      { ...aroundNow(), profileTypeID: type, labelSelector: `{service_name="${service}"}` },
      { 'x-flamelake-commit': commit },
    );
    assert.equal(Number(flamegraph.total), total);
  });
}
