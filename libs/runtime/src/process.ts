/** The process: its environment, its signals, its end. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import type { Logger } from './logger.ts';

/** Environment variables, as they are now. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Arguments of the command, without the interpreter and the script. */
export function commandArguments(): readonly string[] {
  return process.argv.slice(2);
}

/** Ends the process at once. */
export function endProcess(code: number): never {
  process.exit(code);
}

export interface ShutdownOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Time given to `stop`. */
  readonly timeoutMs: number;
  /** Called with the exit code; ends the process by default. */
  readonly end?: (code: number) => void;
}

/** Exit code after a second signal, by the shells' convention for SIGINT. */
const INTERRUPTED = 130;

/**
 * Calls `stop` once at the first SIGTERM or SIGINT, then ends the process: with 0 when it resolved, with 1 when it
 * threw or took longer than `timeoutMs`, with 130 at once at a second signal.
 * @returns a function that takes the handlers away
 */
export function onShutdown(stop: (signal: string) => Promise<void>, options: ShutdownOptions): () => void {
  const { logger, clock, timeoutMs, end = endProcess } = options;
  let isStopping = false;
  const handle = (signal: string) => {
    if (isStopping) {
      logger.warn('second signal, ending at once', { signal });
      end(INTERRUPTED);
      return;
    }
    isStopping = true;
    logger.info('stopping', { signal });
    const late = clock.sleep(timeoutMs).then(() => {
      throw new FlamelakeError('deadline_exceeded', 'shutdown took too long', { timeoutMs });
    });
    Promise.race([stop(signal), late]).then(
      () => {
        logger.info('stopped');
        end(0);
      },
      (error: unknown) => {
        logger.error('shutdown failed', { error });
        end(1);
      },
    );
    // A timer that fires after a stop in time rejects with nobody waiting.
    late.catch(() => {});
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
  return () => {
    process.off('SIGTERM', handle);
    process.off('SIGINT', handle);
  };
}

/** Logs what nothing caught, and ends the process with 1: its state can no longer be trusted. */
export function endOnUncaught(logger: Logger, end: (code: number) => void = endProcess): void {
  process.on('uncaughtException', (error, origin) => {
    logger.error('uncaught error, ending', { error, origin });
    end(1);
  });
}
