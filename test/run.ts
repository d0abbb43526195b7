/**
 * Runs every test file of the project, two at a time, and ends in 'N passed, N failed, N skipped'.
 *
 *     node test/run.ts [part of a path ...]
 *
 * A test that cannot run here (a component could not be installed, no corpus) is skipped with its reason; on CI
 * (`CI=true`) such a skip is a failure.
 */

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';

const PATTERNS = ['libs/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'];
const wanted = process.argv.slice(2);
const onCi = process.env.CI === 'true';
const files = PATTERNS.flatMap((pattern) => globSync(pattern))
  .filter((file) => !file.includes('node_modules'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();

const started = performance.now();
const counts = { passed: 0, failed: 0, skipped: 0 };
const skips: string[] = [];

const stream = run({ files, concurrency: Math.min(2, availableParallelism()), timeout: 900_000 });
stream.on('test:pass', (event) => {
  // A suite that is skipped tells of none of its tests.
  if (event.details.type === 'suite' && event.skip === undefined) return;
  if (event.skip === undefined) {
    counts.passed++;
    return;
  }
  counts.skipped++;
  skips.push(`${event.name}: skipped: ${typeof event.skip === 'string' ? event.skip : 'no reason given'}`);
});
stream.on('test:fail', (event) => {
  if (event.details.type === 'suite' && event.details.error.cause === undefined) return;
  counts.failed++;
  const cause = event.details.error.cause;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? event.details.error.message);
  console.log(`FAILED ${event.file ?? ''}: ${event.name}\n${text.replace(/^/gm, '    ')}`);
});
stream.on('test:stderr', (event) => process.stderr.write(event.message));
stream.on('test:stdout', (event) => {
  if (process.env.FLAMELAKE_TEST_OUTPUT) process.stdout.write(event.message);
});
let doneFiles = 0;
stream.on('test:summary', ({ file }) => {
  // The last one is of all of them.
  if (file === undefined) return;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`[${++doneFiles}/${files.length} files, ${seconds} s] ${file.replace(`${process.cwd()}/`, '')}`);
});
await new Promise((resolve) => stream.once('end', resolve).resume());

for (const skip of skips) console.log(skip);
if (onCi && counts.skipped > 0) {
  console.log(`on CI nothing may be skipped: ${counts.skipped} tests count as failed`);
  counts.failed += counts.skipped;
  counts.skipped = 0;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
