/** `flamelake probe`: one round of the canary from outside: pushes a profile, reads it back with its commit token, exactly. */
import { readFileSync } from 'node:fs';
import { FlamelakeError } from '@flamelake/model';
import { HEADER } from '@flamelake/rpc';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { type CanaryEnds, probeOnce } from '../canary/canary.ts';
import { pushTo } from '../canary/start-canary.ts';
import { createConnectClient } from '../client/connect-client.ts';
import { PROBE_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command } from './command.ts';

export const probeCommand: Command = {
  help: `flamelake probe [flags]\n\n${helpText(PROBE_OPTIONS)}\n\nExit code 0 when the profile was counted once within a minute, 1 when not.`,
  async run({ words, clock, random, print }) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(PROBE_OPTIONS, { words, environment: {}, readFile });
    if (rest.length > 0)
      throw new FlamelakeError('invalid_argument', 'probe takes flags only', { got: rest.join(' ') });
    const ends = { push: pushTo(values['push-url'] || values.url, values.tenant), total: totalAt(values) };
    const logger = createLogger({ level: 'warn', format: 'text' });
    const startMs = clock.monotonicMs();
    const isCounted = await probeOnce(
      { ends, clock, random, logger, metrics: createMetrics() },
      new AbortController().signal,
    );
    const seconds = ((clock.monotonicMs() - startMs) / 1_000).toFixed(1);
    print(isCounted ? `pushed, and counted once after ${seconds} s\n` : `not counted after ${seconds} s\n`);
    return isCounted ? 0 : 1;
  },
};

function totalAt({ url, tenant }: { readonly url: string; readonly tenant: string }): CanaryEnds['total'] {
  const client = createConnectClient(url, tenant);
  return async ({ timeMs, profileTypeId, labelSelector, commitToken }) => {
    const question = { profileTypeID: profileTypeId, labelSelector, start: String(timeMs), end: String(timeMs) };
    const { answer } = await client.ask<{ flamegraph?: { total?: string } }>(
      'querier.v1.QuerierService/SelectMergeStacktraces',
      question,
      { [HEADER.commit]: commitToken },
    );
    return BigInt(answer.flamegraph?.total ?? 0);
  };
}
