/** Stands before S3: passes requests on, late, not at all, or without telling what came of them. */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does to requests; shares are in [0, 1]. */
export interface S3Trouble {
  /** Longest wait before a request is passed on, and before its answer is. */
  readonly delayMs: number;
  /** Share that is answered with 503 and not passed on. */
  readonly refused: number;
  /** Share that is passed on and done, but whose answer is lost: half of them as 503, half as a broken connection. */
  readonly lost: number;
}

export interface S3Proxy {
  readonly port: number;
  /** Where requests go from now on. */
  aim(port: number): void;
  set(trouble: S3Trouble): void;
  readonly counts: { readonly passed: number; readonly refused: number; readonly lost: number };
  close(): Promise<void>;
}

export const NO_TROUBLE: S3Trouble = { delayMs: 0, refused: 0, lost: 0 };
const SLOW_DOWN =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>reduce your request rate</Message></Error>';

export async function startS3Proxy(random: { fraction(): number }): Promise<S3Proxy> {
  const counts = { passed: 0, refused: 0, lost: 0 };
  const agent = new http.Agent({ keepAlive: true });
  let target = 0;
  let trouble = NO_TROUBLE;
  const delay = () => new Promise((resolve) => setTimeout(resolve, random.fraction() * trouble.delayMs));

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (trouble.delayMs > 0) await delay();
    if (random.fraction() < trouble.refused) {
      counts.refused++;
      request.resume();
      await once(request, 'end');
      response.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN);
      return;
    }
    const isLost = random.fraction() < trouble.lost;
    const answer = await forward(request, target, agent);
    if (trouble.delayMs > 0) await delay();
    if (isLost) {
      counts.lost++;
      answer.resume();
      if (random.fraction() < 0.5) response.destroy();
      else response.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN);
      return;
    }
    counts.passed++;
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.once('error', () => response.destroy());
    answer.pipe(response);
  };
  const server = http.createServer((request, response) => {
    // A server that is gone is a connection that breaks.
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    aim(port) {
      target = port;
    },
    set(next) {
      trouble = next;
    },
    counts,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The host stays as the client wrote it: it has signed it. */
function forward(request: IncomingMessage, port: number, agent: http.Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url, rawHeaders } = request;
    const onward = http.request({ host: '127.0.0.1', port, agent, method, path: url, headers: rawHeaders });
    onward.once('response', resolve).once('error', reject);
    request.once('error', reject);
    request.once('close', () => request.complete || onward.destroy());
    request.pipe(onward);
  });
}
