/** `flamelake retention`: how many bytes a tenant holds, and what would expire by its size limit, or by another one. */
import { readFileSync } from 'node:fs';
import { createConnectClient } from '../client/connect-client.ts';
import { RETENTION_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command } from './command.ts';
import { textTable } from './text-table.ts';

interface WireRetention {
  readonly bytes: number;
  readonly limitBytes: number;
  readonly expiresBytes: number;
  readonly expiresBeforeMs: number;
}

export const retentionCommand: Command = {
  help: `flamelake retention [flags]

Nothing is changed.

${helpText(RETENTION_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values } = readOptions(RETENTION_OPTIONS, { words: context.words, environment: {}, readFile });
    const client = createConnectClient(values.url, values.tenant, values.token);
    const message = values.size === 0 ? {} : { sizeBytes: values.size };
    const { bytes, limitBytes, expiresBytes, expiresBeforeMs } = await client.call<WireRetention>(
      'api/v1/retention',
      message,
    );
    const rows = [
      ['bytes held', String(bytes)],
      ['limit', limitBytes === 0 ? 'none' : String(limitBytes)],
      ['would expire', String(expiresBytes)],
      ['before', expiresBeforeMs === 0 ? 'nothing' : new Date(expiresBeforeMs).toISOString()],
    ];
    context.print(textTable(undefined, rows));
    return 0;
  },
};
