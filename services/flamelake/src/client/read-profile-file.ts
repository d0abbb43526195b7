/** Reads a pprof file for the commands: what is wrong with it names the file. */
import { readFileSync } from 'node:fs';
import { decodePprof, inflate, type Pprof } from '@flamelake/formats';
import { describeError, FlamelakeError } from '@flamelake/model';

export interface ProfileFile {
  /** As stored, without gzip. */
  readonly bytes: Uint8Array;
  readonly profile: Pprof;
}

/**
 * @param bytesMax - largest file, uncompressed
 * @throws {FlamelakeError} `invalid_argument` for a file that cannot be read, is too large, or is no pprof
 */
export function readProfileFile(file: string, bytesMax: number): ProfileFile {
  let content: Uint8Array;
  try {
    content = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FlamelakeError('invalid_argument', 'file cannot be read', { file, reason }, { cause });
  }
  try {
    const bytes = inflate(content, { bytesMax });
    return { bytes, profile: decodePprof(bytes) };
  } catch (cause) {
    if (!(cause instanceof FlamelakeError)) throw cause;
    const details = { file, reason: describeError(cause) };
    throw new FlamelakeError('invalid_argument', 'file is not a pprof profile, or a damaged one', details, { cause });
  }
}
