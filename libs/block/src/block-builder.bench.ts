/**
 * Building and reading blocks against the naive form (stacks as text in a Map, JSON, zstd): `node block-builder.bench.ts`.
 * Prints CPU microseconds a profile, bytes against gzipped pprof, and nanoseconds a sample to read, for the sets of
 * test/bench/sets.json: each profile once, and a segment of thirty pushes of them in turn, each push with another 70 % of the
 * samples.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decodePprof, normalizeProfile, type ProfileRecord, type SampleGroup, stringAt } from '@flamelake/formats';
import { sortLabels } from '@flamelake/model';
import { createSeededRandom, type SeededRandom, stackAt } from '@flamelake/testkit';
import { printBar } from '../../../test/bench/bars.ts';
import { readSet, SET_NAMES, type SetFile, type SetName } from '../../../test/bench/sets.ts';
import { createBlockBuilder, parseBlock } from './index.ts';

const ROUNDS = 9;
const PUSHES = 30;
/** Bytes of a segment of pushes ÷ bytes of the gzipped pprofs. */
const BARS: Readonly<Record<SetName, number>> = { cpu: 0.15, mixed: 0.5 };
const HEADER = {
  id: '00'.repeat(16),
  level: 0,
  log: { logId: 'bench', partition: 0, position: 0, next: 1, lastAppendMs: 0, gaps: [] },
};

interface Push {
  readonly record: ProfileRecord;
  readonly gzipBytes: number;
}

function pushOf({ path, pprof }: SetFile, index: number): Push {
  const { sampleTypes, periodType, groups, timeNanos, durationNanos, period, symbols, stacks } = normalizeProfile(
    decodePprof(pprof),
  );
  const service = path.split('/')[1];
  const identity = new Uint8Array(16).map((_, i) => (index * 31 + i * 17) & 0xff);
  const types = sampleTypes.map(({ type, unit }) => ({
    name: 'bench',
    sampleType: type,
    sampleUnit: unit,
    periodType: periodType?.type ?? '',
    periodUnit: periodType?.unit ?? '',
  }));
  const labelled = groups.map(({ sampleLabels, sampleCount, stack, values, spanIds, traceIds }) => ({
    labels: sortLabels([{ name: 'service_name', value: service }, { name: 'pod', value: 'pod-7' }, ...sampleLabels]),
    sampleCount,
    stack,
    values,
    spanIds,
    traceIds,
  }));
  const record = {
    tenant: 'bench',
    service,
    identity,
    timeNanos,
    durationNanos,
    period,
    types,
    symbols,
    stacks,
    groups: labelled,
  };
  return { record, gzipBytes: gzipSync(pprof).length };
}

/** The same program's next push: other samples of the same stacks, with other values. */
function nextPush({ record, gzipBytes }: Push, random: SeededRandom, index: number): Push {
  const types = record.types.length;
  const groups = record.groups.map((group): SampleGroup => {
    const kept = Array.from({ length: group.sampleCount }, (_, i) => i).filter(() => random.chance(0.7));
    const values = new BigInt64Array(kept.length * types);
    for (const [at, sample] of kept.entries()) {
      const factor = BigInt(1 + random.integer(3));
      for (let t = 0; t < types; t++)
        values[t * kept.length + at] = group.values[t * group.sampleCount + sample] * factor;
    }
    const stack = Uint32Array.from(kept, (sample) => group.stack[sample]);
    return { labels: group.labels, sampleCount: kept.length, stack, values, spanIds: undefined, traceIds: undefined };
  });
  const timeNanos = record.timeNanos + BigInt(index) * 15_000_000_000n;
  return { record: { ...record, identity: random.bytes(16), timeNanos, groups }, gzipBytes };
}

/** Least CPU time of a run over some rounds, in microseconds. */
async function measure(run: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

function build(pushes: readonly Push[]) {
  const builder = createBlockBuilder();
  pushes.forEach(({ record }, offset) => builder.addProfile(record, offset));
  return builder;
}

async function read(bytes: Uint8Array, withSymbols: boolean): Promise<number> {
  const block = parseBlock(bytes);
  let samples = 0;
  for (let i = 0; i < block.info.datasets.length; i++) {
    const dataset = block.dataset(i);
    samples += (await dataset.samples()).count;
    await dataset.tree();
    if (withSymbols) await Promise.all([dataset.series(), dataset.locations(), dataset.functions(), dataset.strings()]);
  }
  return samples;
}

/** Stacks as text: a Map by series, as JSON, compressed. */
function naive(pushes: readonly Push[]): Uint8Array {
  const profiles = pushes.map(({ record }) => {
    const { strings, functions, locations } = record.symbols;
    const names = Array.from({ length: locations.count }, (_, i) =>
      Array.from(locations.lineFunction.subarray(locations.lineStart[i], locations.lineStart[i + 1]), (fn) =>
        stringAt(strings, functions.name[fn]),
      ).join(';'),
    );
    const texts = Array.from({ length: record.stacks.count }, (_, node) =>
      stackAt(record.stacks, node)
        .map((at) => names[at])
        .join(';'),
    );
    const series = record.groups.flatMap((group) =>
      record.types.map((type, t) => {
        const totals = new Map<string, string>();
        for (let s = 0; s < group.sampleCount; s++) {
          totals.set(texts[group.stack[s]], `${group.values[t * group.sampleCount + s]}`);
        }
        return { type, labels: group.labels, totals: [...totals] };
      }),
    );
    return { time: `${record.timeNanos}`, series };
  });
  return zstdCompressSync(JSON.stringify(profiles));
}

for (const name of SET_NAMES) {
  const random = createSeededRandom(1);
  const once = readSet(name).map(pushOf);
  const count = Math.max(PUSHES, 2 * once.length);
  const pushes = Array.from({ length: count }, (_, i) => nextPush(once[i % once.length], random, i));
  for (const [what, list] of [['each once', once] as const, [`${count} pushes`, pushes] as const]) {
    const builder = build(list);
    const { bytes } = builder.build(HEADER);
    const gzipBytes = list.reduce((sum, push) => sum + push.gzipBytes, 0);
    const samples = await read(bytes, true);
    const add = (await measure(() => build(list))) / list.length;
    const encode = (await measure(() => builder.build(HEADER))) / list.length;
    const peer = (await measure(() => naive(list))) / list.length;
    const naiveBytes = naive(list).length;
    const ratio = bytes.length / gzipBytes;
    const samplesNs = ((await measure(() => read(bytes, false))) * 1_000) / samples;
    const flamegraphNs = ((await measure(() => read(bytes, true))) * 1_000) / samples;
    console.log(
      `${name}, ${what}: add ${add.toFixed(0)} µs, build ${encode.toFixed(0)} µs a profile (naive ${peer.toFixed(0)} µs); ` +
        `${(bytes.length / list.length).toFixed(0)} B a profile, ${ratio.toFixed(3)} of gzip ` +
        `(naive ${(naiveBytes / gzipBytes).toFixed(3)}), estimate ${(builder.sizeBytes / bytes.length).toFixed(1)} times; ` +
        `${(samples / list.length).toFixed(0)} samples a profile, read ${samplesNs.toFixed(0)} ns a sample, ` +
        `with symbols ${flamegraphNs.toFixed(0)} ns`,
    );
    if (list !== pushes) continue;
    printBar({
      bar: `block of ${count} pushes, ${name}: ÷ gzipped pprof`,
      value: ratio,
      unit: '×',
      atMost: BARS[name],
    });
  }
}
