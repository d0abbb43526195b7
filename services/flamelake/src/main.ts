/** The command `flamelake`: finds the subcommand, gives it a context, turns its errors into words and exit codes. */
import { describeError, FlamelakeError } from '@flamelake/model';
import { commandArguments, environment, systemClock, systemRandom } from '@flamelake/runtime';
import type { Command } from './commands/command.ts';
import { inspectCommand } from './commands/inspect-command.ts';
import { pushCommand } from './commands/push-command.ts';
import { queryCommand } from './commands/query-command.ts';

const COMMANDS: readonly Command[] = [pushCommand, queryCommand, inspectCommand];
/** Of BSD's sysexits: the command was used wrongly. */
const EXIT_USAGE = 64;

const usage = `flamelake COMMAND [flags]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

flamelake COMMAND --help shows the flags of a command.
`;

async function main(words: readonly string[]): Promise<number> {
  const command = COMMANDS.find(({ name }) => name === words[0]);
  if (command === undefined) {
    const isHelp = words[0] === undefined || /^(--?)?help$|^-h$/.test(words[0]);
    (isHelp ? process.stdout : process.stderr).write(isHelp ? usage : `unknown command ${words[0]}\n\n${usage}`);
    return isHelp ? 0 : EXIT_USAGE;
  }
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(`${command.help}\n`);
    return 0;
  }
  const shutdown = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => shutdown.abort());
  return command.run({
    words: words.slice(1),
    environment: environment(),
    clock: systemClock,
    random: systemRandom,
    print: (text) => void process.stdout.write(text),
    printBytes: (bytes) => void process.stdout.write(bytes),
    progress: (text) => void process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`),
    shutdown: shutdown.signal,
  });
}

try {
  process.exitCode = await main(commandArguments());
} catch (error) {
  if (!(error instanceof FlamelakeError)) throw error;
  process.stderr.write(`flamelake: ${describeError(error)}\n`);
  process.exitCode = error.code === 'invalid_argument' ? EXIT_USAGE : 1;
}
