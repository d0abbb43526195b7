/** The scraper: finds targets as its configuration says, scrapes those that are its own, stores what they answer. */
import { readFile } from 'node:fs/promises';
import { type Clock, FlamelakeError, orderByRendezvous, type Random } from '@flamelake/model';
import { createSemaphore, type Logger, type Metrics } from '@flamelake/runtime';
import type { Endpoint } from './endpoint.ts';
import { createBytesInFlight, createHttpClient, type HttpClient } from './http-client.ts';
import type { NetworkPolicy } from './network-policy.ts';
import { readScrapeConfig } from './read-scrape-config.ts';
import type { ClientSettings, ScrapeJob } from './scrape-config.ts';
import { type PushProfiles, type RunningEndpoint, scrapeEndpoint } from './scrape-endpoint.ts';
import { createScraperMetrics } from './scraper-metrics.ts';
import { type DiscoveryFailure, type WatchedJobs, watchJobs } from './watch-jobs.ts';

export interface ScraperOptions {
  /** YAML file of `scrape-configs`, read again as it changes. */
  readonly file: string;
  readonly push: PushProfiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly policy: NetworkPolicy;
  /** How often files are looked at, ms. */
  readonly reloadIntervalMs: number;
  /** Profiles of targets scraped here. */
  readonly endpointsMax: number;
  /** Scrapes at the same time. */
  readonly concurrencyMax: number;
  /** One answer, as sent and inflated. */
  readonly profileBytesMax: number;
  readonly inFlightBytesMax: number;
  readonly snapshotBytesMax: number;
}

export interface Scraper {
  endpoints(): readonly RunningEndpoint[];
  discoveryFailures(): readonly DiscoveryFailure[];
  /** Who shares the targets from now on, as addresses; one that is not among them takes all. */
  share(peers: readonly string[], self: string | undefined): void;
  close(): Promise<void>;
}

/** @throws {FlamelakeError} `invalid_argument` naming the key, when the configuration is broken at the start */
export async function createScraper(options: ScraperOptions): Promise<Scraper> {
  const { file, clock, logger, policy } = options;
  const budget = createBytesInFlight(options.inFlightBytesMax);
  const snapshots = { inUse: 0, limit: options.snapshotBytesMax };
  const running = new Map<string, RunningEndpoint>();
  const closing = new Set<Promise<void>>();
  let clients = new Map<string, HttpClient>();
  let peers: readonly { readonly address: string }[] = [];
  let self: string | undefined;
  let isSound = true;
  let refused = 0;
  const ending = new AbortController();
  const metrics = createScraperMetrics(options.metrics, {
    health: () => [...running.values()].map((one) => one.health().health),
    refused: () => refused,
    isSound: () => isSound,
    inFlightBytes: () => budget.inUse,
    snapshotBytes: () => snapshots.inUse,
    peers: () => Math.max(1, peers.length),
  });
  const turns = createSemaphore({
    name: 'scrapes',
    capacity: options.concurrencyMax,
    // Beside those that are to be, those that are being closed may wait.
    waitingMax: options.endpointsMax * 2,
  });
  const surroundings = { ...options, metrics, snapshots, turns };

  const clientOf = (settings: ClientSettings): HttpClient => {
    const key = JSON.stringify(settings);
    const client = clients.get(key) ?? createHttpClient(settings, { policy, clock, budget });
    clients.set(key, client);
    return client;
  };
  const isOwn = ({ address }: Endpoint): boolean =>
    self === undefined || peers.length < 2 || orderByRendezvous(peers, address)[0].address === self;
  /** Starts what is new and ends what is gone; the rest goes on. */
  const sync = (jobs: WatchedJobs): void => {
    if (ending.signal.aborted) return;
    const wanted = new Map<string, Endpoint>();
    let beyond = 0;
    for (const endpoint of jobs.endpoints()) {
      if (!isOwn(endpoint) || wanted.has(endpoint.key)) continue;
      if (wanted.size < options.endpointsMax) wanted.set(endpoint.key, endpoint);
      else beyond++;
    }
    if (beyond > 0 && refused === 0) {
      logger.warn('there are more targets than may be scraped', { limit: options.endpointsMax, beyond });
    }
    refused = beyond;
    for (const [key, one] of running) {
      if (wanted.has(key)) continue;
      running.delete(key);
      const closed = one.close().finally(() => closing.delete(closed));
      closing.add(closed);
    }
    for (const [key, endpoint] of wanted) {
      if (!running.has(key)) running.set(key, scrapeEndpoint(endpoint, clientOf(endpoint.job.client), surroundings));
    }
  };
  const watch = (read: readonly ScrapeJob[], known: WatchedJobs['discoveries']): WatchedJobs => {
    const watched = watchJobs(read, {
      file,
      known,
      fileIntervalMs: options.reloadIntervalMs,
      clientOf,
      clock,
      logger,
      metrics,
      onChange: () => jobs === watched && sync(watched),
    });
    return watched;
  };
  /** Old targets stay until those of the new configuration are known. */
  const take = async (read: readonly ScrapeJob[]): Promise<void> => {
    const next = watch(read, jobs.discoveries);
    const stop = () => void next.close();
    ending.signal.addEventListener('abort', stop);
    await next.first;
    ending.signal.removeEventListener('abort', stop);
    await jobs.close();
    jobs = next;
    sync(next);
    const used = new Set([...running.values()].map(({ endpoint }) => JSON.stringify(endpoint.job.client)));
    for (const { http } of read) for (const { client } of http) used.add(JSON.stringify(client));
    clients = new Map([...clients].filter(([key]) => used.has(key)));
  };

  let text = await readText(file);
  let jobs = watch(readScrapeConfig(text, file), new Map());
  const reload = async (): Promise<void> => {
    try {
      const now = await readText(file);
      if (now === text && isSound) return;
      const read = readScrapeConfig(now, file);
      if (now !== text) await take(read);
      text = now;
      isSound = true;
      logger.info('scrape configuration is read', { file, jobs: read.length });
    } catch (error) {
      metrics.reloadFailures.add(1);
      if (isSound) logger.failure('scrape configuration is broken, the targets there were stay', error, { file });
      isSound = false;
    }
  };
  const run = async (): Promise<void> => {
    await jobs.first;
    sync(jobs);
    for (;;) {
      await clock.sleep(options.reloadIntervalMs, ending.signal);
      if (ending.signal.aborted) return;
      await reload();
    }
  };
  const watching = run();
  return {
    endpoints: () => [...running.values()],
    discoveryFailures: () => jobs.failures(),
    share(addresses, own) {
      self = own;
      peers = [...new Set(own === undefined ? [] : [...addresses, own])].map((address) => ({ address }));
      sync(jobs);
    },
    async close() {
      ending.abort();
      await jobs.close();
      await watching;
      await jobs.close();
      await Promise.all([...[...running.values()].map((one) => one.close()), ...closing]);
      for (const client of clients.values()) client.close();
    },
  };
}

/**
 * Reads a configuration as a start does.
 * @returns how many jobs it has
 * @throws {FlamelakeError} `invalid_argument` naming the key
 */
export async function checkScrapeFile(file: string): Promise<number> {
  return readScrapeConfig(await readText(file), file).length;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const details = { file, reason, option: 'scraper.config-file' };
    throw new FlamelakeError('invalid_argument', 'scrape configuration cannot be read', details, { cause });
  }
}
