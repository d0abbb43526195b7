/**
 * A flame graph of four blocks against the naive form, a Map from stack text to value: `node accumulate.bench.ts`.
 * CPU nanoseconds a selected sample, from decoded columns in memory and from block bytes up to the finished levels, for the
 * sets of test/bench/sets.json in FLAMELAKE_CORPUS or test/corpus: each block holds twenty pushes of each file, each push with
 * another 70 % of the samples. A query of one type reads the samples of that type, but the tree and the names of all.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BlockReader, createBlockBuilder, parseBlock } from '@flamelake/block';
import {
  decodePprof,
  inflate,
  normalizeProfile,
  type ProfileRecord,
  type SampleGroup,
  stringAt,
} from '@flamelake/formats';
import { sortLabels } from '@flamelake/model';
import { createSeededRandom, type SeededRandom } from '@flamelake/testkit';
import { executeTask, renderFlamegraph, type Task } from './index.ts';

const ROUNDS = 15;
const BLOCKS = 4;
const PUSHES = 20;
const NODES = 8_192;
const BYTES_MAX = 33_554_432;
const ROOT = join(import.meta.dirname, '../../..');

function recordOf(path: string, corpus: string, index: number): ProfileRecord {
  const plain = inflate(readFileSync(join(corpus, path)), { bytesMax: BYTES_MAX });
  const { sampleTypes, periodType, groups, ...profile } = normalizeProfile(decodePprof(plain));
  return {
    tenant: 'bench',
    service: 'bench',
    identity: new Uint8Array(16).fill(index),
    timeNanos: profile.timeNanos,
    durationNanos: profile.durationNanos,
    period: profile.period,
    symbols: profile.symbols,
    stacks: profile.stacks,
    types: sampleTypes.map(({ type, unit }) => ({
      name: 'bench',
      sampleType: type,
      sampleUnit: unit,
      periodType: periodType?.type ?? '',
      periodUnit: periodType?.unit ?? '',
    })),
    groups: groups.map(({ sampleLabels, sampleCount, stack, values }) => ({
      labels: sortLabels([{ name: 'service_name', value: 'bench' }, ...sampleLabels]),
      sampleCount,
      stack,
      values,
      spanIds: undefined,
      traceIds: undefined,
    })),
  };
}

/** The same program's next push: other samples of the same stacks, with other values. */
function nextPush(record: ProfileRecord, random: SeededRandom, index: number): ProfileRecord {
  const groups = record.groups.map((group): SampleGroup => {
    const kept = Array.from({ length: group.sampleCount }, (_, i) => i).filter(() => random.chance(0.7));
    const values = new BigInt64Array(kept.length * record.types.length);
    for (const [at, sample] of kept.entries()) {
      const factor = BigInt(1 + random.integer(3));
      for (let t = 0; t < record.types.length; t++) {
        values[t * kept.length + at] = group.values[t * group.sampleCount + sample] * factor;
      }
    }
    const stack = Uint32Array.from(kept, (sample) => group.stack[sample]);
    return { ...group, sampleCount: kept.length, stack, values };
  });
  return {
    ...record,
    identity: random.bytes(16),
    timeNanos: record.timeNanos + BigInt(index) * 15_000_000_000n,
    groups,
  };
}

function buildBlocks(records: readonly ProfileRecord[]): Uint8Array[] {
  const random = createSeededRandom(1);
  return Array.from({ length: BLOCKS }, (_, number) => {
    const builder = createBlockBuilder();
    const count = PUSHES * records.length;
    for (let i = 0; i < count; i++) builder.addProfile(nextPush(records[i % records.length], random, i), i);
    const log = { logId: 'bench', partition: 0, position: 0, next: count, lastAppendMs: 0, gaps: [] };
    return builder.build({ id: number.toString().padStart(32, '0'), level: 1, log }).bytes;
  });
}

function taskOf(profileTypeId: string | undefined): Task {
  const parts = Array.from({ length: BLOCKS }, (_, number) => ({
    object: { key: `${number}`, id: `${number}`, etag: undefined, sizeBytes: 0 },
    datasets: [{ tenant: 'bench', service: 'bench', minTimeMs: 0, maxTimeMs: 1 }],
    deletes: [],
  }));
  const selection = { tenants: ['bench'], fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER, selectors: [], profileTypeId };
  return { question: { kind: 'functions' }, selection, parts, estimatedBytes: 0 };
}

