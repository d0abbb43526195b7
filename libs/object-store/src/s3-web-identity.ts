/**
 * Credentials for a web identity token, as Kubernetes service accounts have it (IRSA): the token file is exchanged at the
 * security token service. Source: AWS STS API reference, AssumeRoleWithWebIdentity.
 */
import { FlamelakeError } from '@flamelake/model';
import { fetchText } from './fetch-text.ts';
import type { AmbientS3Options } from './s3-ambient-credentials.ts';
import type { S3Credentials } from './s3-credentials.ts';

/** The service is far away, and slow at times. */
const TIMEOUT_MS = 10_000;

/** @returns undefined when the environment names no token file */
export async function webIdentityCredentials(options: AmbientS3Options): Promise<S3Credentials | undefined> {
  const { environment, readFile, clock } = options;
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = environment;
  if (!file) return undefined;
  if (!role) {
    throw new FlamelakeError('permission_denied', 'web identity has a token file but no role', {
      lookAt: 'AWS_ROLE_ARN',
    });
  }
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? options.region ?? '';
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const regional = region === '' ? `https://sts.${domain}` : `https://sts.${region}.${domain}`;
  const endpoint = environment.AWS_ENDPOINT_URL_STS ?? regional;
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: environment.AWS_ROLE_SESSION_NAME ?? 'flamelake',
    // Read at each refresh: the file is replaced before the token in it ends.
    WebIdentityToken: (await readToken(file, readFile)).trim(),
  });
  const { status, text } = await fetchText(
    endpoint,
    { method: 'POST', body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { clock, timeoutMs: TIMEOUT_MS },
  );
  const element = (name: string) => new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(text)?.[1];
  const accessKey = element('AccessKeyId');
  const secretKey = element('SecretAccessKey');
  const expiresMs = Date.parse(element('Expiration') ?? '');
  if (status === 200 && accessKey && secretKey && !Number.isNaN(expiresMs)) {
    return { accessKey, secretKey, sessionToken: element('SessionToken'), expiresMs };
  }
  const mayPass = status >= 500 || status === 429;
  throw new FlamelakeError(
    mayPass ? 'unavailable' : 'permission_denied',
    'token service does not give credentials for the web identity',
    { endpoint, status, reason: element('Code') ?? 'no code', role, lookAt: 'the trust policy of the role' },
  );
}

async function readToken(path: string, readFile: AmbientS3Options['readFile']): Promise<string> {
  try {
    return await readFile(path);
  } catch (cause) {
    const details = { path, lookAt: 'AWS_WEB_IDENTITY_TOKEN_FILE' };
    throw new FlamelakeError('permission_denied', 'web identity token cannot be read', details, { cause });
  }
}
