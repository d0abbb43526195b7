/** The targets of one reading of the configuration: lists that are read again and again, each at its own pace. */
import { dirname } from 'node:path';
import { type Clock, describeError, type FlamelakeError } from '@flamelake/model';
import type { Logger } from '@flamelake/runtime';
import { type Discovery, discoverFiles } from './discover-files.ts';
import { discoverHttp } from './discover-http.ts';
import { discoverKubernetes } from './discover-kubernetes.ts';
import { type Endpoint, endpointsOf } from './endpoint.ts';
import type { HttpClient } from './http-client.ts';
import type { ClientSettings, ScrapeJob, TargetGroup } from './scrape-config.ts';
import type { ScraperMetrics } from './scraper-metrics.ts';

/** A list of targets that could not be read; those it had stay. */
export interface DiscoveryFailure {
  readonly job: string;
  readonly source: string;
  readonly error: string;
}

export interface WatchedJobs {
  /** Resolves when every list was read, or has failed, once. */
  readonly first: Promise<unknown>;
  endpoints(): Endpoint[];
  failures(): DiscoveryFailure[];
  /** Lists by what they are: they remember their targets. */
  readonly discoveries: ReadonlyMap<string, Discovery>;
  close(): Promise<void>;
}

export interface WatchJobsOptions {
  /** Relative paths of files are relative to its folder. */
  readonly file: string;
  readonly fileIntervalMs: number;
  readonly clientOf: (settings: ClientSettings) => HttpClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ScraperMetrics;
  /** Of the configuration before: a list that does not answer just now keeps its targets. */
  readonly known: ReadonlyMap<string, Discovery>;
  /** Targets have changed. */
  readonly onChange: () => void;
}

interface Source {
  readonly job: ScrapeJob;
  readonly discovery: Discovery;
  groups: readonly TargetGroup[];
  failures: readonly FlamelakeError[];
}

export function watchJobs(jobs: readonly ScrapeJob[], options: WatchJobsOptions): WatchedJobs {
  const { clock, logger, metrics, clientOf } = options;
  const ending = new AbortController();
  const folder = dirname(options.file);
  const discoveries = new Map<string, Discovery>();
  const known = (job: ScrapeJob, config: object, make: () => Discovery): Discovery => {
    const key = JSON.stringify([job.name, config]);
    const discovery = options.known.get(key) ?? make();
    discoveries.set(key, discovery);
    return discovery;
  };
  const sources = jobs.flatMap((job): Source[] =>
    [
      ...job.files.map((one) => known(job, one, () => discoverFiles(one, folder, options.fileIntervalMs))),
      ...job.http.map((one) => known(job, one, () => discoverHttp(one, clientOf(one.client)))),
      ...job.kubernetes.map((one) => known(job, one, () => discoverKubernetes(one, clock))),
    ].map((discovery) => ({ job, discovery, groups: [], failures: [] })),
  );
  /** @returns whether targets have changed */
  const read = async (source: Source): Promise<boolean> => {
    const { groups, failures } = await source.discovery.discover(ending.signal);
    if (ending.signal.aborted) return false;
    if (failures.length > 0) metrics.discoveryFailures.add(1);
    if (failures.length > 0 && source.failures.length === 0) {
      const fields = { job: source.job.name, source: source.discovery.source };
      logger.failure('targets cannot be discovered, those known stay', failures[0], fields);
    }
    const before = source.groups;
    source.groups = groups;
    source.failures = failures;
    return groups.length !== before.length || groups.some((group, i) => group !== before[i]);
  };
  const first = Promise.all(sources.map(read));
  const watch = async (source: Source): Promise<void> => {
    await first;
    while (!ending.signal.aborted) {
      await clock.sleep(source.discovery.refreshMs, ending.signal);
      if (ending.signal.aborted) return;
      if (await read(source)) options.onChange();
    }
  };
  const watching = Promise.all(sources.map(watch));
  return {
    first,
    discoveries,
    endpoints: () => [
      ...jobs.flatMap((job) => job.staticGroups.flatMap((group) => endpointsOf(job, group))),
      ...sources.flatMap(({ job, groups }) => groups.flatMap((group) => endpointsOf(job, group))),
    ],
    failures: () =>
      sources.flatMap(({ job, discovery, failures }) =>
        failures.map((error) => ({ job: job.name, source: discovery.source, error: describeError(error) })),
      ),
    async close() {
      ending.abort();
      await watching;
    },
  };
}
