/**
 * The one error of Flamelake: a gRPC code, a constant lower-case message, and the numbers in `details`.
 *
 * Code to status follows the gRPC and Connect specifications. An error is translated in three places only:
 * the edge, the retry helper and the service loop. The cause is logged, never sent.
 */

/** gRPC code name, as Connect spells it. */
export type ErrorCode =
  | 'canceled'
  | 'unknown'
  | 'invalid_argument'
  | 'deadline_exceeded'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'data_loss'
  | 'unauthenticated';

/** What a code means at each edge. */
export interface CodeMeaning {
  readonly grpc: number;
  readonly http: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly mayRetry: boolean;
}

export const CODE_MEANINGS: Readonly<Record<ErrorCode, CodeMeaning>> = {
  canceled: { grpc: 1, http: 499, logLevel: 'debug', mayRetry: false },
  unknown: { grpc: 2, http: 500, logLevel: 'error', mayRetry: false },
  invalid_argument: { grpc: 3, http: 400, logLevel: 'info', mayRetry: false },
  deadline_exceeded: { grpc: 4, http: 504, logLevel: 'warn', mayRetry: true },
  not_found: { grpc: 5, http: 404, logLevel: 'info', mayRetry: false },
  already_exists: { grpc: 6, http: 409, logLevel: 'info', mayRetry: false },
  permission_denied: { grpc: 7, http: 403, logLevel: 'info', mayRetry: false },
  resource_exhausted: { grpc: 8, http: 429, logLevel: 'warn', mayRetry: true },
  failed_precondition: { grpc: 9, http: 400, logLevel: 'info', mayRetry: false },
  aborted: { grpc: 10, http: 409, logLevel: 'warn', mayRetry: true },
  out_of_range: { grpc: 11, http: 400, logLevel: 'info', mayRetry: false },
  unimplemented: { grpc: 12, http: 501, logLevel: 'info', mayRetry: false },
  internal: { grpc: 13, http: 500, logLevel: 'error', mayRetry: false },
  unavailable: { grpc: 14, http: 503, logLevel: 'warn', mayRetry: true },
  data_loss: { grpc: 15, http: 500, logLevel: 'error', mayRetry: false },
  unauthenticated: { grpc: 16, http: 401, logLevel: 'info', mayRetry: false },
};

/** Values that belong to an error: limits, sizes, names. Shown to the user as `name=value`. */
export type ErrorDetails = Readonly<Record<string, string | number | bigint | boolean>>;

/** The error every package throws; `message` is constant per throw site, what varies is in `details`. */
export class FlamelakeError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'FlamelakeError';
    this.code = code;
    this.details = details;
  }
}

/** The sentence a user sees: the message and its details, never the cause. */
export function describeError(error: FlamelakeError): string {
  const details = Object.entries(error.details).map(([name, value]) => `${name}=${value}`);
  return details.length === 0 ? error.message : `${error.message} (${details.join(', ')})`;
}
