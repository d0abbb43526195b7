/** `flamelake config check`, `flamelake config create`: would a server with these options start? Every part is tried, so that all faults are told at once. */
import { readFileSync } from 'node:fs';
import { describeError, FlamelakeError } from '@flamelake/model';
import { parseAddressSource } from '@flamelake/rpc/internal';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { readOptions } from '../options/read-options.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { watchOverrides } from '../overrides/watch-overrides.ts';
import {
  checkCache,
  checkDirectory,
  checkLog,
  checkStore,
  createStore,
  type Surroundings,
} from '../server/check-components.ts';
import { openCertificates } from '../server/open-certificates.ts';
import type { Command } from './command.ts';

/** What a part was found to be, in words. @throws what is wrong with it */
type Check = () => Promise<string>;

export const configCommand: Command = {
  help: `flamelake config check [flags of flamelake serve]
flamelake config create [flags of flamelake serve]

Reads the options as flamelake serve does – flags, environment, file – and tries what the role of --target needs: the store (puts race on a key that is
deleted again), the profile log (its topic is made when there is none, as a start would make it), the cache, files and certificates.

create makes the bucket or container first, when there is none; what is there is left as it is. Its user needs the permission to: s3:CreateBucket,
storage.buckets.create (and store.gcs.project), or blobServices/containers/write.

Exit code 0 when a server would start, 1 when not, 64 when the options themselves are wrong.`,
  async run({ words, environment, clock, random, print }) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values: options, rest } = readOptions(SERVE_OPTIONS, { words, environment, readFile });
    const word = rest.join(' ');
    if (word !== 'check' && word !== 'create')
      throw new FlamelakeError('invalid_argument', 'config takes one word', { word: 'check or create', got: word });
    const logger = createLogger({ level: 'error', format: 'text' });
    const surroundings = { options, clock, random, logger, metrics: createMetrics() };
    let faults = 0;
    for (const [part, check] of Object.entries(checksOf(surroundings, word))) {
      try {
        print(`ok     ${part}: ${await check()}\n`);
      } catch (error) {
        if (!(error instanceof FlamelakeError)) throw error;
        faults++;
        print(`WRONG  ${part}: ${describeError(error)}\n`);
      }
    }
    print(faults === 0 ? `${options.target} would start\n` : `${options.target} would not start\n`);
    return faults === 0 ? 0 : 1;
  },
};

/** Parts that the target needs, in the order in which a start needs them. */
function checksOf(surroundings: Surroundings, word: 'check' | 'create'): Readonly<Record<string, Check>> {
  const { options } = surroundings;
  const { target } = options;
  return {
    options: () => Promise.resolve(`${Object.keys(options).length} are understood`),
    certificates: async () => {
      const certificates = await openCertificates(surroundings);
      await certificates.close();
      return certificates.server === undefined ? 'none for server.port' : 'those of server.port are there';
    },
    overrides: async () => {
      await (await watchOverrides(surroundings)).close();
      return options['runtime-config.file'] || 'no file is given';
    },
    ...(target === 'all' && { directory: () => checkDirectory(options['data.directory']) }),
    // A scraper keeps nothing.
    ...(target !== 'scraper' && {
      store: () => (word === 'create' ? createStore(surroundings) : checkStore(surroundings)),
    }),
    ...((target === 'distributor' || target === 'segment-writer') && { log: () => checkLog(surroundings) }),
    ...((target === 'scraper' || (target === 'all' && options['scraper.config-file'] !== '')) && {
      scraping: async () => (await import('../roles/scraper-role.ts')).checkScraping(options),
    }),
    ...(target === 'querier' && { cache: () => checkCache(surroundings) }),
    ...(target === 'query-frontend' && { queriers: () => checkQueriers(options['query-frontend.queriers']) }),
  };
}

/** They may start later: only how they are written is checked. */
async function checkQueriers(queriers: string): Promise<string> {
  if (queriers === '') {
    throw new FlamelakeError('invalid_argument', 'query-frontend needs queriers', {
      option: 'query-frontend.queriers',
    });
  }
  parseAddressSource(queriers);
  return queriers;
}
