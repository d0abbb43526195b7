/** Failures of the disk under a profile log, in our words. */
import { FlamelakeError } from '@flamelake/model';
import { fileErrorCode, isDiskFull } from '@flamelake/runtime';

export function logError(error: unknown, directory: string): FlamelakeError {
  if (error instanceof FlamelakeError) return error;
  if (isDiskFull(error)) {
    return new FlamelakeError('resource_exhausted', 'disk is full', { directory }, { cause: error });
  }
  const code = fileErrorCode(error) ?? 'unknown';
  return new FlamelakeError('unavailable', 'profile log failed on disk', { directory, code }, { cause: error });
}
