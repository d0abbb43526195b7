/** What differs from seed to seed in how the services keep their data: deletes, pins, retention, merges and index pages, each in some of them. */
import type { CatalogLimits, MergeRules } from '@flamelake/catalog';
import { createSeededRandom, type SeededRandom } from '@flamelake/testkit';

export interface DataWeather {
  readonly options: {
    readonly retentionMs?: number;
    readonly sizeLimitBytes?: number;
    readonly startMs?: number;
    readonly mergeRules?: Partial<MergeRules>;
    readonly catalog?: Partial<CatalogLimits>;
  };
  /** Chances that a client asks for it after a push. */
  readonly deleteChance: number;
  readonly pinChance: number;
  /** Most that the store may fail: a delete is some thirty requests, of which each has to succeed. */
  readonly storeFaultMax: number;
  /** How long everything runs on without faults, until all is looked at once more: jobs carry deletes out, and are swept. */
  readonly restMs: number;
}

/** The simulation begins before the end of an hour, so that the hour is over in its midst: only such may expire by size. */
const HOUR_END_MS = Date.UTC(2026, 10, 20, 12);

export function chooseDataWeather(seed: number): DataWeather {
  const random = createSeededRandom(`services ${seed}/data`);
  const keepsForEver = random.chance(0.6);
  const deleteChance = random.pick([0, 0.2, 0.5]);
  const rests = random.chance(0.5);
  const isSized = random.chance(0.5);
  const pinChance = keepsForEver && !isSized ? 0 : random.pick([0, 0.4]);
  return {
    options: {
      ...(isSized && { sizeLimitBytes: random.pick([1, 600]), startMs: HOUR_END_MS - 10_000 - random.integer(30_000) }),
      ...(!keepsForEver && { retentionMs: random.pick([10_000, 40_000]) }),
      ...(random.chance(0.6) && { mergeRules: smallWindows(random) }),
      ...(random.chance(0.4) && {
        catalog: {
          manifestBytes: random.pick([0, 0, 700]),
          dayPageBytes: random.pick([0, 300]),
          pageDatasets: 1 + random.integer(3),
          cacheBytes: random.pick([0, 2_000, 1_000_000]),
        },
      }),
    },
    deleteChance,
    pinChance,
    storeFaultMax: deleteChance + pinChance > 0 ? 0.02 : 1,
    restMs: rests || isSized ? 60_000 : 0,
  };
}

/** So small that the few profiles of a simulation come to the highest level. */
function smallWindows(random: SeededRandom): Partial<MergeRules> {
  const hourMs = 10_000 * (1 + random.integer(3));
  return {
    blocksPerMerge: 2 + random.integer(2),
    hourMs,
    dayMs: 4 * hourMs,
    spanHours: random.pick([1, 2, 4]),
    graceMs: random.integer(10_000),
    windowsMax: 1 + random.integer(3),
    smallBlocksMax: 2,
  };
}
