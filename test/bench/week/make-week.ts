/**
 * Makes the bucket of a synthetic week with the real services on a fast clock: distributor, profile log, segment-writer and compactor with
 * their default rules. Only the rate is smaller than in life, and with it segments and folds are rarer; hours and days are whole.
 */
import { gzipSync } from 'node:zlib';
import { parseBlock } from '@flamelake/block';
import { INGESTION_WINDOW_MS_DEFAULT, identityWindowMs, openStore, takeSnapshot } from '@flamelake/catalog';
import { createCompactor } from '@flamelake/compactor';
import { createDistributor } from '@flamelake/distributor';
import type { ObjectStore } from '@flamelake/model';
import { createMemoryLog } from '@flamelake/profile-log';
import { createLogger, createMetrics, type Metrics } from '@flamelake/runtime';
import { createSegmentWriter } from '@flamelake/segment-writer';
import { createSeededRandom } from '@flamelake/testkit';
import { residentMb } from '../process-usage.ts';
import { createCountedStore, type StoreCounts } from './counted-store.ts';
import { createDirectoryStore } from './directory-store.ts';
import { createFastClock } from './fast-clock.ts';
import { createWeekServices, isCpuService, type WeekService } from './week-services.ts';

export interface WeekScale {
  readonly seed: number;
  readonly days: number;
  readonly services: number;
  /** Of each service, ms. */
  readonly pushEveryMs: number;
  readonly flushIntervalMs: number;
  readonly foldIntervalMs: number;
}

/**
 * An installation whose 40 services have a pod each that sends a profile every 24 s, made 60 times slower: a segment holds what it would in
 * life, and so does a fold. Hours and days hold a 60th, so that what they make of a profile is more than it would be.
 */
export const WEEK_SCALE: WeekScale = {
  seed: 1,
  days: 7,
  services: 40,
  pushEveryMs: 1_440_000,
  flushIntervalMs: 60_000,
  foldIntervalMs: 1_800_000,
};

/** Thursday. */
export const WEEK_START_MS = Date.UTC(2026, 0, 15);
/** What is pushed after the last day: there is a tail to read. */
const TAIL_MS = 2_400_000;
const DAY_MS = 86_400_000;
/** Of so many profiles one is compressed to learn their size. */
const GZIP_EVERY = 11;

/** Profiles of services that send CPU time alone, and of the others. */
export interface ByKind {
  readonly cpu: number;
  readonly mixed: number;
}

