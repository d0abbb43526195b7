/**
 * Hostile and borderline input: every case gets an expected status, the server stays small and answers the next request.
 * Cases come from the committed set, or from the whole corpus where it is at hand.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ServerProcess, startServer } from './server-process.ts';

const RSS_BYTES_MAX = 512 * 1024 * 1024;
/** Formats that are read in a later release; until then they must be refused as clearly as bad input. */
const LATER = /^(jfr_|otlp_|folded_|lines_|speedscope_|grpc_)/;

interface Case {
  readonly file: string;
  readonly what: string;
  readonly expect: { readonly good: number | string; readonly also_ok: readonly (number | string)[] };
  readonly send: {
    readonly method: string;
    readonly path: string;
    readonly query?: string;
    readonly headers: Readonly<Record<string, string>>;
  };
}

const corpus = process.env.FLAMELAKE_CORPUS ?? new URL('../corpus', import.meta.url).pathname;
const { cases } = JSON.parse(readFileSync(join(corpus, 'malformed/index.json'), 'utf8')) as { cases: Case[] };
let server: ServerProcess;

before(async () => {
  // The cases keep the times they were made with.
  server = await startServer({ flags: ['--self-profiling.enabled=false', '--limits.ingestion-window=36500d'] });
});
after(() => server.terminate());

/** `@NOW` and `@NOW-n` in a query are unix seconds. */
function target(send: Case['send']): string {
  const nowS = Math.floor(Date.now() / 1000);
  const query = (send.query ?? '').replace(/(?:@|%40)NOW(?:-(\d+))?/g, (_, back) => String(nowS - Number(back ?? 0)));
  return query === '' ? send.path : `${send.path}?${query}`;
}

async function sendCase(one: Case, body: Buffer): Promise<number | string> {
  if (one.send.headers['content-type']?.startsWith('application/grpc')) return sendGrpc(one, body);
  const response = await fetch(server.url + target(one.send), {
    method: one.send.method,
    headers: one.send.headers,
    body: new Uint8Array(body),
  });
  await response.arrayBuffer();
  return response.status;
}

function sendGrpc(one: Case, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let status = 'no grpc-status';
    const session = http2.connect(server.url);
    session.on('error', reject);
    const stream = session.request({ ':method': 'POST', ':path': target(one.send), ...one.send.headers });
    const take = (headers: http2.IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) status = `grpc-status ${String(headers['grpc-status'])}`;
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('data', () => {});
    stream.on('close', () => {
      session.close();
      resolve(status);
    });
    stream.on('error', reject);
    stream.end(body);
  });
}

function rssBytes(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}

test('every malformed case is answered as its index says or better', async () => {
  const wrong: string[] = [];
  const control = cases.find(({ file }) => file === 'valid_control.pb.gz') as Case;
  const controlBody = readFileSync(join(corpus, 'malformed', control.file));
  for (const one of cases) {
    const path = join(corpus, 'malformed', one.file);
    if (!existsSync(path)) continue;
    const status = await sendCase(one, readFileSync(path));
    const isServed = !LATER.test(one.file);
    const isRefusal = /^4\d\d$/.test(String(status)) || /^grpc-status (3|12|13)$/.test(String(status));
    const isExpected = [one.expect.good, ...one.expect.also_ok].map(String).includes(String(status));
    if (!(isExpected || (!isServed && isRefusal)))
      wrong.push(
        `${one.file} (${one.what}): got ${status}, wants ${one.expect.good} or ${one.expect.also_ok.join('/')}`,
      );
    const next = await sendCase(control, controlBody);
    if (next !== 200) wrong.push(`after ${one.file} a valid push got ${next}`);
  }
  assert.deepEqual(wrong, []);
  const rss = rssBytes(server.pid);
  assert.ok(rss <= RSS_BYTES_MAX, `peak RSS is ${Math.round(rss / 1e6)} MB`);
});
