/** Scrapes one endpoint over and over, and knows how it went. */
import { decodePprof, inflate } from '@flamelake/formats';
import { type Clock, CODE_MEANINGS, describeError, FlamelakeError, type Random } from '@flamelake/model';
import type { PushSeries } from '@flamelake/rpc';
import { type Logger, type Semaphore, yieldToLoop } from '@flamelake/runtime';
import type { Endpoint } from './endpoint.ts';
import type { HttpClient } from './http-client.ts';
import type { ScraperMetrics } from './scraper-metrics.ts';
import {
  changeSince,
  cumulativeColumns,
  encodeInTurns,
  type Snapshot,
  snapshotBytes,
  takeSnapshot,
} from './snapshot.ts';

export interface EndpointHealth {
  readonly health: 'unknown' | 'up' | 'down';
  /** '' when the last scrape went well. */
  readonly lastError: string;
  /** When the last scrape began, ms since 1970; undefined before the first. */
  readonly lastScrapeMs: number | undefined;
  readonly lastDurationMs: number;
}

/** Stores profiles of the scraper's tenant. */
export type PushProfiles = (series: readonly PushSeries[]) => Promise<unknown>;

export interface ScrapeSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: ScraperMetrics;
  readonly push: PushProfiles;
  readonly turns: Semaphore;
  /** Largest answer as sent, and inflated. */
  readonly profileBytesMax: number;
  readonly snapshots: SnapshotBytes;
}

/** Memory of all snapshots that wait for the next one. */
export interface SnapshotBytes {
  inUse: number;
  readonly limit: number;
}

export interface RunningEndpoint {
  readonly endpoint: Endpoint;
  health(): EndpointHealth;
  /** Resolves when it scrapes no more. */
  close(): Promise<void>;
}

const HEADERS = { 'user-agent': 'flamelake', accept: '*/*' };

export function scrapeEndpoint(
  endpoint: Endpoint,
  client: HttpClient,
  surroundings: ScrapeSurroundings,
): RunningEndpoint {
  const { clock, random, logger, metrics, turns, snapshots, push } = surroundings;
  const { job, profile } = endpoint;
  const ending = new AbortController();
  let health: EndpointHealth = { health: 'unknown', lastError: '', lastScrapeMs: undefined, lastDurationMs: 0 };
  let before: Snapshot | undefined;
  /** What was not stored yet, though its snapshot is the base of the next change. */
  let pending: Uint8Array | undefined;

  const keep = (snapshot: Snapshot | undefined) => {
    const more =
      (snapshot === undefined ? 0 : snapshotBytes(snapshot)) - (before === undefined ? 0 : snapshotBytes(before));
    if (snapshots.inUse + more > snapshots.limit && more > 0) {
      const details = { limitBytes: snapshots.limit, key: 'scraper.snapshots-size-max' };
      throw new FlamelakeError('resource_exhausted', 'snapshots of targets take too much memory', details);
    }
    snapshots.inUse += more;
    before = snapshot;
  };
  const store = async (bytes: Uint8Array): Promise<void> => {
    pending = bytes;
    try {
      await push([{ labels: endpoint.labels, samples: [{ rawProfile: bytes, id: '' }] }]);
      pending = undefined;
    } catch (error) {
      // The same bytes are the same profile: if they were stored after all, they are not stored again.
      if (!(error instanceof FlamelakeError) || !CODE_MEANINGS[error.code].mayRetry) pending = undefined;
      throw error;
    }
  };
  const change = async (payload: Uint8Array): Promise<Uint8Array> => {
    const plain = inflate(payload, { bytesMax: surroundings.profileBytesMax });
    await yieldToLoop();
    const decoded = decodePprof(plain);
    const columns = cumulativeColumns(decoded, profile.cumulative);
    if (columns.length === 0) return payload;
    // Decoding takes tens of ms of a large snapshot, all behind it turns of a few: whoever else is served has theirs in between.
    await yieldToLoop();
    const keyed = await takeSnapshot(decoded, columns);
    await yieldToLoop();
    const since = await changeSince(before, keyed, decoded, columns);
    keep(keyed.snapshot);
    if (since.isReset) metrics.resets.add(1);
    await yieldToLoop();
    return encodeInTurns(since.profile);
  };
  const scrape = async (): Promise<void> => {
    if (pending !== undefined) await store(pending);
    const payload = await client.get(endpoint.url, {
      timeoutMs: job.timeoutMs,
      bytesMax: Math.min(job.bodyBytesMax || surroundings.profileBytesMax, surroundings.profileBytesMax),
      headers: HEADERS,
      signal: ending.signal,
    });
    metrics.bytes.add(payload.length, { job: job.name });
    if (payload.length === 0) throw new FlamelakeError('invalid_argument', 'target answered with nothing');
    await store(profile.cumulative.length === 0 ? payload : await change(payload));
  };
  const scrapeOnce = async (): Promise<void> => {
    const lastScrapeMs = clock.nowMs();
    const startMs = clock.monotonicMs();
    let failure: unknown;
    try {
      await scrape();
    } catch (error) {
      failure = error;
    }
    if (ending.signal.aborted) return;
    const lastDurationMs = clock.monotonicMs() - startMs;
    metrics.seconds.observe(lastDurationMs / 1_000, { result: failure === undefined ? 'stored' : 'failed' });
    const wasDown = health.health === 'down';
    const isDown = failure !== undefined;
    health = {
      health: isDown ? 'down' : 'up',
      lastError: isDown ? wordsOf(failure) : '',
      lastScrapeMs,
      lastDurationMs,
    };
    if (isDown && !wasDown) {
      logger.warn('target is down', { job: job.name, url: endpoint.url, error: failure });
    }
  };
  const run = async (): Promise<void> => {
    // Targets that are found together are not scraped together.
    await clock.sleep(random.fraction() * job.intervalMs, ending.signal);
    while (!ending.signal.aborted) {
      const startMs = clock.monotonicMs();
      await turns.run(scrapeOnce, 1, ending.signal).catch((error: unknown) => {
        if (!ending.signal.aborted) logger.failure('scrape could not begin', error, { url: endpoint.url });
      });
      await clock.sleep(Math.max(0, job.intervalMs - (clock.monotonicMs() - startMs)), ending.signal);
    }
  };
  const running = run().finally(() => keep(undefined));
  return {
    endpoint,
    health: () => health,
    async close() {
      ending.abort();
      await running;
    },
  };
}

/** Errors of others may say anything; ours say what a user should know. */
function wordsOf(error: unknown): string {
  return error instanceof FlamelakeError ? describeError(error) : 'scrape failed for a reason of ours, see the log';
}
