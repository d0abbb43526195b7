/** The malformed set: hostile and borderline input with the answer each case should get, and how to send it. */
import { existsSync, readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';

export interface MalformedCase {
  readonly file: string;
  readonly what: string;
  readonly expect: { readonly good: number | string; readonly also_ok: readonly (number | string)[] };
  readonly send: {
    readonly method: string;
    readonly path: string;
    readonly query?: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly body: Buffer;
}

const corpus = process.env.FLAMELAKE_CORPUS ?? new URL('../corpus', import.meta.url).pathname;

/** Cases of the committed set, or of the whole corpus where it is at hand. */
export function readMalformedCases(): MalformedCase[] {
  const folder = join(corpus, 'malformed');
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
    cases: readonly Omit<MalformedCase, 'body'>[];
  };
  return index.cases
    .filter(({ file }) => existsSync(join(folder, file)))
    .map((one) => ({ ...one, body: readFileSync(join(folder, one.file)) }));
}

/** @returns HTTP status, or `grpc-status n` */
export async function sendCase(url: string, one: MalformedCase): Promise<number | string> {
  if (one.send.headers['content-type']?.startsWith('application/grpc')) return sendGrpc(url, one);
  const response = await fetch(url + target(one.send), {
    method: one.send.method,
    headers: one.send.headers,
    body: new Uint8Array(one.body),
  });
  await response.arrayBuffer();
  return response.status;
}

/** `@NOW` and `@NOW-n` in a query are unix seconds. */
function target(send: MalformedCase['send']): string {
  const nowS = Math.floor(Date.now() / 1000);
  const query = (send.query ?? '').replace(/(?:@|%40)NOW(?:-(\d+))?/g, (_, back) => String(nowS - Number(back ?? 0)));
  return query === '' ? send.path : `${send.path}?${query}`;
}

function sendGrpc(url: string, one: MalformedCase): Promise<string> {
  return new Promise((resolve, reject) => {
    let status = 'no grpc-status';
    const session = http2.connect(url);
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
    stream.end(one.body);
  });
}
