/** `flamelake verify`: counts and totals of the log, of the store and of a server must agree. Changes nothing. */
import { readFileSync } from 'node:fs';
import { STORE_KEY } from '@flamelake/catalog';
import { FlamelakeError } from '@flamelake/model';
import { createFileStore } from '@flamelake/object-store';
import { readFileLog } from '@flamelake/profile-log';
import { nodeFileSystem } from '@flamelake/runtime';
import { VERIFY_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import { verificationText } from '../verify/verification-text.ts';
import { verifyStore } from '../verify/verify-store.ts';
import type { Command, CommandContext } from './command.ts';

/** Between two lines about progress. */
const PROGRESS_MS = 1_000;

export const verifyCommand: Command = {
  help: `flamelake verify [flags]\n\n${helpText(VERIFY_OPTIONS)}\n\nExit code 0 when everything agrees, 1 when not.`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(VERIFY_OPTIONS, { words: context.words, environment: {}, readFile });
    if (rest.length > 0)
      throw new FlamelakeError('invalid_argument', 'verify takes flags only', { got: rest.join(' ') });
    const { clock, random } = context;
    const [directory, fileSystem] = [values['data.directory'], nodeFileSystem];
    const store = await createFileStore({ directory: `${directory}/store`, fileSystem, clock, random, readOnly: true });
    if ((await store.get(STORE_KEY)) === undefined) {
      throw new FlamelakeError('invalid_argument', 'there is no store in the data directory', { directory });
    }
    const verification = await verifyStore({
      store,
      readLog: () => readFileLog({ directory: `${directory}/log`, fileSystem }),
      random,
      url: values.url,
      tenant: values.tenant,
      rules: { ingestionWindowMs: values['limits.ingestion-window'] },
      progress: seldom(context),
    });
    for (const { name } of await temporaryFiles(`${directory}/store/tmp`)) {
      verification.findings.unnamedObject(
        'temporary file: a write under way, or one that a crash ended; removed at the next start',
        `tmp/${name}`,
        0,
      );
    }
    context.print(verificationText(verification, values.tenant));
    return verification.findings.count === 0 ? 0 : 1;
  },
};

/** Says what is done once a second, so that short walks are silent. */
function seldom({ clock, progress }: CommandContext): (words: string) => void {
  let saidMs = clock.monotonicMs();
  return (words) => {
    if (clock.monotonicMs() - saidMs < PROGRESS_MS) return;
    saidMs = clock.monotonicMs();
    progress(words);
  };
}

async function temporaryFiles(folder: string) {
  return (await nodeFileSystem.stat(folder)) === undefined ? [] : nodeFileSystem.readFolder(folder);
}
