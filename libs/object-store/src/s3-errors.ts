/** Errors of S3, its gateways and the way to them, in our words. */
import type { ErrorDetails, FlamelakeError } from '@flamelake/model';
import {
  certificateMeanings,
  type ErrorMeaning,
  type ErrorMeanings,
  errorNames,
  explainError,
} from './error-meanings.ts';

/** An answer with a status that asks to try again, or with an error in a body of status 200. */
export class S3ServerError extends Error {
  readonly code: string;

  constructor(status: number, code: string | undefined) {
    super(`S3 answered ${status} ${code ?? ''}`);
    this.code = code ?? `status ${status}`;
  }
}

const CREDENTIALS: ErrorMeaning = {
  code: 'permission_denied',
  message: 'object store does not accept the credentials',
  lookAt: 'store.s3.access-key and store.s3.secret-key, or the ambient credentials (AWS_*, role)',
};
const POLICY: ErrorMeaning = {
  code: 'permission_denied',
  message: 'object store denies access',
  lookAt: 'the policy of bucket and role: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket',
};
const WRONG_REGION: ErrorMeaning = {
  code: 'failed_precondition',
  message: 'bucket is in another region than asked',
  lookAt: 'store.s3.region and store.s3.endpoint',
};
const LACKING: ErrorMeaning = {
  code: 'failed_precondition',
  message: 'object store lacks an operation that is needed',
  lookAt: 'the version of the store or gateway: conditional writes (If-None-Match) and ListObjectsV2 are needed',
};

/** By codes of S3 (Amazon S3 API reference, "Error responses") and of Node. */
const MEANINGS: ErrorMeanings = {
  NoSuchBucket: {
    code: 'failed_precondition',
    message: 'bucket does not exist',
    lookAt: 'store.s3.bucket: create the bucket, or correct its name',
  },
  InvalidBucketName: { code: 'failed_precondition', message: 'bucket name is not valid', lookAt: 'store.s3.bucket' },
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  InvalidSecurity: CREDENTIALS,
  MissingSecurityHeader: CREDENTIALS,
  AuthFailure: CREDENTIALS,
  AccessDenied: POLICY,
  AllAccessDisabled: POLICY,
  AccountProblem: POLICY,
  RequestTimeTooSkewed: {
    code: 'failed_precondition',
    message: 'clock of this machine differs too much from the object store’s',
    lookAt: 'the time synchronisation of this machine',
  },
  AuthorizationHeaderMalformed: WRONG_REGION,
  IllegalLocationConstraintException: WRONG_REGION,
  PermanentRedirect: WRONG_REGION,
  MovedPermanently: WRONG_REGION,
  TemporaryRedirect: WRONG_REGION,
  NotImplemented: LACKING,
  MethodNotAllowed: LACKING,
  KeyTooLongError: { code: 'invalid_argument', message: 'object key is too long', lookAt: 'store.prefix' },
  QuotaExceeded: {
    code: 'resource_exhausted',
    message: 'object store has no room',
    lookAt: 'the quota of the bucket',
  },
  ...certificateMeanings('store.s3.ca-file'),
};

/** The code of an error of the client, of S3 in XML, or of a socket. */
export function s3ErrorCode(error: unknown): string | undefined {
  return errorNames(error)[0];
}

export function explainS3Error(error: unknown, where: ErrorDetails): FlamelakeError {
  return explainError(error, MEANINGS, where);
}
