/**
 * Errors between our own services: the code is the call's status, message and details go in the trailer `flamelake-error-bin` as JSON
 * `{"message": …, "details": {name: value}}`, with int64 as `{"int64": "…"}`. A status without the trailer comes from gRPC itself.
 */
import { CODE_MEANINGS, type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';

const TRAILER = 'flamelake-error-bin';
/** Texts in details are cut, and details left out, so that trailers stay far below what HTTP/2 peers accept. */
const TEXT_LENGTH_MAX = 512;
const DETAILS_MAX = 16;

const CODE_BY_NUMBER = new Map<number, ErrorCode>(
  Object.entries(CODE_MEANINGS).map(([code, { grpc }]) => [grpc, code as ErrorCode]),
);

/** What gRPC itself says that is not about the connection. */
const TRANSPORT_MESSAGES: ReadonlyMap<status, string> = new Map([
  [status.DEADLINE_EXCEEDED, 'internal call took too long'],
  [status.RESOURCE_EXHAUSTED, 'internal message is too large'],
  [status.UNIMPLEMENTED, 'internal service is of another release'],
]);

/** The status a call ends with; what is no FlamelakeError is `internal`, and its text stays here. */
export function statusOfError(error: unknown): StatusObject {
  const known = error instanceof FlamelakeError ? error : new FlamelakeError('internal', 'internal error');
  const metadata = new Metadata();
  const details = Object.fromEntries(
    Object.entries(known.details)
      .slice(0, DETAILS_MAX)
      .map(([name, value]) => [name.slice(0, TEXT_LENGTH_MAX), detailJson(value)]),
  );
  metadata.set(TRAILER, Buffer.from(JSON.stringify({ message: known.message.slice(0, TEXT_LENGTH_MAX), details })));
  // gRPC's names are ours but for one.
  const name = known.code === 'canceled' ? 'CANCELLED' : known.code.toUpperCase();
  const code = status[name as keyof typeof status];
  return { code, details: known.message.slice(0, TEXT_LENGTH_MAX), metadata };
}

function detailJson(value: string | number | bigint | boolean): unknown {
  if (typeof value === 'bigint') return { int64: String(value) };
  return typeof value === 'string' ? value.slice(0, TEXT_LENGTH_MAX) : value;
}

/** The error a call ended with, as the other side threw it, or as what gRPC says of the connection. */
export function errorOfStatus(failure: ServiceError, address: string): FlamelakeError {
  const code = CODE_BY_NUMBER.get(failure.code) ?? 'unknown';
  const [trailer] = failure.metadata.get(TRAILER);
  const said = trailer instanceof Buffer ? readTrailer(trailer) : undefined;
  if (said !== undefined) return new FlamelakeError(code, said.message, said.details, { cause: failure });
  const message = TRANSPORT_MESSAGES.get(failure.code);
  // Refused, reset, cut: gRPC has many numbers for a peer that is not there.
  if (message === undefined) {
    return new FlamelakeError('unavailable', 'internal service does not answer', { address }, { cause: failure });
  }
  return new FlamelakeError(code, message, { address }, { cause: failure });
}

function readTrailer(trailer: Buffer): { message: string; details: ErrorDetails } | undefined {
  try {
    const { message, details } = JSON.parse(trailer.toString('utf8')) as { message?: unknown; details?: unknown };
    if (typeof message !== 'string' || typeof details !== 'object' || details === null) return undefined;
    const entries = Object.entries(details).flatMap(([name, value]) => {
      const read = readDetail(value);
      return read === undefined ? [] : [[name, read] as const];
    });
    return { message, details: Object.fromEntries(entries) };
  } catch {
    return undefined;
  }
}

function readDetail(value: unknown): string | number | bigint | boolean | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  const { int64 } = (value ?? {}) as { int64?: unknown };
  return typeof int64 === 'string' && /^-?\d{1,20}$/.test(int64) ? BigInt(int64) : undefined;
}