export interface MadeWeek {
  readonly scale: WeekScale;
  readonly endMs: number;
  readonly profiles: ByKind;
  /** Mean bytes of a profile as gzipped pprof. */
  readonly gzipBytes: ByKind;
  /** Mean bytes of a profile in segments, and in blocks by level, whenever they were written. */
  readonly writtenBytes: readonly number[];
  /** Of a profile where it is written first: segments, then folds. */
  readonly firstBytes: readonly ByKind[];
  readonly counts: StoreCounts;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** @param directory - what it holds goes */
export async function makeWeek(directory: string, scale: WeekScale): Promise<MadeWeek> {
  const cpuBefore = process.cpuUsage();
  const clock = createFastClock(WEEK_START_MS);
  const random = createSeededRandom(scale.seed);
  const inner = createDirectoryStore(directory, clock);
  const services = createWeekServices(scale.services, random.fork('services'), WEEK_START_MS);
  const firstBytes = [0, 1].map(() => ({ cpu: 0, mixed: 0 }));
  const counted = createCountedStore(weighing(inner, firstBytes));
  const { store } = counted;
  const log = createMemoryLog({ clock, random: random.fork('log'), partitionCount: 1 });
  await openStore(store, random);
  const logger = createLogger({ level: 'warn' });
  const metrics = createMetrics();
  const ports = { store, clock, logger, metrics };
  const distributor = createDistributor({ ...ports, random, log, sealCommit: () => '' });
  const { flushIntervalMs, foldIntervalMs } = scale;
  const writer = createSegmentWriter({ ...ports, random: random.fork('writer'), log, flushIntervalMs });
  const compactor = createCompactor({
    ...ports,
    random: random.fork('compactor'),
    foldIntervalMs,
    retention: {
      expireBefore: () => Number.NEGATIVE_INFINITY,
      identityWindowMs: identityWindowMs({ ingestionWindowMs: INGESTION_WINDOW_MS_DEFAULT }),
      rewriteAfterMs: DAY_MS,
    },
  });
  const ending = new AbortController();
  const endMs = WEEK_START_MS + scale.days * DAY_MS + TAIL_MS;
  const pushed = { profiles: { cpu: 0, mixed: 0 }, gzip: { cpu: 0, mixed: 0 }, weighed: { cpu: 0, mixed: 0 } };

  async function push(service: WeekService, number: number): Promise<void> {
    const kind = service.isCpu ? 'cpu' : 'mixed';
    const { labels, pprof } = service.next(clock.nowMs());
    pushed.profiles[kind]++;
    if (number % GZIP_EVERY === 0) {
      pushed.gzip[kind] += gzipSync(pprof).length;
      pushed.weighed[kind]++;
    }
    await distributor.push(service.tenant, [{ labels, samples: [{ rawProfile: pprof, id: '' }] }]);
  }

  async function run(): Promise<void> {
    const roles = [writer.run(ending.signal), compactor.run(ending.signal)];
    const stepMs = scale.pushEveryMs / services.length;
    for (let number = 0; clock.nowMs() < endMs; number++) {
      await clock.sleep(stepMs);
      await push(services[number % services.length], number);
    }
    ending.abort();
    await Promise.all(roles);
  }
  await clock.runUntil(run());
  inner.save();
  const { user, system } = process.cpuUsage(cpuBefore);
  const each = (sum: ByKind, count: ByKind): ByKind => ({ cpu: sum.cpu / count.cpu, mixed: sum.mixed / count.mixed });
  return {
    scale,
    endMs,
    profiles: pushed.profiles,
    gzipBytes: each(pushed.gzip, pushed.weighed),
    writtenBytes: await writtenByLevel(metrics),
    firstBytes: firstBytes.map((bytes) => each(bytes, pushed.profiles)),
    counts: counted.take(),
    cpuSeconds: (user + system) / 1e6,
    peakMb: residentMb(process.pid).peak,
  };
}

/** Adds the bytes of segments and folds, by kind of profile, as they are written. */
function weighing(store: ObjectStore, bytes: readonly { cpu: number; mixed: number }[]): ObjectStore {
  const weigh = (key: string, body: Uint8Array) => {
    if (!key.includes('/blocks/') && !key.includes('/segments/')) return;
    const { level, datasets } = parseBlock(body, key).info;
    if (bytes[level] === undefined) return;
    const own = datasets.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    // What is of the whole block is shared out by bytes.
    for (const { service, sizeBytes } of datasets)
      bytes[level][isCpuService(service) ? 'cpu' : 'mixed'] += (sizeBytes * body.length) / own;
  };
  return {
    ...store,
    putIfAbsent(key, body) {
      weigh(key, body);
      return store.putIfAbsent(key, body);
    },
    put(key, body) {
      weigh(key, body);
      return store.put(key, body);
    },
  };
}

/** What the compactor's own metric says. */
async function writtenByLevel(metrics: Metrics): Promise<number[]> {
  const levels = [0, 0, 0, 0];
  for (const { name, values } of await metrics.snapshot()) {
    if (name !== 'flamelake_compactor_written_bytes_total') continue;
    for (const { labels, value } of values) levels[Number(labels.level)] = value;
  }
  return levels;
}

/** Live objects by level: how many, and their bytes. */
export async function liveByLevel(store: ObjectStore): Promise<{ readonly blocks: number; readonly bytes: number }[]> {
  const levels = [0, 1, 2, 3].map(() => ({ blocks: 0, bytes: 0 }));
  const { partitions } = await takeSnapshot(store);
  for (const { manifest, segments } of partitions) {
    const all = [...manifest.blocks, ...segments.map(({ sizeBytes }) => ({ level: 0, sizeBytes }))];
    for (const { level, sizeBytes } of all) {
      levels[level].blocks++;
      levels[level].bytes += sizeBytes;
    }
  }
  return levels;
}
