import { writeFileSync } from 'node:fs';
import { FlamelakeError } from '@flamelake/model';

/** Writes what a command was asked for. @throws {FlamelakeError} `failed_precondition` with the system's reason */
export function writeOutput(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FlamelakeError('failed_precondition', 'file cannot be written', { file, reason }, { cause });
  }
}
