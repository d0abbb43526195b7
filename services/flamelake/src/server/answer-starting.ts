/** Answers on the port until the roles have started: alive, and not ready because of what is waited for. */
import type { RequestListener } from 'node:http';

const RETRY_AFTER_SECONDS = '5';

export function answerStarting(waiting: () => string): RequestListener {
  return (request, response) => {
    const isAlive = request.url?.split('?', 1)[0] === '/healthz';
    request.resume();
    response.writeHead(isAlive ? 200 : 503, {
      'content-type': 'text/plain; charset=utf-8',
      ...(!isAlive && { 'retry-after': RETRY_AFTER_SECONDS }),
    });
    response.end(isAlive ? 'ok' : waiting());
  };
}
