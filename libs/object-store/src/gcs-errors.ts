/** Errors of Google Cloud Storage and of the way to it, in our words. */
import { certificateMeanings, type ErrorMeaning, type ErrorMeanings } from './error-meanings.ts';

const CREDENTIALS: ErrorMeaning = {
  code: 'permission_denied',
  message: 'object store does not accept the credentials',
  lookAt: 'store.gcs.key-file, or the ambient credentials (GOOGLE_APPLICATION_CREDENTIALS, workload identity)',
};
const POLICY: ErrorMeaning = {
  code: 'permission_denied',
  message: 'object store denies access',
  lookAt: 'the roles of the service account on the bucket: Storage Object Admin (roles/storage.objectAdmin)',
};
const NO_BUCKET: ErrorMeaning = {
  code: 'failed_precondition',
  message: 'bucket does not exist',
  lookAt: 'store.gcs.bucket: create the bucket, or correct its name',
};

/**
 * By reasons of the JSON API ("HTTP status and error codes"), by statuses where an answer has no reason, as reads of
 * media have none, and by codes of Node. An absent object is no error, so what is not found is the bucket.
 */
export const GCS_MEANINGS: ErrorMeanings = {
  authError: CREDENTIALS,
  required: CREDENTIALS,
  keyInvalid: CREDENTIALS,
  'status 401': CREDENTIALS,
  forbidden: POLICY,
  accountDisabled: POLICY,
  insufficientPermissions: POLICY,
  'status 403': POLICY,
  notFound: NO_BUCKET,
  'status 404': NO_BUCKET,
  ...certificateMeanings('NODE_EXTRA_CA_CERTS'),
};

/** What the client throws: ApiError, or an error of a socket or of the authentication. */
interface GcsError {
  readonly code?: unknown;
  readonly errors?: readonly { readonly reason?: string }[];
  readonly message?: string;
}

/** An error of the client with its names in `code`s, as `explainError` reads them. */
export function namedGcsError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { code, errors = [], message = '' } = error as GcsError;
  // The library for authentication says in words only that it found nothing.
  if (/Could not load the default credentials|invalid_grant/.test(message)) return { code: 'authError', cause: error };
  if (typeof code !== 'number') return error;
  const reason = errors.find((inner) => inner.reason !== undefined)?.reason;
  return { code: reason ?? `status ${code}`, cause: { code: `status ${code}`, cause: error } };
}

/** The status of an answer, whatever else it says. */
export function gcsStatus(error: unknown): number | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** The error of an answer that gives no reason. */
export function gcsStatusError(status: number): Error {
  return Object.assign(new Error(`Google Cloud Storage answered ${status}`), { code: status });
}
