/**
 * One address for a cluster: what is pushed goes to the distributors, all else to the query-frontends, each in turn. A query is handed on when
 * the pushes answered before it are readable, so that whoever asks through it needs no tokens and no waiting.
 */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { call } from './server-process.ts';

export interface SplitProxy {
  readonly url: string;
  close(): Promise<void>;
}

interface Sides {
  /** URLs. */
  readonly distributors: readonly string[];
  readonly frontends: readonly string[];
}

const COMMIT = 'x-flamelake-commit';
/** A query waits 5 s for a push and then says so; where a partition is on its way to its first writer, that is not enough. */
const READ_ATTEMPTS_MAX = 12;

export async function startSplitProxy({ distributors, frontends }: Sides): Promise<SplitProxy> {
  /** Tokens of answered pushes, with the tenant's header, that not all frontends are known to read. */
  let unread: { readonly token: string; readonly tenant: string | undefined }[] = [];
  let reading = Promise.resolve();
  let turn = 0;

  const readAll = async () => {
    const due = unread;
    unread = [];
    for (const { token, tenant } of due) {
      const headers = { [COMMIT]: token, ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }) };
      for (const url of frontends) await untilRead(url, headers);
    }
  };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const isPush = /^\/(push\.|ingest)/.test(request.url ?? '');
    const sides = isPush ? distributors : frontends;
    if (!isPush) await (reading = reading.then(readAll));
    const answer = await forward(request, sides[turn++ % sides.length]);
    const token = answer.headers[COMMIT];
    if (isPush && typeof token === 'string') {
      unread.push({ token, tenant: request.headers['x-scope-orgid'] as string | undefined });
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  };
  const server = http.createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function untilRead(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { status, body } = await call(url, 'querier.v1.QuerierService/LabelNames', {}, headers);
    if (status === 200) return;
    if (status !== 503 || attempt === READ_ATTEMPTS_MAX) throw new Error(`${status} ${JSON.stringify(body)}`);
  }
}

function forward(request: IncomingMessage, to: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const onward = http.request(new URL(request.url ?? '/', to), { method: request.method, headers: request.headers });
    onward.once('response', resolve).once('error', reject);
    request.pipe(onward);
  });
}
