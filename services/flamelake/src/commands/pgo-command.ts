/** `flamelake pgo SERVICE`: fetches a service's CPU profile for `go build -pgo`. */
import { readFileSync } from 'node:fs';
import { FlamelakeError } from '@flamelake/model';
import { createConnectClient } from '../client/connect-client.ts';
import { readTime } from '../client/read-time.ts';
import { writeOutput } from '../client/write-output.ts';
import { PGO_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command } from './command.ts';

export const pgoCommand: Command = {
  help: `flamelake pgo SERVICE [flags]\n\n${helpText(PGO_OPTIONS)}`,
  async run({ words, clock, progress }) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(PGO_OPTIONS, { words, environment: {}, readFile });
    const [service] = rest;
    if (service === undefined || rest.length > 1) {
      throw new FlamelakeError('invalid_argument', 'pgo needs one service', { got: rest.join(' ') });
    }
    const nowMs = clock.nowMs();
    const parameters = new URLSearchParams({
      type: values.type,
      query: values.selector,
      from: String(readTime('from', values.from, nowMs)),
      until: String(readTime('until', values.until, nowMs)),
      'keep-locations': String(values['keep-locations']),
      'max-bytes': String(values['max-size']),
    });
    const client = createConnectClient(values.url, values.tenant);
    const path = `api/v1/pgo/${encodeURIComponent(service)}/default.pgo?${parameters.toString()}`;
    const { bytes, headers } = await client.get(path);
    writeOutput(values.output, bytes);
    const kept = headers.get('x-flamelake-samples-kept') ?? '';
    progress(`${bytes.length} bytes to ${values.output}, ${kept} of the samples`);
    return 0;
  },
};
