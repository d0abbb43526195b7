/** For tests: a log in a directory of its own, opened with what a test wants to vary. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { FlamelakeError, type LogRecord, type ProfileLog } from '@flamelake/model';
import { nodeFileSystem, systemClock, systemRandom } from '@flamelake/runtime';
import { openFileLog } from './file-log.ts';
import type { FileLogOptions } from './file-log-options.ts';

export interface LogPlace {
  readonly directory: string;
  /** What `onFatal` was called with. */
  readonly fatal: unknown[];
  readonly open: (options?: Partial<FileLogOptions>) => Promise<ProfileLog>;
  readonly remove: () => void;
}

export function logPlace(): LogPlace {
  const directory = mkdtempSync(`${tmpdir()}/flamelake-log-`);
  const fatal: unknown[] = [];
  const ports = { fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom };
  return {
    directory,
    fatal,
    open: (options = {}) =>
      openFileLog({ directory, ...ports, onFatal: (error) => void fatal.push(error), ...options }),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** Everything from an offset on. */
export async function readAll(log: ProfileLog, from = 0): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let next = from; ; ) {
    const page = await log.read(0, next, { bytesMax: 100_000, waitMs: 0 });
    if (page.length === 0) return records;
    records.push(...page);
    next = (page.at(-1)?.offset ?? 0) + 1;
  }
}

export const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
export const bytes = (value: string) => new TextEncoder().encode(value);
export const hasCode = (code: string, message?: RegExp) => (error: unknown) =>
  error instanceof FlamelakeError && error.code === code && (message?.test(error.message) ?? true);
