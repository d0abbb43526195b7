/**
 * Tokens of OpenStack: a password or an application credential is exchanged at Keystone, whose answer also names the
 * object store. Source: OpenStack Identity API v3, "Password authentication", "Authenticating with an application credential".
 */
import { type Clock, FlamelakeError } from '@flamelake/model';
import { withProgressTimeout } from './progress-timeout.ts';

/** Who we are, as Keystone wants it. */
export type SwiftIdentity =
  | {
      readonly user: string;
      readonly password: string;
      readonly userDomain: string;
      readonly project: string;
      readonly projectDomain: string;
    }
  | { readonly credentialId: string; readonly credentialSecret: string };

export interface SwiftAuthOptions {
  /** URL of Keystone, with or without `/v3`. */
  readonly authUrl: string;
  readonly identity: SwiftIdentity;
  /** Region of the object store; empty takes the first. */
  readonly region: string;
  readonly clock: Clock;
}

export interface SwiftSession {
  readonly token: string;
  /** URL of the account, without a slash at the end. */
  readonly storageUrl: string;
  readonly expiresMs: number;
}

interface TokenAnswer {
  readonly token?: {
    readonly expires_at?: string;
    readonly catalog?: readonly {
      readonly type?: string;
      readonly endpoints?: readonly {
        readonly interface?: string;
        readonly region_id?: string;
        readonly url?: string;
      }[];
    }[];
  };
}

const TIMEOUT_MS = 10_000;

/** @throws {FlamelakeError} `permission_denied`, `failed_precondition` without an object store, `unavailable` */
export async function openSwiftSession({ authUrl, identity, region, clock }: SwiftAuthOptions): Promise<SwiftSession> {
  const url = `${authUrl.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3/auth/tokens`;
  const body = JSON.stringify({ auth: authOf(identity) });
  let answer: { status: number; token: string | null; text: string };
  try {
    answer = await withProgressTimeout(
      async ({ signal }) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(url, { method: 'POST', headers, body, signal });
        return { status: response.status, token: response.headers.get('x-subject-token'), text: await response.text() };
      },
      { clock, timeoutMs: TIMEOUT_MS },
    );
  } catch (cause) {
    throw new FlamelakeError(
      'unavailable',
      'identity service does not answer',
      { url, lookAt: 'store.swift.auth-url' },
      { cause },
    );
  }
  const { status, token, text } = answer;
  if (status !== 201 || token === null) {
    const lookAt = 'store.swift.auth-url, user, password and project, or OS_* in the environment';
    const code = status >= 500 || status === 429 ? 'unavailable' : 'permission_denied';
    throw new FlamelakeError(code, 'identity service does not accept the credentials', { url, status, lookAt });
  }
  return { token, ...parseAnswer(text, url, region) };
}

function parseAnswer(text: string, url: string, region: string): { storageUrl: string; expiresMs: number } {
  let answer: TokenAnswer = {};
  try {
    answer = JSON.parse(text) as TokenAnswer;
  } catch {
    // Told below: no JSON has no object store.
  }
  const endpoints = answer.token?.catalog?.find(({ type }) => type === 'object-store')?.endpoints ?? [];
  const storage = endpoints.find(
    (endpoint) => endpoint.interface === 'public' && (region === '' || endpoint.region_id === region),
  )?.url;
  const expiresMs = Date.parse(answer.token?.expires_at ?? '');
  if (storage === undefined || Number.isNaN(expiresMs)) {
    throw new FlamelakeError('failed_precondition', 'identity service names no object store', {
      url,
      region,
      lookAt: 'store.swift.region and the project',
    });
  }
  return { storageUrl: storage.replace(/\/+$/, ''), expiresMs };
}

function authOf(identity: SwiftIdentity): object {
  if ('credentialId' in identity) {
    const { credentialId: id, credentialSecret: secret } = identity;
    return { identity: { methods: ['application_credential'], application_credential: { id, secret } } };
  }
  const { user: name, password, userDomain, project, projectDomain } = identity;
  return {
    identity: { methods: ['password'], password: { user: { name, password, domain: { name: userDomain } } } },
    scope: { project: { name: project, domain: { name: projectDomain } } },
  };
}
