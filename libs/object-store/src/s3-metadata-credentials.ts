/**
 * Credentials of the container or the machine the process runs on.
 * Source: AWS SDKs and Tools Reference Guide, "Container credential provider" and "IMDS credential provider".
 */
import { FlamelakeError } from '@flamelake/model';
import { type FetchedText, fetchText } from './fetch-text.ts';
import type { AmbientS3Options } from './s3-ambient-credentials.ts';
import type { S3Credentials } from './s3-credentials.ts';

const CONTAINER_HOST = 'http://169.254.170.2';
const MACHINE_HOST = 'http://169.254.169.254';
/** Both are next door; elsewhere nobody answers at all. */
const TIMEOUT_MS = 2_000;
const TOKEN_SECONDS = '21600';

/** @returns undefined when the environment names no such service */
export async function containerCredentials(options: AmbientS3Options): Promise<S3Credentials | undefined> {
  const { environment, readFile, clock } = options;
  const relative = environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const url = relative ? CONTAINER_HOST + relative : environment.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (!url) return undefined;
  const file = environment.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file ? (await readFile(file)).trim() : environment.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const headers: Record<string, string> = token ? { authorization: token } : {};
  return parseAnswer(url, await fetchText(url, { method: 'GET', headers }, { clock, timeoutMs: TIMEOUT_MS }));
}

/** @returns undefined when this is no machine of EC2, or one without a role */
export async function machineCredentials({ environment, clock }: AmbientS3Options): Promise<S3Credentials | undefined> {
  if (environment.AWS_EC2_METADATA_DISABLED === 'true') return undefined;
  const host = environment.AWS_EC2_METADATA_SERVICE_ENDPOINT?.replace(/\/$/, '') ?? MACHINE_HOST;
  const ask = (path: string, method: string, headers: Record<string, string>) =>
    fetchText(`${host}/latest/${path}`, { method, headers }, { clock, timeoutMs: TIMEOUT_MS });
  let token: FetchedText;
  try {
    token = await ask('api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS });
  } catch {
    return undefined;
  }
  if (token.status !== 200) return undefined;
  const headers = { 'x-aws-ec2-metadata-token': token.text };
  const roles = await ask('meta-data/iam/security-credentials/', 'GET', headers);
  const role = roles.text.split('\n')[0]?.trim();
  if (roles.status !== 200 || !role) return undefined;
  const path = `meta-data/iam/security-credentials/${role}`;
  return parseAnswer(`${host}/latest/${path}`, await ask(path, 'GET', headers));
}

function parseAnswer(url: string, { status, text }: FetchedText): S3Credentials {
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(text) as Record<string, unknown>;
    const expiresMs = Date.parse(String(Expiration));
    if (status === 200 && typeof AccessKeyId === 'string' && typeof SecretAccessKey === 'string' && expiresMs > 0) {
      return { accessKey: AccessKeyId, secretKey: SecretAccessKey, sessionToken: String(Token), expiresMs };
    }
  } catch {
    // Told below: the answer is no JSON.
  }
  throw new FlamelakeError('unavailable', 'metadata service gives no credentials', { url, status });
}
