/** `flamelake pin`: exempts profiles from retention; `pin list` and `pin remove ID`. */
import { readFileSync } from 'node:fs';
import { FlamelakeError } from '@flamelake/model';
import { createConnectClient } from '../client/connect-client.ts';
import { messageOf, printChanges } from '../client/data-message.ts';
import { PIN_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command } from './command.ts';

export const pinCommand: Command = {
  help: `flamelake pin --selector=SELECTOR [flags]
flamelake pin list [flags]
flamelake pin remove ID [flags]

What is pinned stays when its retention ends.

${helpText(PIN_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(PIN_OPTIONS, { words: context.words, environment: {}, readFile });
    const client = createConnectClient(values.url, values.tenant, values.token);
    const [verb, id] = rest;
    if (verb === 'list' && rest.length === 1) await printChanges(client, context, values);
    else if (verb === 'remove' && id !== undefined && rest.length === 2) {
      await client.call('api/v1/unpin', { id, by: messageOf(values, 0).by });
      context.print(`no longer pinned: ${id}\n`);
    } else if (verb === undefined && values.selector !== '') {
      const answer = await client.call<{ id: string }>('api/v1/pin', messageOf(values, context.clock.nowMs()));
      context.print(`pinned, id ${answer.id}\n`);
    } else throw new FlamelakeError('invalid_argument', 'pin needs --selector, or list, or remove and an id');
    return 0;
  },
};
