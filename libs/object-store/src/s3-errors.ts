/** Errors of S3, its gateways and the way to them, in our words. Conditions have names; numbers of statuses vary. */
import { type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';

/** An answer with a status that asks to try again. */
export class S3ServerError extends Error {
  readonly code: string | undefined;
  readonly status: number;

  constructor(status: number, code: string | undefined) {
    super(`S3 answered ${status} ${code ?? ''}`);
    this.code = code;
    this.status = status;
  }
}

interface Meaning {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to look at. */
  readonly lookAt: string;
}

const KEYS = 'store.s3.access-key and store.s3.secret-key, or the ambient credentials (AWS_*, role)';
const REGION = 'store.s3.region and store.s3.endpoint';
const CREDENTIALS: Meaning = {
  code: 'permission_denied',
  message: 'object store does not accept the credentials',
  lookAt: KEYS,
};
const POLICY: Meaning = {
  code: 'permission_denied',
  message: 'object store denies access',
  lookAt: 'the policy of bucket and role: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket',
};
const WRONG_REGION: Meaning = {
  code: 'failed_precondition',
  message: 'bucket is in another region than asked',
  lookAt: REGION,
};
const LACKING: Meaning = {
  code: 'failed_precondition',
  message: 'object store lacks an operation that is needed',
  lookAt: 'the version of the store or gateway: conditional writes (If-None-Match) and ListObjectsV2 are needed',
};
const CERTIFICATE: Meaning = {
  code: 'failed_precondition',
  message: 'certificate of the object store is not trusted',
  lookAt: 'store.s3.ca-file',
};

/** Codes of S3 answers (AWS S3 API reference, "Error responses") and of TLS. Others are told apart by `explainS3Error`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
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
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  CERT_HAS_EXPIRED: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: CERTIFICATE,
  EPROTO: {
    code: 'failed_precondition',
    message: 'object store does not speak TLS as expected',
    lookAt: 'store.s3.endpoint: http:// or https://',
  },
};

/** The code of an error of the client, of S3 in XML, or of a socket; looks through causes. */
export function s3ErrorCode(error: unknown): string | undefined {
  for (let at: unknown = error; typeof at === 'object' && at !== null; at = 'cause' in at ? at.cause : undefined) {
    if ('code' in at && typeof at.code === 'string' && at.code !== '') return at.code;
    // Bodies of errors after status 200 are thrown as they were parsed.
    if ('Code' in at && typeof at.Code === 'string') return at.Code;
  }
  return undefined;
}

/**
 * Says an error in our words; what is not known to be lasting is `unavailable`, so that it may be tried again.
 * @param where - endpoint and bucket, for the reader
 */
export function explainS3Error(error: unknown, where: ErrorDetails): FlamelakeError {
  const ours = oursIn(error);
  if (ours !== undefined) return ours;
  const code = s3ErrorCode(error);
  const meaning = code === undefined ? undefined : MEANINGS[code];
  if (meaning !== undefined) {
    const details = { ...where, reason: code ?? '', lookAt: meaning.lookAt };
    return new FlamelakeError(meaning.code, meaning.message, details, { cause: error });
  }
  const reason = code ?? (error instanceof S3ServerError ? `status ${error.status}` : 'no code');
  const details = { ...where, reason };
  return new FlamelakeError('unavailable', 'object store failed', details, { cause: error });
}

/** An error of ours that the client wrapped. */
function oursIn(error: unknown): FlamelakeError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof FlamelakeError) return at;
  return undefined;
}
