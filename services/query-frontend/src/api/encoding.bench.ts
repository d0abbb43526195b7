/** Large answers written by hand against protobuf-es, CPU time of the same answer: `node encoding.bench.ts`. */
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { encodeMessage } from '@flamelake/rpc';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import {
  SelectMergeStacktracesResponseSchema,
  SelectSeriesResponseSchema,
} from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import { createSeededRandom } from '@flamelake/testkit';
import type { Flamegraph, TimeSeries } from '../queries.ts';
import { encodeFlamegraph } from './flamegraph-encoding.ts';
import { encodeProfile } from './profile-encoding.ts';
import { encodeTimeSeries } from './series-encoding.ts';

const ROUNDS = 20;
const random = createSeededRandom(1);
const below = (limit: number) => Math.floor(random.fraction() * limit);
const names = Array.from({ length: 5000 }, (_, i) => `example.com/shop/some/package.(*Type${i}).Method`);

/** 16,384 nodes. */
const graph: Flamegraph = {
  names,
  levels: Array.from({ length: 64 }, () =>
    BigInt64Array.from({ length: 1024 }, (_, i) => BigInt(i % 4 === 3 ? below(5000) : below(1e11))),
  ),
  total: 10n ** 12n,
  maxSelf: 10n ** 9n,
};
/** 50 series of 1,000 points. */
const series: TimeSeries[] = Array.from({ length: 50 }, (_, i) => ({
  labels: [{ name: 'service_name', value: `shop-${i}` }],
  timestampsMs: Float64Array.from({ length: 1000 }, (_, k) => 1_795_206_890_000 + k * 15_000),
  values: Float64Array.from({ length: 1000 }, () => below(1e11)),
}));
/** 5,000 samples of 20 frames. */
const profile: MessageInitShape<typeof ProfileSchema> = {
  sampleType: [{ type: 1n, unit: 2n }],
  sample: Array.from({ length: 5000 }, () => ({
    locationId: Array.from({ length: 20 }, () => BigInt(1 + below(5000))),
    value: [BigInt(below(1e11))],
  })),
  location: names.map((_, i) => ({ id: BigInt(i + 1), line: [{ functionId: BigInt(i + 1), line: 7n }] })),
  function: names.map((_, i) => ({ id: BigInt(i + 1), name: BigInt(i) })),
  stringTable: ['', ...names],
};

async function cpuMs(run: () => unknown): Promise<number> {
  for (let i = 0; i < ROUNDS; i++) await run();
  const start = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / ROUNDS;
}

async function compare(what: string, ours: () => unknown, naive: () => unknown): Promise<void> {
  const [a, b] = [await cpuMs(ours), await cpuMs(naive)];
  console.log(`${what}: ${a.toFixed(1)} ms, protobuf-es ${b.toFixed(1)}, ratio ${(a / b).toFixed(2)}`);
}

/** As a generic handler would: columns to a message, the message to bytes. */
const naively =
  <Desc extends DescMessage>(schema: Desc, make: () => MessageInitShape<Desc>, form: 'proto' | 'json') =>
  () =>
    encodeMessage(schema, make(), form);

const graphMessage = () => ({
  flamegraph: { ...graph, names, levels: graph.levels.map((values) => ({ values: [...values] })) },
});
const seriesMessage = () => ({
  series: series.map(({ labels, timestampsMs, values }) => ({
    labels: [...labels],
    points: Array.from(values, (value, i) => ({ value, timestamp: BigInt(timestampsMs[i]) })),
  })),
});
const pprof = encodeMessage(ProfileSchema, profile, 'proto');
for (const form of ['json', 'proto'] as const) {
  const graphNaive = naively(SelectMergeStacktracesResponseSchema, graphMessage, form);
  await compare(`flame graph, ${form}`, () => encodeFlamegraph(graph, form), graphNaive);
  const seriesNaive = naively(SelectSeriesResponseSchema, seriesMessage, form);
  await compare(`time series, ${form}`, () => encodeTimeSeries(series, form), seriesNaive);
}
await compare(
  'profile, json',
  () => encodeProfile(pprof, 'json'),
  naively(ProfileSchema, () => profile, 'json'),
);
