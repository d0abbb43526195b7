/** An object store in a bucket of S3 or of anything that speaks it, over the client `minio`. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import { Client } from 'minio';
import { createRemoteStore, type RemoteStore, type RemoteStoreOptions } from './remote-store.ts';
import type { S3CredentialSource } from './s3-credentials.ts';
import { createS3Driver } from './s3-driver.ts';
import { createS3Transport } from './s3-transport.ts';

export { ambientS3Credentials } from './s3-ambient-credentials.ts';
export type { S3CredentialSource, S3Credentials } from './s3-credentials.ts';

export interface S3StoreOptions extends RemoteStoreOptions {
  readonly clock: Clock;
  readonly bucket: string;
  /** `http://host:port`, `https://host`, or a host; empty is AWS in the region. */
  readonly endpoint?: string;
  /** Empty asks the bucket, which needs s3:GetBucketLocation. */
  readonly region?: string;
  /** `auto` puts the bucket into the host name on AWS only. */
  readonly addressing?: 'auto' | 'path' | 'host';
  /** Asked before every request. */
  readonly credentials: S3CredentialSource;
  /** PEM of the certificates that sign the server's; the system's when absent. */
  readonly ca?: string;
  /** Whether the server's certificate is checked; true by default. */
  readonly isVerified?: boolean;
}

/** Requests beyond the operations' places: hedges and parts of large objects. */
const EXTRA_CONNECTIONS = 32;

/**
 * Opens a store; nothing is asked of the bucket yet.
 * @throws {FlamelakeError} `invalid_argument` when the bucket or the endpoint is no name of one
 */
export function createS3Store(options: S3StoreOptions): RemoteStore {
  const { bucket, region = '', addressing = 'auto', credentials } = options;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]$/.test(bucket)) {
    throw new FlamelakeError('invalid_argument', 'bucket name is not valid', { bucket, lookAt: 'store.s3.bucket' });
  }
  const endpoint = s3Endpoint(options.endpoint ?? '', region);
  const isSecure = endpoint.protocol === 'https:';
  const transport = createS3Transport({
    clock: options.clock,
    isSecure,
    connectionsMax: (options.concurrency ?? 64) + EXTRA_CONNECTIONS,
    ca: options.ca,
    isVerified: options.isVerified ?? true,
  });
  const isAws = /\.amazonaws\.com(\.cn)?$/.test(endpoint.hostname);
  const client = new Client({
    endPoint: endpoint.hostname.replace(/^\[|\]$/g, ''),
    port: endpoint.port === '' ? (isSecure ? 443 : 80) : Number(endpoint.port),
    useSSL: isSecure,
    pathStyle: addressing === 'auto' ? !isAws : addressing === 'path',
    ...(region === '' ? {} : { region }),
    credentialsProvider: providerOf(credentials),
    // Retries are ours: the client would repeat puts whose outcome is unknown.
    retryOptions: { disableRetry: true },
    ...transport.client,
  });
  return createRemoteStore(createS3Driver({ client, transport, bucket, region, endpoint: endpoint.origin }), options);
}

/** The client takes any object with its provider's one method, though its type wants the class, which it keeps to itself. */
function providerOf(
  credentials: S3CredentialSource,
): NonNullable<ConstructorParameters<typeof Client>[0]['credentialsProvider']> {
  const provider = {
    async getCredentials() {
      const { accessKey, secretKey, sessionToken } = await credentials();
      return {
        getAccessKey: () => accessKey,
        getSecretKey: () => secretKey,
        getSessionToken: () => sessionToken,
      };
    },
  };
  return provider as unknown as ReturnType<typeof providerOf>;
}

function s3Endpoint(text: string, region: string): URL {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const host = region === '' ? `s3.${domain}` : `s3.${region}.${domain}`;
  const wanted = text === '' ? host : text;
  const url = URL.parse(/^https?:\/\//.test(wanted) ? wanted : `https://${wanted}`);
  if (url !== null && url.pathname === '/' && url.search === '' && url.username === '') return url;
  throw new FlamelakeError('invalid_argument', 'endpoint of the object store must be a host or http(s)://host:port', {
    endpoint: text,
    lookAt: 'store.s3.endpoint; a path belongs into store.prefix, the bucket into store.s3.bucket',
  });
}
