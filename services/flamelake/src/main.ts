/** The command `flamelake`: finds the subcommand, gives it a context, turns its errors into words and exit codes. */
import { describeError, FlamelakeError } from '@flamelake/model';
import { commandArguments, environment, systemClock, systemRandom } from '@flamelake/runtime';
import manifest from '../package.json' with { type: 'json' };
import type { Command } from './commands/command.ts';

interface CommandEntry {
  readonly summary: string;
  /** Loads the command: a client must not wait for the server's code. */
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: { summary: 'run the server', load: async () => (await import('./commands/serve-command.ts')).serveCommand },
  push: {
    summary: 'send pprof files to a server',
    load: async () => (await import('./commands/push-command.ts')).pushCommand,
  },
  query: {
    summary: 'ask a server: top, flamegraph, folded, json, series or pprof',
    load: async () => (await import('./commands/query-command.ts')).queryCommand,
  },
  pgo: {
    summary: "fetch a service's CPU profile for go build -pgo",
    load: async () => (await import('./commands/pgo-command.ts')).pgoCommand,
  },
  delete: {
    summary: 'delete profiles by selector and range, or all of a tenant',
    load: async () => (await import('./commands/delete-command.ts')).deleteCommand,
  },
  pin: {
    summary: 'keep profiles beyond their retention',
    load: async () => (await import('./commands/pin-command.ts')).pinCommand,
  },
  retention: {
    summary: 'say what a tenant holds and what its size limit lets expire',
    load: async () => (await import('./commands/retention-command.ts')).retentionCommand,
  },
  inspect: {
    summary: 'show what a pprof file holds',
    load: async () => (await import('./commands/inspect-command.ts')).inspectCommand,
  },
  verify: {
    summary: 'check that log, store and server agree on what is stored',
    load: async () => (await import('./commands/verify-command.ts')).verifyCommand,
  },
  probe: {
    summary: 'push a profile and read it back, exactly',
    load: async () => (await import('./commands/probe-command.ts')).probeCommand,
  },
  config: {
    summary: 'check whether a server with the same options would start',
    load: async () => (await import('./commands/config-command.ts')).configCommand,
  },
};
/** Of BSD's sysexits: the command was used wrongly. */
const EXIT_USAGE = 64;

const usage = `flamelake COMMAND [flags]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

flamelake COMMAND --help shows the flags of a command, flamelake --version the version.
`;

async function main(words: readonly string[]): Promise<number> {
  const entry = COMMANDS[words[0] ?? ''];
  if (entry === undefined) {
    if (words[0] === '--version' || words[0] === 'version') {
      process.stdout.write(`flamelake ${manifest.version}\n`);
      return 0;
    }
    const isHelp = words[0] === undefined || /^(--?)?help$|^-h$/.test(words[0]);
    (isHelp ? process.stdout : process.stderr).write(isHelp ? usage : `unknown command ${words[0]}\n\n${usage}`);
    return isHelp ? 0 : EXIT_USAGE;
  }
  const command = await entry.load();
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(`${command.help}\n`);
    return 0;
  }
  return command.run({
    words: words.slice(1),
    environment: environment(),
    clock: systemClock,
    random: systemRandom,
    print: (text) => void process.stdout.write(text),
    printBytes: (bytes) => void process.stdout.write(bytes),
    progress: (text) => void process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`),
  });
}

// `flamelake query top | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  process.exitCode = await main(commandArguments());
} catch (error) {
  if (!(error instanceof FlamelakeError)) throw error;
  process.stderr.write(`flamelake: ${describeError(error)}\n`);
  process.exitCode = error.code === 'invalid_argument' ? EXIT_USAGE : 1;
}
