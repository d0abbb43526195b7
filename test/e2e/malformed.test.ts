/**
 * Hostile and borderline input: every case gets an expected status, the server stays small and answers the next request.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type MalformedCase, readMalformedCases, sendCase } from './malformed-cases.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const RSS_BYTES_MAX = 512 * 1024 * 1024;

let server: ServerProcess;

before(async () => {
  // The cases keep the times they were made with.
  server = await startServer({ flags: ['--self-profiling.enabled=false', '--limits.ingestion-window=36500d'] });
});
after(() => server.terminate());

function rssBytes(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}

test('every malformed case is answered as its index says or better', async () => {
  const wrong: string[] = [];
  const cases = readMalformedCases();
  const control = cases.find(({ file }) => file === 'valid_control.pb.gz') as MalformedCase;
  for (const one of cases) {
    const status = await sendCase(server.url, one);
    const isExpected = [one.expect.good, ...one.expect.also_ok].map(String).includes(String(status));
    if (!isExpected)
      wrong.push(
        `${one.file} (${one.what}): got ${status}, wants ${one.expect.good} or ${one.expect.also_ok.join('/')}`,
      );
    const next = await sendCase(server.url, control);
    if (next !== 200) wrong.push(`after ${one.file} a valid push got ${next}`);
  }
  assert.deepEqual(wrong, []);
  const rss = rssBytes(server.pid);
  assert.ok(rss <= RSS_BYTES_MAX, `peak RSS is ${Math.round(rss / 1e6)} MB`);
});
