/** GET over HTTP within bounds: of time, of bytes, of where it may go. */
import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { type Clock, FlamelakeError } from '@flamelake/model';
import { forbidden, type NetworkPolicy } from './network-policy.ts';
import type { ClientSettings } from './scrape-config.ts';

export interface HttpClient {
  /**
   * @returns the body of an answer with status 200, as sent
   * @throws {FlamelakeError} saying why there is none
   */
  get(url: string, options: GetOptions): Promise<Uint8Array>;
  close(): void;
}

export interface GetOptions {
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface HttpClientOptions {
  readonly policy: NetworkPolicy;
  readonly clock: Clock;
  readonly budget: BytesInFlight;
}

/** Bytes of all answers that are being read. */
export interface BytesInFlight {
  readonly inUse: number;
  /** @throws {FlamelakeError} `resource_exhausted` when there would be too many */
  take(bytes: number): void;
  give(bytes: number): void;
}

const REDIRECTS_MAX = 5;
const SHOWN_BYTES = 200;
const SECRET_BYTES_MAX = 65_536;
/** Connections kept between scrapes, of one client: no longer than a minute idle, so that none outlives its targets. */
const KEEPING = { keepAlive: true, maxFreeSockets: 256, timeout: 60_000 } as const;

export function createBytesInFlight(limitBytes: number): BytesInFlight {
  let inUse = 0;
  return {
    get inUse() {
      return inUse;
    },
    take(bytes) {
      if (inUse + bytes > limitBytes) {
        const details = { limitBytes, key: 'scraper.in-flight-size-max' };
        throw new FlamelakeError('resource_exhausted', 'too many bytes of answers are being read', details);
      }
      inUse += bytes;
    },
    give(bytes) {
      inUse -= bytes;
    },
  };
}

export function createHttpClient(settings: ClientSettings, options: HttpClientOptions): HttpClient {
  const { policy, clock } = options;
  const http = new HttpAgent(KEEPING);
  let https: { readonly files: string; readonly agent: HttpsAgent } | undefined;

  /** Certificates are renewed under the same names. */
  const tlsAgent = async (): Promise<HttpsAgent> => {
    const { caFile, certFile, keyFile, serverName, insecureSkipVerify } = settings.tls;
    const read = (file: string) => (file === '' ? Promise.resolve(undefined) : readSecret(file));
    const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(read));
    const files = JSON.stringify([ca, cert, key]);
    if (https?.files === files) return https.agent;
    const agent = new HttpsAgent({
      ...KEEPING,
      ca,
      cert,
      key,
      ...(serverName !== '' && { servername: serverName }),
      rejectUnauthorized: !insecureSkipVerify,
    });
    https = { files, agent };
    return agent;
  };
  const open = async (
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // Addresses are connected to without being looked up.
    if (isIP(host) !== 0 && !policy.mayConnect(host)) throw forbidden(host, host);
    const isTls = url.protocol === 'https:';
    const agent = isTls ? await tlsAgent() : http;
    return new Promise((resolve, reject) => {
      const request = isTls ? requestHttps : requestHttp;
      request(url, { agent, headers, signal, lookup: policy.lookup })
        .once('response', resolve)
        .once('error', reject)
        .end();
    });
  };
  const follow = async (first: string, { headers, bytesMax }: GetOptions, signal: AbortSignal) => {
    let url = new URL(first);
    const secrets = await authorizationOf(settings);
    for (let redirects = 0; ; redirects++) {
      // What opens one door is not shown at another.
      const isSame = url.origin === new URL(first).origin;
      const response = await open(url, { ...headers, ...(isSame && secrets) }, signal);
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      if (statusCode === 200) return readAll(response, bytesMax, options.budget);
      const isRedirect = statusCode >= 300 && statusCode < 400 && location !== undefined;
      if (!isRedirect || !settings.followRedirects) throw await refused(response, statusCode);
      response.resume();
      const next = URL.parse(location, url.href);
      if (redirects >= REDIRECTS_MAX || next === null || !/^https?:$/.test(next.protocol)) {
        const details = { location: location.slice(0, SHOWN_BYTES), limit: REDIRECTS_MAX };
        throw new FlamelakeError('failed_precondition', 'target redirects too often, or to nowhere', details);
      }
      url = next;
    }
  };

  return {
    async get(url, get) {
      const ending = new AbortController();
      const stop = () => ending.abort();
      get.signal.addEventListener('abort', stop, { once: true });
      if (get.signal.aborted) stop();
      let isLate = false;
      const late = clock.sleep(get.timeoutMs, ending.signal).then(() => {
        isLate = !ending.signal.aborted;
        stop();
      });
      try {
        return await follow(url, get, ending.signal);
      } catch (cause) {
        if (isLate) {
          const details = { timeoutMs: get.timeoutMs };
          throw new FlamelakeError('deadline_exceeded', 'target did not answer in time', details, { cause });
        }
        throw cause instanceof FlamelakeError ? cause : unreachable(cause);
      } finally {
        get.signal.removeEventListener('abort', stop);
        stop();
        await late;
      }
    },
    close() {
      http.destroy();
      https?.agent.destroy();
    },
  };
}

async function readAll(response: IncomingMessage, bytesMax: number, budget: BytesInFlight): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (size + chunk.length > bytesMax) {
        throw new FlamelakeError('resource_exhausted', 'answer is larger than the limit', { limitBytes: bytesMax });
      }
      budget.take(chunk.length);
      size += chunk.length;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    budget.give(size);
    response.destroy();
  }
}

async function refused(response: IncomingMessage, status: number): Promise<FlamelakeError> {
  let body = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    body += chunk.toString('utf8');
    if (body.length >= SHOWN_BYTES) break;
  }
  const details = { status, body: body.trim().slice(0, SHOWN_BYTES) };
  return new FlamelakeError('failed_precondition', 'target answered with another status than 200', details);
}

function unreachable(cause: unknown): FlamelakeError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code ?? message ?? String(cause);
  return new FlamelakeError('unavailable', 'target cannot be reached', { reason }, { cause });
}

async function authorizationOf({
  basicAuth,
  authorization,
}: ClientSettings): Promise<{ readonly authorization?: string }> {
  if (basicAuth !== undefined) {
    const { username, password, passwordFile } = basicAuth;
    const secret = passwordFile === '' ? password : await readSecret(passwordFile);
    return { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` };
  }
  if (authorization === undefined) return {};
  const { type, credentials, credentialsFile } = authorization;
  return { authorization: `${type} ${credentialsFile === '' ? credentials : await readSecret(credentialsFile)}` };
}

async function readSecret(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= SECRET_BYTES_MAX) return text.trim();
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new FlamelakeError('invalid_argument', 'file of the scrape configuration cannot be read', { file, reason });
  }
  throw new FlamelakeError('invalid_argument', 'file is larger than a secret is', { file, limit: SECRET_BYTES_MAX });
}
