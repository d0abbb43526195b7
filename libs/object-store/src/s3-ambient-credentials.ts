/**
 * Credentials from where the process runs, looked for in the order of the AWS command line: environment, web identity
 * (IRSA), shared file, container (ECS, EKS Pod Identity), machine (EC2, IMDSv2).
 * Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
 */
import { type Clock, FlamelakeError } from '@flamelake/model';
import { fileErrorCode } from '@flamelake/runtime';
import { keepFresh } from './keep-fresh.ts';
import type { S3CredentialSource, S3Credentials } from './s3-credentials.ts';
import { containerCredentials, machineCredentials } from './s3-metadata-credentials.ts';
import { webIdentityCredentials } from './s3-web-identity.ts';

export interface AmbientS3Options {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a small text file; rejects with Node's error. */
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  /** For the token service, when the environment names none. */
  readonly region?: string;
}

/** How long a shared file's keys are kept: somebody may replace them. */
const FILE_REUSE_MS = 360_000;

/** Finds credentials at each refresh anew, so that they may appear or change while the process runs. */
export function ambientS3Credentials(options: AmbientS3Options): S3CredentialSource {
  const { environment, clock } = options;
  const find = async (): Promise<S3Credentials> =>
    fromEnvironment(environment) ??
    (await webIdentityCredentials(options)) ??
    (await fromSharedFile(options)) ??
    (await containerCredentials(options)) ??
    (await machineCredentials(options)) ??
    none();
  return keepFresh(find, clock).get;
}

function none(): never {
  throw new FlamelakeError('permission_denied', 'no credentials for the object store were found', {
    lookAt:
      'store.s3.access-key and store.s3.secret-key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws/credentials, or the role of the pod or machine',
  });
}

function fromEnvironment(environment: AmbientS3Options['environment']): S3Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } = environment;
  if (!accessKey || !secretKey) return undefined;
  return { accessKey, secretKey, sessionToken: environment.AWS_SESSION_TOKEN || undefined };
}

async function fromSharedFile({ environment, readFile, clock }: AmbientS3Options): Promise<S3Credentials | undefined> {
  const home = environment.HOME ?? environment.USERPROFILE;
  const path = environment.AWS_SHARED_CREDENTIALS_FILE ?? (home === undefined ? undefined : `${home}/.aws/credentials`);
  if (path === undefined) return undefined;
  const profile = environment.AWS_PROFILE ?? 'default';
  let text: string;
  try {
    text = await readFile(path);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT' && environment.AWS_SHARED_CREDENTIALS_FILE === undefined) return undefined;
    throw new FlamelakeError('permission_denied', 'credentials file cannot be read', { path }, { cause: error });
  }
  const values = parseProfile(text, profile);
  const accessKey = values.get('aws_access_key_id');
  const secretKey = values.get('aws_secret_access_key');
  if (!accessKey || !secretKey) return undefined;
  const sessionToken = values.get('aws_session_token');
  return { accessKey, secretKey, sessionToken, expiresMs: clock.nowMs() + FILE_REUSE_MS };
}

/** Keys and values of one `[section]`. */
function parseProfile(text: string, profile: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      isInside = section === profile;
      continue;
    }
    const [, name, value] = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isInside && name !== undefined && value !== undefined) values.set(name.toLowerCase(), value);
  }
  return values;
}
