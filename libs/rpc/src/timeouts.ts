/** Deadlines as clients state them. */
import { FlamelakeError } from '@flamelake/model';

const GRPC_UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * `grpc-timeout`: up to eight digits and a unit.
 * @returns milliseconds; undefined when the header is absent
 * @throws {FlamelakeError} `invalid_argument`
 */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const unitMs = GRPC_UNIT_MS[value.slice(-1)];
  if (unitMs === undefined || !/^\d{1,8}.$/.test(value)) throw malformed('grpc-timeout', value);
  return Number(value.slice(0, -1)) * unitMs;
}

/**
 * `connect-timeout-ms`: up to ten digits.
 * @returns milliseconds; undefined when the header is absent
 * @throws {FlamelakeError} `invalid_argument`
 */
export function parseConnectTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,10}$/.test(value)) throw malformed('connect-timeout-ms', value);
  return Number(value);
}

function malformed(header: string, value: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'timeout header is malformed', { header, value: value.slice(0, 32) });
}
