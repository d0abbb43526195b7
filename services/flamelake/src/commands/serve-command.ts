/** `flamelake serve`: the server, until SIGTERM or SIGINT. */
import { readFileSync } from 'node:fs';
import { FlamelakeError } from '@flamelake/model';
import { collectRarely, createLogger, endProcess, onShutdown } from '@flamelake/runtime';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { startFlamelake } from '../server/start-flamelake.ts';
import type { Command } from './command.ts';

/** Longest shutdown after draining: the last segment and closing. */
const SHUTDOWN_MS = 20_000;
/** Exit code when the disk may have lost what was written: a supervisor should start us again, and somebody should look. */
const EXIT_DISK = 74;

export const serveCommand: Command = {
  help: `flamelake serve [flags]\n\n${helpText(SERVE_OPTIONS)}`,
  async run({ words, environment, clock, random, print }) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values: options, rest } = readOptions(SERVE_OPTIONS, { words, environment, readFile });
    if (rest.length > 0)
      throw new FlamelakeError('invalid_argument', 'serve takes flags only', { got: rest.join(' ') });
    collectRarely();
    const logger = createLogger({ level: options['log.level'], format: options['log.format'] });
    const onFatal = (error: unknown): void => {
      logger.error('the disk failed, ending at once', { error });
      endProcess(EXIT_DISK);
    };
    const starting = new AbortController();
    const started = startFlamelake({ options, clock, random, logger, onFatal, signal: starting.signal });
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    onShutdown(
      async () => {
        starting.abort();
        // A start that was waiting ends with what it waited for.
        await (await started.catch(() => undefined))?.close();
        stop();
      },
      {
        logger,
        clock,
        // A querier has two ports to drain.
        timeoutMs: SHUTDOWN_MS + options['server.drain-delay'] + 2 * options['server.drain-timeout'],
      },
    );
    try {
      const server = await started;
      logger.info('listening', { url: server.url });
      print(welcome(server.url, options['data.directory']));
    } catch (error) {
      if (!starting.signal.aborted) throw error;
    }
    await stopped;
    return 0;
  },
};

function welcome(url: string, directory: string): string {
  return `
Flamelake is at ${url}, data in ${directory}

  push   any Pyroscope SDK with server address ${url}
         or: bin/flamelake push FILE... --url=${url}
  look   ${url} in a browser
         bin/flamelake query top --url=${url} --selector='{service_name="flamelake"}'
         Grafana: data source Grafana Pyroscope, URL ${url}

`;
}
