/** A Connect JSON client for the commands; the protocol is HTTP POST of JSON, errors are `{code, message}`. */
import { type ErrorCode, FlamelakeError } from '@flamelake/model';

export interface ConnectAnswer<Answer> {
  readonly answer: Answer;
  readonly headers: Headers;
}

export interface ConnectClient {
  /**
   * Calls `package.Service/Method`.
   * @throws {FlamelakeError} with the server's code and words; `unavailable` when it does not answer
   */
  call<Answer>(method: string, message: object): Promise<Answer>;
  /** Like `call`, with further headers, and with those of the answer. */
  ask<Answer>(
    method: string,
    message: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ConnectAnswer<Answer>>;
  /** Like `call`, with protobuf bytes both ways. */
  callBytes(method: string, message: Uint8Array): Promise<Uint8Array>;
  /** Reads what is at a path, relative to the server's URL. */
  get(path: string): Promise<{ readonly bytes: Uint8Array; readonly headers: Headers }>;
}

/** @throws {FlamelakeError} `invalid_argument` for what is no http or https URL */
export function createConnectClient(url: string, tenant: string, token = '', asOf = ''): ConnectClient {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new FlamelakeError('invalid_argument', 'url must begin with http:// or https://', { url });
  }
  const request = async (path: string, init: RequestInit, own: Record<string, string> = {}): Promise<Response> => {
    const headers = { ...own };
    if (tenant !== '') headers['x-scope-orgid'] = tenant;
    if (asOf !== '') headers['x-flamelake-as-of'] = asOf;
    if (token !== '') headers.authorization = `Bearer ${token}`;
    let response: Response;
    try {
      response = await fetch(`${url.replace(/\/$/, '')}/${path}`, { ...init, headers });
    } catch (cause) {
      throw new FlamelakeError('unavailable', 'server does not answer', { url, reason: reasonOf(cause) }, { cause });
    }
    if (!response.ok) throw await serverError(response);
    return response;
  };
  const send = (
    method: string,
    contentType: string,
    body: string | Uint8Array,
    further: Readonly<Record<string, string>> = {},
  ): Promise<Response> => {
    const sent = typeof body === 'string' ? body : Buffer.from(body);
    return request(method, { method: 'POST', body: sent }, { ...further, 'content-type': contentType });
  };
  const ask: ConnectClient['ask'] = async <Answer>(
    method: string,
    message: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ConnectAnswer<Answer>> => {
    const response = await send(method, 'application/json', JSON.stringify(message), headers);
    return { answer: (await response.json()) as Answer, headers: response.headers };
  };
  return {
    call: async <Answer>(method: string, message: object) => (await ask<Answer>(method, message)).answer,
    ask,
    async callBytes(method, message) {
      const response = await send(method, 'application/proto', message);
      return new Uint8Array(await response.arrayBuffer());
    },
    async get(path) {
      const response = await request(path, {});
      return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
    },
  };
}

/** What fetch hides behind "fetch failed". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause as NodeJS.ErrnoException).code ?? String(cause);
}

async function serverError(response: Response): Promise<FlamelakeError> {
  const text = await response.text();
  try {
    const { code, message } = JSON.parse(text) as { code: ErrorCode; message: string };
    return new FlamelakeError(code, message);
  } catch {
    return new FlamelakeError('unknown', 'server answered with an error', {
      status: response.status,
      body: text.slice(0, 200),
    });
  }
}
