/** An object store in a bucket of Google Cloud Storage. */

import { FlamelakeError } from '@flamelake/model';
import { Storage } from '@google-cloud/storage';
import { createGcsDriver } from './gcs-driver.ts';
import { createRemoteStore, type RemoteStore, type RemoteStoreOptions } from './remote-store.ts';
import { createStoreClock } from './store-clock.ts';

export interface GcsStoreOptions extends RemoteStoreOptions {
  readonly bucket: string;
  /** URL of the server; empty is Google's. Over http, as emulators are reached, nothing authenticates. */
  readonly endpoint?: string;
  /** JSON file of a service account; empty takes the ambient credentials ("Application Default Credentials"). */
  readonly keyFile?: string;
  /** Project and location of a bucket that is made. */
  readonly project?: string;
  readonly location?: string;
}

const GOOGLE = 'https://storage.googleapis.com';

/**
 * Opens a store; nothing is asked of the bucket yet.
 * @throws {FlamelakeError} `invalid_argument` when the bucket or the endpoint is no name of one
 */
export function createGcsStore(options: GcsStoreOptions): RemoteStore {
  const { bucket, keyFile = '', project = '', location = '', requestTimeoutMs = 15_000 } = options;
  if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket)) {
    throw new FlamelakeError('invalid_argument', 'bucket name is not valid', { bucket, lookAt: 'store.gcs.bucket' });
  }
  const endpoint = URL.parse(options.endpoint || GOOGLE);
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol) || endpoint.pathname !== '/') {
    throw new FlamelakeError('invalid_argument', 'endpoint of the object store must be http(s)://host:port', {
      endpoint: options.endpoint ?? '',
      lookAt: 'store.gcs.endpoint',
    });
  }
  const isAuthenticated = endpoint.protocol === 'https:';
  const storage = new Storage({
    apiEndpoint: endpoint.origin,
    useAuthWithCustomEndpoint: isAuthenticated,
    // Asked for by the client, used for making buckets only.
    projectId: project || 'flamelake',
    // Retries are ours: the client would repeat puts whose outcome is unknown.
    retryOptions: { autoRetry: false, maxRetries: 0 },
    // Of a whole request; ours ends those that stand still, this one those that were given up.
    timeout: requestTimeoutMs * 8,
    ...(keyFile === '' ? {} : { keyFilename: keyFile }),
  });
  const authorize = async (url: string) =>
    isAuthenticated ? new Headers(await storage.authClient.getRequestHeaders(url)) : new Headers();
  const storeClock = createStoreClock(options.clock);
  const place = { project, location };
  const driver = createGcsDriver(storage.bucket(bucket), endpoint.origin, authorize, storeClock, place);
  return createRemoteStore(driver, options);
}
