/** The black-box checks of a running server against independent truth, where they are at hand. */
import { after, before, test } from 'node:test';
import { runAcceptance, whyNoAcceptance } from './acceptance-script.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const skip = whyNoAcceptance ?? false;
/** The script's check of a resend looks for the CPU type of a wall profile under `wall` alone; the contract files it under `process_cpu`. */
const NOT_RESENT = new Set(['node-market', 'node-strip']);
/** Recorded runs of the clients whose wire is served: pprof and JFR over /ingest, push.v1 and OTLP. */
const RUNS = [
  'go-shop',
  'java-bank',
  'java-jdk',
  'node-market',
  'node-strip',
  'py-survey',
  'py-full',
  'py08-survey',
  'rust-fleet',
  'java-otlp-alloc',
  'java-otlp-itimer',
  'java-otlp-wall',
  'otlp-grpc',
];
let server: ServerProcess;

before(async () => {
  if (skip === false) server = await startServer({ flags: ['--self-profiling.enabled=false'] });
});
after(() => server?.terminate());

const run = (script: string, words: readonly string[]) => runAcceptance(server.url, script, words);

test('every pprof of the corpus is read back as its truth says', { skip }, () => run('truth.mjs', ['--wait', '2']));

for (const name of RUNS) {
  const resend = NOT_RESENT.has(name) ? [] : ['--exactly-once'];
  test(`what ${name} sent is read back as its truth says`, { skip }, () =>
    run('recorded.mjs', ['--only', `recorded/${name}`, '--wait', '2', ...resend]),
  );
}

for (const [what, files] of [
  ['text and speedscope files', 'text/'],
  ['OTLP files', 'otlp/'],
  ['recordings of the corpus', 'jfr/bank'],
  // Not cpu_lock0_alloc0: what is expected of its delays are ticks of 0.36 ns, where the JDK and we count nanoseconds.
  ...['dump1', 'cpu__0', 'cpu__1', 'cpu_lock_alloc__0', 'cpu_lock_alloc__1'].map((name) => [
    `recording ${name} of a public repository`,
    `testdata/${name === 'dump1' ? '' : 'cortex-dev-01__kafka-0__'}${name}`,
  ]),
] as [what: string, files: string][]) {
  test(`${what} are read back as their truth says`, { skip }, () =>
    run('recorded.mjs', ['--only', files, '--wait', '2']),
  );
}
