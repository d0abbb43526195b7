/** `flamelake verify`: counts and totals of the log, of the store and of a server must agree. Changes nothing. */
import { readFileSync } from 'node:fs';
import { STORE_KEY } from '@flamelake/catalog';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import { readFileLog } from '@flamelake/profile-log';
import { createLogger, createMetrics, nodeFileSystem } from '@flamelake/runtime';
import { VERIFY_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import { retentionOf } from '../options/retention.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { watchOverrides } from '../overrides/watch-overrides.ts';
import { openSharedLog } from '../roles/kafka-log.ts';
import { openObjectStore } from '../server/open-object-store.ts';
import { type LogReading, readSharedLog } from '../verify/log-reading.ts';
import { verificationText } from '../verify/verification-text.ts';
import { verifyStore } from '../verify/verify-store.ts';
import type { Command, CommandContext } from './command.ts';

/** Between two lines about progress. */
const PROGRESS_MS = 1_000;
/** All of the server's, so that its file and its environment do. */
const OPTIONS = { ...SERVE_OPTIONS, ...VERIFY_OPTIONS };

export const verifyCommand: Command = {
  help: `flamelake verify [flags]

The store is found as the server finds it: by the flags of flamelake serve (--store.*, --kafka.*), its file and its environment.
The log is that of the data directory, or the Kafka topic if kafka.brokers is set.

${helpText(VERIFY_OPTIONS)}

Exit code 0 when everything agrees, 1 when not.`,
  async run(context) {
    const { clock, random, environment } = context;
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(OPTIONS, { words: context.words, environment, readFile });
    if (rest.length > 0)
      throw new FlamelakeError('invalid_argument', 'verify takes flags only', { got: rest.join(' ') });
    const metrics = createMetrics();
    const store = await openObjectStore({ options: values, clock, random, metrics, readOnly: true });
    if ((await store.get(STORE_KEY)) === undefined) {
      const { 'store.backend': backend, 'store.prefix': prefix, 'data.directory': directory } = values;
      throw new FlamelakeError(
        'invalid_argument',
        'there is no store here',
        backend === 'files' ? { directory } : { backend, prefix },
      );
    }
    const logger = createLogger({ level: 'error', format: 'text' });
    const tenantOptions = await watchOverrides({ options: values, clock, logger, metrics });
    let shared: ProfileLog | undefined;
    const directory = values['data.directory'];
    const readLog = async (): Promise<LogReading | undefined> => {
      if (values['kafka.brokers'] === '') return readLocalLog(directory);
      const onFatal = (error: unknown) => context.progress(`the profile log fails: ${String(error)}`);
      shared = await openSharedLog({ options: values, clock, random, logger, metrics, onFatal }, true);
      return readSharedLog(shared);
    };
    try {
      const verification = await verifyStore({
        store,
        readLog,
        random,
        url: values.url,
        tenant: values.tenant,
        expireBefore: retentionOf(tenantOptions, clock),
        nowMs: () => clock.nowMs(),
        rules: { ingestionWindowMs: values['limits.ingestion-window'] },
        progress: seldom(context),
      });
      if (values['store.backend'] === 'files') {
        for (const { name } of await temporaryFiles(`${directory}/store/tmp`)) {
          verification.findings.unnamedObject(
            'temporary file: a write under way, or one that a crash ended; removed at the next start',
            `tmp/${name}`,
            0,
          );
        }
      }
      context.print(verificationText(verification, values.tenant));
      return verification.findings.count === 0 ? 0 : 1;
    } finally {
      await shared?.close();
      await tenantOptions.close();
      await store.close();
    }
  },
};

async function readLocalLog(directory: string): Promise<LogReading | undefined> {
  const log = await readFileLog({ directory: `${directory}/log`, fileSystem: nodeFileSystem });
  return log && { id: log.id, partitions: [{ partition: 0, start: log.start, records: () => log.records() }] };
}

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
