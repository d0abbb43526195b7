/**
 * How requests of the S3 client leave: over a bounded pool of connections, with the signal of the call they belong to.
 * Also notes what the client does not tell: status, and the Date header, which is the store's clock.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '@flamelake/model';
import type { ClientOptions } from 'minio';
import { S3ServerError } from './s3-errors.ts';
import { createStoreClock, type StoreClock } from './store-clock.ts';

export interface S3TransportOptions {
  readonly clock: Clock;
  readonly isSecure: boolean;
  /** Connections at most. */
  readonly connectionsMax: number;
  /** Certificates that sign the server's, PEM; the system's when absent. */
  readonly ca?: string | undefined;
  /** Whether the server's certificate is checked. */
  readonly isVerified: boolean;
}

export interface S3Transport {
  readonly client: Pick<ClientOptions, 'transport' | 'transportAgent'>;
  /** Runs calls of the client with a signal. */
  within<T>(signal: AbortSignal, calls: () => Promise<T>): Promise<T>;
  /** Shown the Date header of every answer. */
  readonly storeClock: StoreClock;
  close(): void;
}

/** Idle connections are closed before the servers do it, so that a put does not meet a dying one. */
const IDLE_MS = 4_000;
/** Statuses that the client would answer with an error of its own, the body unread. */
const CLIENT_RETRIES: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 520]);
const ERROR_BODY_BYTES_MAX = 65_536;

export function createS3Transport({
  clock,
  isSecure,
  connectionsMax,
  ca,
  isVerified,
}: S3TransportOptions): S3Transport {
  const settings = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax, timeout: IDLE_MS };
  const agent = isSecure
    ? new https.Agent({ ...settings, rejectUnauthorized: isVerified, ...(ca === undefined ? {} : { ca }) })
    : new http.Agent(settings);
  const signals = new AsyncLocalStorage<AbortSignal>();
  const storeClock = createStoreClock(clock);

  const send = (
    options: https.RequestOptions,
    answer: (response: http.IncomingMessage) => void,
  ): http.ClientRequest => {
    const signal = signals.getStore();
    const request = (isSecure ? https : http).request({ ...options, ...(signal && { signal }) }, (response) => {
      storeClock.note(response.headers.date);
      const { statusCode = 0 } = response;
      if (!CLIENT_RETRIES.has(statusCode)) answer(response);
      else void readError(response).then((error) => request.emit('error', error));
    });
    return request;
  };
  return {
    client: { transport: { request: send as typeof http.request }, transportAgent: agent },
    within: (signal, calls) => signals.run(signal, calls),
    storeClock,
    close: () => agent.destroy(),
  };
}

async function readError(response: http.IncomingMessage): Promise<S3ServerError> {
  let text = '';
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > ERROR_BODY_BYTES_MAX) break;
    }
  } catch {
    // The status says enough.
  }
  return new S3ServerError(response.statusCode ?? 0, /<Code>([^<]*)<\/Code>/.exec(text)?.[1]);
}
