/**
 * Plain HTTP asked over HTTP/2: the request is made again as HTTP/1.1 over a pair of streams in memory, because Express
 * crashes on node's HTTP/2 requests.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type Duplex, duplexPair, pipeline } from 'node:stream';

/** Headers that belong to one connection (RFC 9110 §7.6.1): never passed on. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** @param accept - takes the server's end of a new HTTP/1.1 connection */
export function bridgeToHttp1(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  accept: (connection: Duplex) => void,
): void {
  const [near, far] = duplexPair();
  // What handlers log and limit by: the client, not the bridge.
  Object.assign(far, { remoteAddress: request.socket.remoteAddress, remotePort: request.socket.remotePort });
  accept(far);

  const outgoing = httpRequest({
    createConnection: () => near,
    method: request.method,
    path: request.url,
    headers: { ...endToEnd(request.headers), host: request.authority, connection: 'close' },
  });
  const fail = () => {
    outgoing.destroy();
    near.destroy();
    if (!response.headersSent && !response.destroyed) response.writeHead(502);
    response.end();
  };
  outgoing.on('error', fail);
  response.on('close', () => {
    if (!response.writableFinished) fail();
  });
  outgoing.on('response', (answer: IncomingMessage) => {
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    pipeline(answer, response, () => {});
  });
  pipeline(request, outgoing, () => {});
}

function endToEnd(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(':') && !CONNECTION_HEADERS.has(name)) kept[name] = value;
  }
  return kept;
}
