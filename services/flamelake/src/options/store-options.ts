/** Options of the object store. */
import type { OptionTable } from './option.ts';

const SECOND_MS = 1_000;
const KIB = 1_024;
const MIB = 1_024 * KIB;

export const STORE_OPTIONS = {
  'store.backend': {
    kind: 'choice',
    choices: ['files', 's3', 'gcs', 'azure', 'swift'],
    default: 'files',
    description:
      'where objects are kept: files below data.directory, or a bucket; swift is experimental, for one process',
  },
  'store.prefix': {
    kind: 'text',
    default: '',
    description: 'put before every key in a bucket, such as team/flamelake',
  },
  'store.request-timeout': {
    kind: 'duration',
    min: 100,
    max: 600 * SECOND_MS,
    default: 15 * SECOND_MS,
    description: 'longest time a request to the bucket may stand still',
  },
  'store.attempts-max': {
    kind: 'integer',
    min: 1,
    max: 20,
    default: 4,
    unit: 'tries',
    description: 'tries of a request that may be repeated',
  },
  'store.concurrency': {
    kind: 'integer',
    min: 1,
    max: 1_024,
    default: 64,
    unit: 'requests',
    description: 'requests to the bucket under way at once',
  },
  'store.manifest-size-max': {
    kind: 'bytes',
    min: 0,
    max: 16 * MIB,
    default: 256 * KIB,
    description:
      'manifests up to this name all blocks themselves, as releases without index pages need it; what is more goes to index pages',
  },
  'store.s3.bucket': { kind: 'text', default: '', description: 'bucket of S3; flamelake config create makes it' },
  'store.s3.endpoint': {
    kind: 'text',
    default: '',
    description: 'S3 server, such as https://minio.example:9000; empty is AWS in the region',
  },
  'store.s3.region': {
    kind: 'text',
    default: '',
    description: 'region; if empty AWS_REGION, else the bucket is asked',
  },
  'store.s3.access-key': {
    kind: 'text',
    default: '',
    description: 'access key; if empty AWS_*, web identity, ~/.aws/credentials, or the role of the machine',
  },
  'store.s3.secret-key': { isSecret: true, kind: 'text', default: '', description: 'secret key to the access key' },
  'store.s3.addressing': {
    kind: 'choice',
    choices: ['auto', 'path', 'host'],
    default: 'auto',
    description: 'bucket in the path or in the host name; auto: in the host name on AWS',
  },
  'store.s3.ca-file': {
    kind: 'text',
    default: '',
    description: 'PEM file of the certificates that sign the server’s; the system’s if empty',
  },
  'store.s3.insecure': { kind: 'switch', default: false, description: 'do not check the server’s certificate' },
  'store.gcs.bucket': {
    kind: 'text',
    default: '',
    description: 'bucket of Google Cloud Storage; flamelake config create makes it',
  },
  'store.gcs.endpoint': {
    kind: 'text',
    default: '',
    description: 'server; empty is Google’s; over http, as emulators are reached, nothing authenticates',
  },
  'store.gcs.key-file': {
    kind: 'text',
    default: '',
    description: 'JSON key of a service account; if empty the ambient credentials',
  },
  'store.gcs.project': {
    kind: 'text',
    default: '',
    description: 'project in which flamelake config create makes the bucket',
  },
  'store.gcs.location': {
    kind: 'text',
    default: '',
    description: 'where flamelake config create makes the bucket, such as europe-west1; if empty Google’s default, US',
  },
  'store.azure.account': { kind: 'text', default: '', description: 'storage account of Azure' },
  'store.azure.container': {
    kind: 'text',
    default: '',
    description: 'container of Azure Blob Storage; flamelake config create makes it',
  },
  'store.azure.endpoint': {
    kind: 'text',
    default: '',
    description: 'URL of the account; if empty https://ACCOUNT.blob.core.windows.net',
  },
  'store.azure.account-key': {
    isSecret: true,
    kind: 'text',
    default: '',
    description: 'key of the account; if empty workload identity, client secret (AZURE_*) or managed identity',
  },
  'store.swift.container': {
    kind: 'text',
    default: '',
    description: 'container of OpenStack Swift; flamelake config create makes it',
  },
  'store.swift.auth-url': { kind: 'text', default: '', description: 'URL of Keystone; OS_AUTH_URL if empty' },
  'store.swift.region': { kind: 'text', default: '', description: 'region of the store; OS_REGION_NAME if empty' },
  'store.swift.user': {
    kind: 'text',
    default: '',
    description: 'user; if empty OS_USERNAME, or the application credential OS_APPLICATION_CREDENTIAL_ID and _SECRET',
  },
  'store.swift.password': { isSecret: true, kind: 'text', default: '', description: 'password; OS_PASSWORD if empty' },
  'store.swift.project': { kind: 'text', default: '', description: 'project; OS_PROJECT_NAME if empty' },
  'store.swift.domain': {
    kind: 'text',
    default: '',
    description: 'domain of user and project; if empty OS_USER_DOMAIN_NAME and OS_PROJECT_DOMAIN_NAME, else Default',
  },
} as const satisfies OptionTable;