async function query(task: Task, open: (number: number) => BlockReader) {
  const opened = (key: string) => Promise.resolve(open(Number(key)));
  const signal = new AbortController().signal;
  const result = await executeTask(task, { open: ({ key }) => opened(key), signal, pause: () => Promise.resolve() });
  if (result.kind !== 'functions') throw new Error('a flame graph was asked for');
  return renderFlamegraph(result.tree, NODES);
}

/** A block whose datasets stay decoded: queries let go of each when it is added up. */
function keeping(block: BlockReader): BlockReader {
  return { ...block, openDataset: (index) => block.dataset(index) };
}

/** Selected samples, and the Map that a plain program would make of them. */
async function naive(blocks: readonly BlockReader[], typeName: string | undefined) {
  const sums = new Map<string, bigint>();
  let samples = 0;
  for (const block of blocks) {
    const dataset = block.dataset(0);
    const [series, profiles, columns, tree] = [
      await dataset.series(),
      await dataset.profiles(),
      await dataset.samples(),
      await dataset.tree(),
    ];
    const [strings, functions, locations] = [
      await dataset.strings(),
      await dataset.functions(),
      await dataset.locations(),
    ];
    const texts = new Map<number, string>();
    const textOf = (node: number): string => {
      const names: string[] = [];
      for (let at = node; at !== 0; at = tree.parent[at]) {
        const location = tree.location[at];
        for (let line = locations.lineStart[location]; line < locations.lineStart[location + 1]; line++) {
          names.push(stringAt(strings, functions.name[locations.lineFunction[line]]));
        }
      }
      return names.reverse().join(';');
    };
    for (let row = 0; row < profiles.count; row++) {
      if (typeName !== undefined && series[profiles.series[row]].type.sampleType !== typeName) continue;
      for (let i = columns.start[row]; i < columns.start[row + 1]; i++) {
        const node = columns.stacktrace[i];
        let text = texts.get(node);
        if (text === undefined) texts.set(node, (text = textOf(node)));
        sums.set(text, (sums.get(text) ?? 0n) + columns.value[i]);
        samples++;
      }
    }
  }
  return { samples, sums };
}

/** Least CPU time of a run over some rounds, in nanoseconds. */
async function measure(run: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) * 1_000);
  }
  return least;
}

/** A line of its own for the runner of the benchmarks; without `atMost` it is only shown. */
function printBar(bar: string, value: number, atMost: number | undefined): void {
  console.log(JSON.stringify({ bar, value, unit: 'ns/sample', atMost }));
}

const corpus = process.env['FLAMELAKE_CORPUS'] ?? join(ROOT, 'test/corpus');
const sets = JSON.parse(readFileSync(join(ROOT, 'test/bench/sets.json'), 'utf8')) as Record<string, string[]>;
for (const [name, listed] of Object.entries(sets)) {
  const files = listed.filter((file) => existsSync(join(corpus, file)));
  if (files.length < listed.length) console.log(`${name}: ${files.length} of ${listed.length} files are in ${corpus}`);
  const records = files.map((file, index) => recordOf(file, corpus, index));
  const bytes = buildBlocks(records);
  const [first] = records[0].types;
  const typeId = `bench:${first.sampleType}:${first.sampleUnit}:${first.periodType}:${first.periodUnit}`;
  for (const [what, id, type] of [
    ['all types', undefined, undefined],
    ['one type', typeId, first.sampleType],
  ] as const) {
    const task = taskOf(id);
    const decoded = bytes.map((one) => keeping(parseBlock(one)));
    const { samples, sums } = await naive(decoded, type);
    const total = [...sums.values()].reduce((a, b) => a + b, 0n);
    const graph = await query(task, (number) => decoded[number]);
    if (graph.total !== total) throw new Error(`total ${graph.total} is not ${total}`);
    const memory = (await measure(() => query(task, (number) => decoded[number]))) / samples;
    const blocks = (await measure(() => query(task, (number) => parseBlock(bytes[number])))) / samples;
    const peer = (await measure(() => naive(decoded, type))) / samples;
    const shown = `${name}, ${what}`;
    console.log(
      `${shown}: ${samples} samples; naive in memory ${peer.toFixed(0)} ns a sample, ${(peer / memory).toFixed(1)} times ours`,
    );
    // Tree and names of all types weigh on the samples of one: shown, without a bar.
    const isWhole = id === undefined;
    printBar(`query in memory, ${shown}`, memory, isWhole ? 35 : undefined);
    printBar(`query from blocks, ${shown}`, blocks, isWhole ? 80 : undefined);
  }
}
