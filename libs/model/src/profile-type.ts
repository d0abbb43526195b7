/**
 * Profile types: what the values of a series count, and per what.
 * The id is `name:sample type:sample unit:period type:period unit`, Pyroscope's own form.
 */
import { FlamelakeError } from './error.ts';

/** The five parts of a profile type id; parts may be empty. */
export interface ProfileType {
  readonly name: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly periodType: string;
  readonly periodUnit: string;
}

/** Writes the id of a profile type. */
export function profileTypeId(type: ProfileType): string {
  return `${type.name}:${type.sampleType}:${type.sampleUnit}:${type.periodType}:${type.periodUnit}`;
}

/**
 * Reads a profile type id: five parts, or six when the last is `delta` (ignored).
 * @throws {FlamelakeError} `invalid_argument` otherwise
 */
export function parseProfileTypeId(id: string): ProfileType {
  const parts = id.split(':');
  if (parts.length !== 5 && !(parts.length === 6 && parts[5] === 'delta')) {
    throw new FlamelakeError(
      'invalid_argument',
      'profile type id must have five parts, as in process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      { id },
    );
  }
  const [name, sampleType, sampleUnit, periodType, periodUnit] = parts as [string, string, string, string, string];
  return { name, sampleType, sampleUnit, periodType, periodUnit };
}
