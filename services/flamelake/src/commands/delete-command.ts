/** `flamelake delete`: profiles of a tenant by selector and range, or all of them; `flamelake delete list` shows what was deleted. */
import { readFileSync } from 'node:fs';
import { FlamelakeError } from '@flamelake/model';
import { createConnectClient } from '../client/connect-client.ts';
import { type DataMessage, messageOf, printChanges } from '../client/data-message.ts';
import { DELETE_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command } from './command.ts';
import { textTable } from './text-table.ts';

export const deleteCommand: Command = {
  help: `flamelake delete --selector=SELECTOR [flags]
flamelake delete --all [flags]
flamelake delete list [flags]

No query shows the profiles any more when it returns; the compactor takes them out of the bucket. --all deletes uploaded files too.

${helpText(DELETE_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(DELETE_OPTIONS, { words: context.words, environment: {}, readFile });
    const client = createConnectClient(values.url, values.tenant, values.token);
    if (rest.join(' ') === 'list') {
      await printChanges(client, context, values);
      return 0;
    }
    if (rest.length > 0)
      throw new FlamelakeError('invalid_argument', 'delete takes flags, or list', { got: rest.join(' ') });
    if ((values.selector === '') !== values.all) {
      throw new FlamelakeError('invalid_argument', 'delete needs --selector or --all, one of them');
    }
    const message: DataMessage = messageOf(
      { ...values, selector: values.all ? '{}' : values.selector },
      context.clock.nowMs(),
    );
    const answer = await client.call<Readonly<Record<string, number | string | boolean>>>('api/v1/delete', {
      ...message,
      all: values.all,
      dryRun: values['dry-run'],
      ...(values.after !== '' && { commit: values.after }),
    });
    context.print(values['dry-run'] ? previewText(answer) : `deleted, id ${answer.id}\n`);
    return 0;
  },
};

/** What a dry run found, in words. */
export function previewText(answer: Readonly<Record<string, number | string | boolean>>): string {
  const rows = ['profiles', 'rows', 'bytes', 'objects'].map((name) => [name, String(answer[name])]);
  const bound = answer.isComplete === true ? '' : ', at least: there is more than was looked into';
  return `would be deleted${bound}\n${textTable(undefined, rows)}`;
}
