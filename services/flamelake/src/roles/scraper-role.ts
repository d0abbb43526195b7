/** Scrapes targets: into the distributor of this process, or into those that an option names. */
import type { Distributor } from '@flamelake/distributor';
import { ANONYMOUS_TENANT, FlamelakeError, isTenantId } from '@flamelake/model';
import {
  checkScrapeFile,
  createNetworkPolicy,
  createScraper,
  type Scraper,
  targetsJson,
  targetsPage,
} from '@flamelake/scraper';
import { createConnectClient } from '../client/connect-client.ts';
import type { ServeOptions } from '../options/serve-options.ts';
import { findOwnAddress, ownHosts } from './own-address.ts';
import type { Role, StorelessContext } from './role.ts';

/** Time between look-ups of the peers. */
const LOOKUP_INTERVAL_MS = 5_000;
const NOTHING = { endpoints: () => [], discoveryFailures: () => [] } as const;

/**
 * @param push - of the distributor in this process, if there is one
 * @throws {FlamelakeError} `invalid_argument` when options or the configuration are broken
 */
export async function startScraperRole(
  context: StorelessContext,
  push: Distributor['push'] | undefined,
): Promise<Role> {
  const { options, clock, random, logger, metrics } = context;
  const file = fileOf(options);
  const tenant = tenantOf(options);
  const pushTo = push ?? remotePush(options);
  const scraper = await createScraper({
    file,
    push: (series) => pushTo(tenant, series),
    clock,
    random,
    logger,
    metrics,
    policy: createNetworkPolicy(options['scraper.allow-networks'], options['scraper.deny-networks']),
    reloadIntervalMs: options['scraper.reload-interval'],
    endpointsMax: options['scraper.targets-max'],
    concurrencyMax: options['scraper.concurrency-max'],
    profileBytesMax: options['limits.profile-size-max'],
    inFlightBytesMax: options['scraper.in-flight-size-max'],
    snapshotBytesMax: options['scraper.snapshots-size-max'],
  });
  const peers = options['scraper.peers'] === '' ? undefined : await watchPeers(context, scraper);
  // Nobody sees where another tenant's profiles come from.
  const shownTo = (asking: string) => (asking === tenant ? scraper : NOTHING);
  return {
    routes: [
      {
        paths: ['/api/v1/targets'],
        answer: async (_, call) => ({ contentType: 'application/json', body: targetsJson(shownTo(call.tenant)) }),
      },
      {
        paths: ['/targets'],
        answer: async (_, call) => ({
          contentType: 'text/html; charset=utf-8',
          body: targetsPage(shownTo(call.tenant), clock.nowMs()),
          headers: {
            'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
          },
        }),
      },
    ],
    async close() {
      await peers?.close();
      await scraper.close();
    },
  };
}

/**
 * Reads the configuration as a start does.
 * @returns what is in it, in words
 * @throws {FlamelakeError} `invalid_argument` when options or the configuration are broken
 */
export async function checkScraping(options: ServeOptions): Promise<string> {
  const file = fileOf(options);
  tenantOf(options);
  if (options.target === 'scraper') remotePush(options);
  createNetworkPolicy(options['scraper.allow-networks'], options['scraper.deny-networks']);
  return `${await checkScrapeFile(file)} jobs in ${file}`;
}

function fileOf(options: ServeOptions): string {
  const file = options['scraper.config-file'];
  if (file === '') throw missing('scraper.config-file', 'a YAML file with scrape-configs');
  return file;
}

function tenantOf(options: ServeOptions): string {
  const tenant = options['scraper.tenant'];
  if (!options['multitenancy.enabled']) return ANONYMOUS_TENANT;
  if (!isTenantId(tenant)) throw missing('scraper.tenant', 'the tenant of scraped profiles');
  return tenant;
}

/** @throws {FlamelakeError} `invalid_argument` without a URL */
function remotePush(options: ServeOptions): (...push: Parameters<Distributor['push']>) => Promise<unknown> {
  const url = options['scraper.push-url'];
  if (url === '') throw missing('scraper.push-url', 'the URL of the distributors, as in http://distributor:4040');
  return (tenant, series) =>
    createConnectClient(url, options['multitenancy.enabled'] ? tenant : '').call('push.v1.PusherService/Push', {
      series: series.map(({ labels, samples }) => ({
        labels,
        samples: samples.map(({ rawProfile, id }) => ({
          rawProfile: Buffer.from(rawProfile).toString('base64'),
          ID: id,
        })),
      })),
    });
}

function missing(option: string, expected: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'option of the scraper is missing', { option, expected });
}

/** @throws {FlamelakeError} `invalid_argument` on peers that cannot be read */
async function watchPeers(
  { options, clock, logger }: StorelessContext,
  scraper: Scraper,
): Promise<{ close(): Promise<void> }> {
  const { parseAddressSource, watchAddresses } = await import('@flamelake/rpc/internal');
  return watchAddresses(parseAddressSource(options['scraper.peers']), {
    clock,
    intervalMs: LOOKUP_INTERVAL_MS,
    onChange(addresses) {
      const own = options['scraper.address'] || findOwnAddress(addresses, ownHosts());
      scraper.share(addresses, own);
      if (own !== undefined) return logger.info('scrapers share the targets', { addresses, own });
      logger.warn('own address is not among the scrapers: all targets are scraped; set scraper.address', { addresses });
    },
    onFailure: (error) => logger.failure('scrapers cannot be looked up', error),
  });
}
