/** An HTTP server on loopback whose answers a test writes. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AnsweringServer {
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** Connections made so far. */
  readonly connections: number;
  stop(): Promise<void>;
}

/** @param answer - ends the response, or leaves it open; `number` counts from 1 */
export async function startAnsweringServer(
  answer: (request: SeenRequest, response: ServerResponse, number: number) => void,
): Promise<AnsweringServer> {
  const requests: SeenRequest[] = [];
  const hear = async (message: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of message) body += String(chunk);
    const { method = '', url = '', headers } = message;
    const request = { method, url, headers, body };
    requests.push(request);
    answer(request, response, requests.length);
  };
  const server = createServer((message, response) => void hear(message, response));
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
