/** A distributor behind a real server, over a log in memory and a clock that tests set: for tests. */
import { decodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import type { Clock, ProfileLog } from '@flamelake/model';
import { createMemoryLog } from '@flamelake/profile-log';
import { type BodyLimits, startServer } from '@flamelake/rpc';
import { createLogger, createMetrics, type Metrics, systemClock } from '@flamelake/runtime';
import { createSeededRandom } from '@flamelake/testkit';
import { createDistributor, type Distributor, type DistributorOptions } from './distributor.ts';
import { createIngestHandler } from './ingest/ingest-handler.ts';
import { INGEST_BODY_LIMITS } from './ingest/request-body.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits } from './limits.ts';
import { createOtlpHandler, OTLP_PATH } from './otlp/otlp-handler.ts';
import { otlpMethod } from './otlp/otlp-method.ts';
import { pushMethod } from './push-method.ts';

export interface TestDistributor {
  readonly distributor: Distributor;
  readonly log: ProfileLog;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly setNow: (nowMs: number) => void;
  /** Profiles of the log, all partitions, in order. */
  readonly profiles: () => Promise<ProfileRecord[]>;
}

export const TEST_NOW_MS = Date.UTC(2026, 10, 20, 20, 30);

export interface TestOptions extends Partial<Omit<DistributorOptions, 'log' | 'limitsOf'>> {
  readonly limits?: Partial<IngestLimits>;
  readonly partitionCount?: number;
  readonly recordBytesMax?: number;
  /** Stands in front of the log in memory. */
  readonly wrapLog?: (log: ProfileLog) => ProfileLog;
}

export function createTestDistributor(options: TestOptions = {}): TestDistributor {
  let nowMs = TEST_NOW_MS;
  const clock: Clock = { ...systemClock, nowMs: () => nowMs };
  const random = createSeededRandom('test distributor');
  const { limits, partitionCount = 4, recordBytesMax = 33_554_432, wrapLog = (log) => log, ...rest } = options;
  const memoryLog = createMemoryLog({ clock, random, partitionCount, recordBytesMax });
  const log = wrapLog(memoryLog);
  const metrics = createMetrics();
  const distributor = createDistributor({
    log,
    clock,
    random,
    metrics,
    logger: createLogger({ level: 'silent' }),
    sealCommit: ({ offsets }) => JSON.stringify([...offsets]),
    limitsOf: () => ({ ...DEFAULT_INGEST_LIMITS, ...limits }),
    ...rest,
  });
  return {
    distributor,
    log,
    metrics,
    clock,
    setNow: (ms) => {
      nowMs = ms;
    },
    profiles: async () => {
      const all: ProfileRecord[] = [];
      for (let partition = 0; partition < partitionCount; partition++) {
        const { end } = await memoryLog.bounds(partition);
        if (end === 0) continue;
        const records = await memoryLog.read(partition, 0, { bytesMax: 1e12, waitMs: 0 });
        for (const { value } of records) all.push(...decodeLogRecord(value));
      }
      return all;
    },
  };
}

export interface TestServer extends TestDistributor, AsyncDisposable {
  readonly url: string;
}

export async function startTestServer(
  options: TestOptions & { readonly multitenancy?: boolean; readonly bodyLimits?: BodyLimits } = {},
): Promise<TestServer> {
  const { multitenancy = false, bodyLimits: limits = INGEST_BODY_LIMITS, ...rest } = options;
  const test = createTestDistributor(rest);
  const logger = options.logger ?? createLogger({ level: 'silent' });
  const ingest = createIngestHandler({
    distributor: test.distributor,
    clock: test.clock,
    logger,
    multitenancy,
    limits,
  });
  const otlp = createOtlpHandler({ distributor: test.distributor, logger, multitenancy, limits });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    methods: [pushMethod(test.distributor), otlpMethod(test.distributor)],
    http: (request, response) => (request.url === OTLP_PATH ? otlp : ingest)(request, response),
    multitenancy,
    clock: systemClock,
    logger,
    metrics: test.metrics,
  });
  return {
    ...test,
    url: `http://127.0.0.1:${server.port}`,
    async [Symbol.asyncDispose]() {
      await server.close(1_000);
      await test.distributor.close();
      await test.log.close();
    },
  };
}

/** Totals of the stored values by profile type id and label set, as text: what tests compare. */
export function totalsOf(profiles: readonly ProfileRecord[]): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const profile of profiles) {
    for (const group of profile.groups) {
      profile.types.forEach((type, t) => {
        const key = `${type.name}:${type.sampleType}:${type.sampleUnit}:${type.periodType}:${type.periodUnit}`;
        const column = group.values.subarray(t * group.sampleCount, (t + 1) * group.sampleCount);
        totals.set(
          key,
          column.reduce((sum, value) => sum + value, totals.get(key) ?? 0n),
        );
      });
    }
  }
  return totals;
}
