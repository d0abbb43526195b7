/** What differs between the protocols that carry a unary call: how a message is framed and how an answer is said. */
import { CODE_MEANINGS, FlamelakeError } from '@flamelake/model';
import { BODY_TOO_LARGE } from './read-body.ts';
import type { BodyForm, RequestHeaders } from './unary-method.ts';

/** An answer, ready for node:http or node:http2. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  readonly trailers?: Readonly<Record<string, string>>;
}

export interface Protocol {
  readonly name: 'connect' | 'grpc' | 'grpc_web';
  readonly form: BodyForm;
  /** @throws {FlamelakeError} `invalid_argument` */
  timeoutMs(headers: RequestHeaders): number | undefined;
  /**
   * The message in a body.
   * @param inflate - decompresses gzip
   * @throws {FlamelakeError} `invalid_argument` on broken framing, `unimplemented` on an encoding not known here
   */
  unwrap(
    body: Uint8Array,
    headers: RequestHeaders,
    inflate: (bytes: Uint8Array) => Promise<Uint8Array>,
  ): Promise<Uint8Array>;
  success(message: Uint8Array, headers: RequestHeaders): Promise<WireAnswer>;
  failure(error: FlamelakeError): WireAnswer;
}

/** HTTP status of an error; a body over its limit is 413, so that no client takes it for a rate limit and retries. */
export function httpStatusOf(error: FlamelakeError): number {
  return error.message === BODY_TOO_LARGE ? 413 : CODE_MEANINGS[error.code].http;
}

/** Any failure as the error the client sees; the cause is for the log. */
export function asFlamelakeError(cause: unknown): FlamelakeError {
  return cause instanceof FlamelakeError ? cause : new FlamelakeError('internal', 'internal error', {}, { cause });
}

export function unknownEncoding(encoding: string): FlamelakeError {
  return new FlamelakeError('unimplemented', 'compression is not known, use gzip or none', {
    encoding: encoding.slice(0, 32),
  });
}
