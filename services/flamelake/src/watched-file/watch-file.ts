/** A file that is read again as it changes. What cannot be read, or must not be, changes nothing: the value there was stays. */
import { readFile } from 'node:fs/promises';
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { Logger } from '@flamelake/runtime';

export interface WatchedFile<Value> {
  /** The same value until the file changes. */
  value(): Value;
  /** Whether the value is what the file says. */
  isSound(): boolean;
  close(): Promise<void>;
}

export interface WatchFileOptions<Value> {
  readonly file: string;
  /** What the file holds, for log lines and errors. */
  readonly what: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws {FlamelakeError} when the text is none */
  parse(text: string): Value;
  /** @throws {FlamelakeError} when one value must not become the other */
  checkChange?(from: Value, to: Value): void;
  /** Called each time the file is found wrong. */
  onFailure?(): void;
}

/** @throws {FlamelakeError} `invalid_argument`, or what parsing throws, when the file is wrong at the start */
export async function watchFile<Value>(options: WatchFileOptions<Value>): Promise<WatchedFile<Value>> {
  const { file, what, intervalMs, clock, logger, parse, checkChange, onFailure } = options;
  let text = await readText(file, what);
  let value = parse(text);
  let isSound = true;
  const reload = async (): Promise<void> => {
    try {
      const found = await readText(file, what);
      if (found === text && isSound) return;
      const parsed = parse(found);
      checkChange?.(value, parsed);
      [text, value, isSound] = [found, parsed, true];
      logger.info('file is read again', { what, file });
    } catch (error) {
      onFailure?.();
      if (isSound) logger.failure('changed file is wrong, what it said before holds', error, { what, file });
      isSound = false;
    }
  };
  const ending = new AbortController();
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(intervalMs, ending.signal);
      if (ending.signal.aborted) return;
      await reload();
    }
  };
  const watching = watch();
  return {
    value: () => value,
    isSound: () => isSound,
    async close() {
      ending.abort();
      await watching;
    },
  };
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new FlamelakeError('invalid_argument', 'file cannot be read', { what, file, reason }, { cause });
  }
}
