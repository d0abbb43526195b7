/** Queries over constant columns: what tests of the wire ask. */
import { create, toBinary } from '@bufbuild/protobuf';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import type { Exemplar, Queries } from '../queries.ts';

/** Past 2^53: shows that nothing goes through a double. */
export const EXACT = '9007199254740993';

export const PPROF = create(ProfileSchema, {
  sampleType: [{ type: 1n, unit: 2n }],
  sample: [{ locationId: [1n, 2n], value: [BigInt(EXACT)], label: [{ key: 1n, num: -5n }] }],
  mapping: [{ id: 1n, memoryLimit: 2n ** 64n - 1n, hasFunctions: true }],
  location: [{ id: 1n, mappingId: 1n, address: 0n, line: [{ functionId: 1n, line: -1n }, {}], isFolded: true }],
  function: [{ id: 1n, name: 3n }],
  stringTable: ['', 'cpu', 'nanoseconds', 'main "ü"\n'],
  timeNanos: 1_795_206_890_050_123_456n,
  periodType: {},
  period: 10_000_000n,
});

const EXEMPLAR: Exemplar = {
  timeMs: 14_000.5,
  value: BigInt(EXACT),
  profileId: '',
  spanId: '00000000000000ff',
  traceId: '',
  labels: [{ name: 'pod', value: 'a' }],
};

const STATS = { dataIngested: true, oldestProfileMs: 1.5, newestProfileMs: 2 };

export const constantQueries: Queries = {
  profileTypes: () =>
    Promise.resolve([
      {
        name: 'process_cpu',
        sampleType: 'cpu',
        sampleUnit: 'nanoseconds',
        periodType: 'cpu',
        periodUnit: 'nanoseconds',
      },
      { name: 'goroutine', sampleType: 'goroutine', sampleUnit: 'count', periodType: '', periodUnit: '' },
    ]),
  labelNames: () => Promise.resolve(['__name__', 'k8s.pod', 'service_name']),
  labelValues: (_, { startMs, endMs }, name, matchers) =>
    Promise.resolve([name, ...matchers, String(startMs), String(endMs)]),
  series: () =>
    Promise.resolve([
      [
        { name: 'k8s.pod', value: 'x' },
        { name: 'service_name', value: 'a' },
      ],
      [{ name: 'k8s.pod', value: 'y' }],
      [],
    ]),
  functions: () => Promise.reject(new Error('not asked over the wire')),
  locations: () => Promise.reject(new Error('not asked over the wire')),
  flamegraph(call, query) {
    call.snapshot = `after ${call.commitToken}`;
    if ((query.maxNodes ?? 0) > 1_048_576) call.clampedMaxNodes = 1_048_576;
    return Promise.resolve({
      names: ['total', 'a', 'c"ü\u2028', 'b'],
      levels: [
        BigInt64Array.of(0n, BigInt(EXACT), 0n, 0n),
        BigInt64Array.of(0n, 4n, 1n, 1n, 0n, 2n, 2n, 2n),
        new BigInt64Array(0),
      ],
      total: BigInt(EXACT),
      maxSelf: 3n,
    });
  },
  tree: () => Promise.resolve(Uint8Array.of(0, 1, 2)),
  dot: () => Promise.resolve('digraph {}'),
  pprof: () => Promise.resolve(toBinary(ProfileSchema, PPROF)),
  pgo: () => Promise.resolve({ bytes: Uint8Array.of(1), total: 1n, kept: 1n }),
  selectSeries: (_, { stepSeconds, aggregation, limit, groupBy }) =>
    Promise.resolve([
      {
        labels: [
          { name: 'step', value: String(stepSeconds) },
          { name: 'aggregation', value: aggregation },
          { name: 'limit', value: String(limit) },
          ...groupBy.map((name) => ({ name, value: '' })),
        ],
        timestampsMs: Float64Array.of(1_795_206_890_050, 1, 0, 2),
        values: Float64Array.of(1.5, 0, Number.NaN, 1e21),
      },
      {
        labels: [],
        timestampsMs: Float64Array.of(5),
        values: Float64Array.of(Number.NEGATIVE_INFINITY),
        exemplars: new Map([[5, EXEMPLAR]]),
      },
      { labels: [], timestampsMs: new Float64Array(0), values: new Float64Array(0) },
    ]),
  heatmap: (_, { stepSeconds, points, hasExemplars, limit }) =>
    Promise.resolve({
      edges: [0.5, 1],
      series: [
        {
          labels: [{ name: 'asked', value: `${stepSeconds} ${points} ${hasExemplars} ${limit}` }],
          slots: [{ timestampMs: 15_000, counts: [0, 2], exemplars: [EXEMPLAR] }],
        },
      ],
    }),
  analyze: (_, { startMs, endMs }, query) =>
    Promise.resolve({ blocks: query.length, bytes: endMs - startMs, series: 3 }),
  diff: () =>
    Promise.resolve({
      names: ['total'],
      levels: [BigInt64Array.of(0n, 1n, 0n, 0n, 2n, 0n, 0n)],
      total: 3n,
      maxSelf: 0n,
      leftTicks: 1n,
      rightTicks: 2n,
    }),
  stats: () => Promise.resolve(STATS),
  stored: () =>
    Promise.resolve({
      ...STATS,
      countedFromMs: 0,
      levels: [{ level: 1, blocks: 2, bytes: 3 }],
      pendingDeletes: 0,
      pins: 0,
    }),
};
