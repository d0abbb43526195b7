/** Errors of stores' clients by their names, in our words. Conditions have names; numbers of statuses vary. */
import { type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';

/** What a name of an error means to who runs us. */
export interface ErrorMeaning {
  readonly code: ErrorCode;
  readonly message: string;
  /** Options or places to look at. */
  readonly lookAt: string;
}

export type ErrorMeanings = Readonly<Record<string, ErrorMeaning>>;

/** Failures of TLS, by the names Node gives them. */
export function certificateMeanings(lookAt: string): ErrorMeanings {
  const untrusted: ErrorMeaning = {
    code: 'failed_precondition',
    message: 'certificate of the object store is not trusted',
    lookAt,
  };
  const other: ErrorMeaning = {
    code: 'failed_precondition',
    message: 'object store does not speak TLS as expected',
    lookAt: 'the endpoint: http:// or https://',
  };
  return {
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    CERT_HAS_EXPIRED: untrusted,
    ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
    EPROTO: other,
    ERR_SSL_WRONG_VERSION_NUMBER: other,
  };
}

/** Every name an error and its causes go by, outermost first. */
export function errorNames(error: unknown): string[] {
  const names: string[] = [];
  for (let at: unknown = error; typeof at === 'object' && at !== null; at = 'cause' in at ? at.cause : undefined) {
    for (const field of ['code', 'Code'] as const) {
      const name: unknown = Reflect.get(at, field);
      if (typeof name === 'string' && name !== '') names.push(name);
    }
  }
  return names;
}

/**
 * Says an error in our words; what is not known to be lasting is `unavailable`, so that it may be tried again.
 * @param where - endpoint and bucket, for the reader
 */
export function explainError(error: unknown, meanings: ErrorMeanings, where: ErrorDetails): FlamelakeError {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof FlamelakeError) return at;
  const names = errorNames(error);
  const known = names.find((name) => Object.hasOwn(meanings, name));
  const meaning = known === undefined ? undefined : meanings[known];
  if (known !== undefined && meaning !== undefined) {
    const details = { ...where, reason: known, lookAt: meaning.lookAt };
    return new FlamelakeError(meaning.code, meaning.message, details, { cause: error });
  }
  const reason = names[0] ?? (error instanceof Error ? error.message : String(error));
  return new FlamelakeError('unavailable', 'object store failed', { ...where, reason }, { cause: error });
}
