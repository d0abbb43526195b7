/**
 * Tokens for Azure Storage from where the process runs: workload identity (a token file of Kubernetes), a client secret, or
 * the managed identity of the machine. By hand, because @azure/identity brings 35 MB, a browser library among them.
 * Source: Microsoft identity platform, "client credentials flow"; Azure VM documentation, "managed identity tokens".
 */
import { type Clock, FlamelakeError } from '@flamelake/model';
import { type FetchedText, fetchText } from './fetch-text.ts';

export interface AzureToken {
  readonly token: string;
  /** When it ends, ms since 1970. */
  readonly expiresMs: number;
}

/** Fetches a token anew; the client keeps it while it lasts. Throws FlamelakeError. */
export type AzureTokenSource = () => Promise<AzureToken>;

export interface AmbientAzureOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a small text file; rejects with Node's error. */
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
}

const RESOURCE = 'https://storage.azure.com/';
const AUTHORITY = 'https://login.microsoftonline.com/';
const MACHINE = 'http://169.254.169.254';
/** The authority is far away, … */
const AUTHORITY_TIMEOUT_MS = 10_000;
/** … the machine's service next door. */
const MACHINE_TIMEOUT_MS = 3_000;
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function ambientAzureTokens(options: AmbientAzureOptions): AzureTokenSource {
  const { AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_SECRET } = options.environment;
  return async () => {
    if (AZURE_CLIENT_ID && AZURE_TENANT_ID && AZURE_FEDERATED_TOKEN_FILE) {
      // Read at each refresh: the file is replaced before the token in it ends.
      const assertion = await readAssertion(AZURE_FEDERATED_TOKEN_FILE, options);
      return fromAuthority({ client_assertion_type: JWT_BEARER, client_assertion: assertion }, options);
    }
    if (AZURE_CLIENT_ID && AZURE_TENANT_ID && AZURE_CLIENT_SECRET) {
      return fromAuthority({ client_secret: AZURE_CLIENT_SECRET }, options);
    }
    return fromMachine(options);
  };
}

async function fromAuthority(proof: Record<string, string>, options: AmbientAzureOptions): Promise<AzureToken> {
  const { environment, clock } = options;
  const authority = environment.AZURE_AUTHORITY_HOST || AUTHORITY;
  const url = new URL(`${environment.AZURE_TENANT_ID}/oauth2/v2.0/token`, authority).href;
  const form = new URLSearchParams({
    client_id: environment.AZURE_CLIENT_ID ?? '',
    scope: `${RESOURCE}.default`,
    grant_type: 'client_credentials',
    ...proof,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = { method: 'POST', headers, body: form.toString() };
  return parseToken(url, await fetchText(url, request, { clock, timeoutMs: AUTHORITY_TIMEOUT_MS }), clock);
}

async function fromMachine({ environment, clock }: AmbientAzureOptions): Promise<AzureToken> {
  const { AZURE_CLIENT_ID: client, AZURE_POD_IDENTITY_AUTHORITY_HOST: host } = environment;
  const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: RESOURCE });
  // One of several identities of the machine.
  if (client) query.set('client_id', client);
  const url = `${host ?? MACHINE}/metadata/identity/oauth2/token?${query.toString()}`;
  try {
    const request = { method: 'GET', headers: { metadata: 'true' } };
    return parseToken(url, await fetchText(url, request, { clock, timeoutMs: MACHINE_TIMEOUT_MS }), clock);
  } catch (cause) {
    throw new FlamelakeError(
      'permission_denied',
      'no credentials for the object store were found',
      {
        lookAt:
          'store.azure.account-key, workload identity (AZURE_FEDERATED_TOKEN_FILE), AZURE_CLIENT_SECRET, or the managed identity of the machine',
      },
      { cause },
    );
  }
}

/** The authority writes `expires_in` as a number, the machine's service as a string. */
function parseToken(url: string, { status, text }: FetchedText, clock: Clock): AzureToken {
  let answer: Record<string, unknown> = {};
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Told below: the answer is no JSON.
  }
  const seconds = Number(answer.expires_in);
  if (status === 200 && typeof answer.access_token === 'string' && seconds > 0) {
    return { token: answer.access_token, expiresMs: clock.nowMs() + seconds * 1_000 };
  }
  const reason = typeof answer.error === 'string' ? answer.error : 'no error code';
  const code = status >= 500 || status === 429 ? 'unavailable' : 'permission_denied';
  throw new FlamelakeError(code, 'identity service gives no token for the object store', { url, status, reason });
}

async function readAssertion(path: string, { readFile }: AmbientAzureOptions): Promise<string> {
  try {
    return (await readFile(path)).trim();
  } catch (cause) {
    const details = { path, lookAt: 'AZURE_FEDERATED_TOKEN_FILE' };
    throw new FlamelakeError('permission_denied', 'token file of the identity cannot be read', details, { cause });
  }
}
