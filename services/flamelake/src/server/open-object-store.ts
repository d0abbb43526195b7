/** The object store that the options ask for. Drivers are imported only when they are. */
import { readFile } from 'node:fs/promises';
import { limitCatalog } from '@flamelake/catalog';
import { type Clock, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { createFileStore, measureStore, type RemoteStore } from '@flamelake/object-store';
import { environment, type Metrics, nodeFileSystem, type Tracing } from '@flamelake/runtime';
import type { OptionValues } from '../options/option.ts';
import type { STORE_OPTIONS } from '../options/store-options.ts';

/** The options that matter to the store. */
export type StoreOptions = OptionValues<typeof STORE_OPTIONS> & {
  readonly 'data.directory': string;
  /** Roles of this process: `all`, or some of several processes'. */
  readonly target: string;
};

export interface OpenObjectStoreOptions {
  readonly options: StoreOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  /** Only reads: files of writers at work are left alone. */
  readonly readOnly?: boolean;
  /** None by default. */
  readonly tracing?: Tracing;
}

/**
 * Opens the store, measured.
 * @throws {FlamelakeError} `invalid_argument` when an option of the chosen store is missing or wrong
 */
export async function openObjectStore(ports: OpenObjectStoreOptions): Promise<ObjectStore> {
  const store = measureStore(await openBackend(ports), ports.metrics, ports.clock, ports.tracing);
  limitCatalog(store, { manifestBytes: ports.options['store.manifest-size-max'] });
  return store;
}

/**
 * Makes the bucket of the store when there is none; files need none.
 * @throws {FlamelakeError} `permission_denied` with the permission that is missing; what `openObjectStore` throws
 */
export async function makeBucket(ports: OpenObjectStoreOptions): Promise<'created' | 'exists'> {
  const store = await openBackend(ports);
  try {
    return 'makeBucket' in store ? await store.makeBucket() : 'exists';
  } finally {
    await store.close();
  }
}

async function openBackend(ports: OpenObjectStoreOptions): Promise<ObjectStore | RemoteStore> {
  const { options, clock, random, metrics } = ports;
  switch (options['store.backend']) {
    case 'files': {
      const directory = `${options['data.directory']}/store`;
      return createFileStore({
        directory,
        fileSystem: nodeFileSystem,
        clock,
        random,
        metrics,
        readOnly: ports.readOnly ?? false,
      });
    }
    case 's3':
      return openS3(ports);
    case 'gcs':
      return openGcs(ports);
    case 'azure':
      return openAzure(ports);
    case 'swift':
      return openSwift(ports);
  }
}

function sharedOptions({ options, clock, random, metrics }: OpenObjectStoreOptions) {
  return {
    clock,
    random,
    metrics,
    prefix: options['store.prefix'],
    requestTimeoutMs: options['store.request-timeout'],
    attemptsMax: options['store.attempts-max'],
    concurrency: options['store.concurrency'],
  };
}

async function openS3(ports: OpenObjectStoreOptions): Promise<RemoteStore> {
  const { ambientS3Credentials, createS3Store } = await import('@flamelake/object-store/s3');
  const { options, clock } = ports;
  const variables = environment();
  const [accessKey, secretKey] = [options['store.s3.access-key'], options['store.s3.secret-key']];
  if ((accessKey === '') !== (secretKey === ''))
    missing('store.s3.access-key and store.s3.secret-key, both or neither');
  const region = options['store.s3.region'] || variables.AWS_REGION || variables.AWS_DEFAULT_REGION || '';
  const caFile = options['store.s3.ca-file'];
  return createS3Store({
    ...sharedOptions(ports),
    bucket: options['store.s3.bucket'] || missing('store.s3.bucket'),
    endpoint: options['store.s3.endpoint'] || variables.AWS_ENDPOINT_URL_S3 || variables.AWS_ENDPOINT_URL || '',
    region,
    addressing: options['store.s3.addressing'],
    isVerified: !options['store.s3.insecure'],
    ...(caFile === '' ? {} : { ca: await readOptionFile('store.s3.ca-file', caFile) }),
    credentials:
      accessKey === ''
        ? ambientS3Credentials({ environment: variables, readFile: readText, clock, region })
        : async () => ({ accessKey, secretKey }),
  });
}

async function openGcs(ports: OpenObjectStoreOptions): Promise<RemoteStore> {
  const { createGcsStore } = await import('@flamelake/object-store/gcs');
  const { options } = ports;
  return createGcsStore({
    ...sharedOptions(ports),
    bucket: options['store.gcs.bucket'] || missing('store.gcs.bucket'),
    endpoint: options['store.gcs.endpoint'],
    keyFile: options['store.gcs.key-file'],
    project: options['store.gcs.project'],
    location: options['store.gcs.location'],
  });
}

async function openAzure(ports: OpenObjectStoreOptions): Promise<RemoteStore> {
  const { ambientAzureTokens, createAzureStore } = await import('@flamelake/object-store/azure');
  const { options, clock } = ports;
  const accountKey = options['store.azure.account-key'];
  return createAzureStore({
    ...sharedOptions(ports),
    account: options['store.azure.account'] || missing('store.azure.account'),
    container: options['store.azure.container'] || missing('store.azure.container'),
    endpoint: options['store.azure.endpoint'],
    credentials:
      accountKey === ''
        ? { tokens: ambientAzureTokens({ environment: environment(), readFile: readText, clock }) }
        : { accountKey },
  });
}

async function openSwift(ports: OpenObjectStoreOptions): Promise<RemoteStore> {
  const { options } = ports;
  if (options.target !== 'all') {
    // It checks, then writes: of two processes both may win, and an acknowledged profile would be lost (INV-1).
    throw new FlamelakeError(
      'failed_precondition',
      'conditional writes of Swift are not atomic: it serves one process',
      {
        lookAt: 'target=all, or store.backend: s3, gcs and azure serve several processes',
      },
    );
  }
  const { createSwiftStore } = await import('@flamelake/object-store/swift');
  const variables = environment();
  const domain = options['store.swift.domain'];
  const { OS_APPLICATION_CREDENTIAL_ID: credentialId, OS_APPLICATION_CREDENTIAL_SECRET: credentialSecret } = variables;
  const user = options['store.swift.user'] || variables.OS_USERNAME;
  return createSwiftStore({
    ...sharedOptions(ports),
    container: options['store.swift.container'] || missing('store.swift.container'),
    authUrl: options['store.swift.auth-url'] || variables.OS_AUTH_URL || missing('store.swift.auth-url'),
    region: options['store.swift.region'] || variables.OS_REGION_NAME || '',
    identity:
      !user && credentialId && credentialSecret
        ? { credentialId, credentialSecret }
        : {
            user: user || missing('store.swift.user'),
            password: options['store.swift.password'] || variables.OS_PASSWORD || missing('store.swift.password'),
            project: options['store.swift.project'] || variables.OS_PROJECT_NAME || missing('store.swift.project'),
            userDomain: domain || variables.OS_USER_DOMAIN_NAME || 'Default',
            projectDomain: domain || variables.OS_PROJECT_DOMAIN_NAME || 'Default',
          },
  });
}

async function readOptionFile(option: string, file: string): Promise<string> {
  try {
    return await readText(file);
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'file of an option cannot be read', { option, file }, { cause });
  }
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

function missing(option: string): never {
  throw new FlamelakeError('invalid_argument', 'option is missing for the chosen object store', { option });
}
