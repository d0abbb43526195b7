/** What every command is given, so that none of them touches the process itself. */
import type { Clock, Random } from '@flamelake/model';

export interface CommandContext {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Writes to standard output, as given. */
  print(text: string): void;
  /** Writes bytes to standard output. */
  printBytes(bytes: Uint8Array): void;
  /** Writes a line about progress to standard error; on a terminal it replaces the line before. */
  progress(text: string): void;
}

export interface Command {
  readonly help: string;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}
