/**
 * Small valid profile records by seed: few functions and labels, so that stacks, series and datasets repeat across records.
 */
import type { ProfileRecord, SampleGroup, StringColumn, Symbols } from '@flamelake/formats';
import { LABEL, type Labels, type ProfileType, sortLabels } from '@flamelake/model';
import type { SeededRandom } from './seeded-random.ts';
import { stackTreeOf } from './stack-trees.ts';

/** What a generated record may be made of. */
export interface RecordShape {
  readonly tenants: readonly string[];
  readonly services: readonly string[];
  readonly types: readonly ProfileType[];
  /** Time of the profile, ms since 1970. */
  readonly timeMs: number;
  readonly functionsMax: number;
  readonly stacksMax: number;
  readonly depthMax: number;
  readonly groupsMax: number;
}

export const CPU_TYPE: ProfileType = {
  name: 'process_cpu',
  sampleType: 'cpu',
  sampleUnit: 'nanoseconds',
  periodType: 'cpu',
  periodUnit: 'nanoseconds',
};
const SAMPLES_TYPE: ProfileType = { ...CPU_TYPE, sampleType: 'samples', sampleUnit: 'count' };

const SMALL_SHAPE: RecordShape = {
  tenants: ['anonymous'],
  services: ['checkout', 'cart'],
  types: [CPU_TYPE, SAMPLES_TYPE],
  timeMs: Date.UTC(2026, 0, 15, 12),
  functionsMax: 6,
  stacksMax: 5,
  depthMax: 4,
  groupsMax: 2,
};

/** @param shape - what differs from one tenant, two services, two types and a handful of stacks */
export function randomProfileRecord(random: SeededRandom, shape: Partial<RecordShape> = {}): ProfileRecord {
  const { tenants, services, types, timeMs, functionsMax, stacksMax, depthMax, groupsMax } = {
    ...SMALL_SHAPE,
    ...shape,
  };
  const service = random.pick(services);
  const symbols = randomSymbols(random, 1 + random.integer(functionsMax));
  const { stacks, stack } = randomStacks(random, symbols.locations.count, 1 + random.integer(stacksMax), depthMax);
  const groupCount = 1 + random.integer(groupsMax);
  return {
    tenant: random.pick(tenants),
    service,
    identity: random.bytes(16),
    timeNanos: BigInt(timeMs) * 1_000_000n,
    durationNanos: 10_000_000_000n,
    period: 10_000_000n,
    types,
    symbols,
    stacks,
    groups: Array.from({ length: groupCount }, (_, group) =>
      randomGroup(random, groupLabels(random, service, group), stack, types.length),
    ),
  };
}

/** Strings as a column, in the order given; the first must be empty. */
export function stringColumn(strings: readonly string[]): StringColumn {
  const encoded = strings.map((text) => Buffer.from(text));
  const offsets = new Uint32Array(strings.length + 1);
  for (const [index, bytes] of encoded.entries()) offsets[index + 1] = (offsets[index] ?? 0) + bytes.length;
  return { count: strings.length, bytes: new Uint8Array(Buffer.concat(encoded)), offsets };
}

function groupLabels(random: SeededRandom, service: string, group: number): Labels {
  const labels = [
    { name: LABEL.serviceName, value: service },
    { name: 'region', value: random.pick(['eu', 'us']) },
  ];
  // Label sets of one profile differ, as splitting by sample labels makes them.
  if (group > 0) labels.push({ name: 'thread', value: `t${group}` });
  return sortLabels(labels);
}

function randomGroup(random: SeededRandom, labels: Labels, stacks: Uint32Array, typeCount: number): SampleGroup {
  const chosen = stacks.filter(() => random.chance(0.7));
  const stack = chosen.length === 0 ? Uint32Array.of(random.pick([...stacks])) : chosen;
  const values = BigInt64Array.from({ length: stack.length * typeCount }, () => BigInt(random.integer(1_000)));
  // A sample without any value would have been removed.
  for (let sample = 0; sample < stack.length; sample++) values[sample] = (values[sample] ?? 0n) + 1n;
  return { labels, sampleCount: stack.length, stack, values, spanIds: undefined, traceIds: undefined };
}

/** One location a function, but the last two functions share one by inlining, and some locations have no line. */
function randomSymbols(random: SeededRandom, functionCount: number): Symbols {
  const first = random.integer(4);
  const names = Array.from({ length: functionCount }, (_, index) => `pkg.fn${first + index}`);
  const strings = stringColumn(['', 'main.go', '/bin/app', 'b1d', ...names]);
  const name = Uint32Array.from(names, (_, index) => 4 + index);
  const lines: number[][] = names.map((_, index) => (random.chance(0.1) ? [] : [index]));
  if (functionCount > 1) lines.push([functionCount - 1, functionCount - 2]);
  const lineStart = new Uint32Array(lines.length + 1);
  for (const [index, line] of lines.entries()) lineStart[index + 1] = (lineStart[index] ?? 0) + line.length;
  const lineFunction = Uint32Array.from(lines.flat());
  return {
    strings,
    functions: {
      count: functionCount,
      name,
      systemName: name,
      filename: new Uint32Array(functionCount).fill(1),
      startLine: Int32Array.from(names, (_, index) => 10 * index),
    },
    mappings: {
      count: 1,
      memoryStart: BigUint64Array.of(0x400000n),
      memoryLimit: BigUint64Array.of(0x800000n),
      fileOffset: BigUint64Array.of(0n),
      filename: Uint32Array.of(2),
      buildId: Uint32Array.of(3),
      flags: Uint8Array.of(7),
    },
    locations: {
      count: lines.length,
      mapping: new Uint32Array(lines.length).fill(1),
      address: BigUint64Array.from(lines, (_, index) => BigInt(0x400000 + 16 * (first + index))),
      lineStart,
      lineFunction,
      lineNumber: Int32Array.from(lineFunction, (index) => 10 * index + 3),
    },
  };
}

/** Distinct stacks, the empty one perhaps among them. */
function randomStacks(random: SeededRandom, locationCount: number, count: number, depthMax: number) {
  const distinct = new Map<string, readonly number[]>();
  for (let i = 0; i < count; i++) {
    const stack = Array.from({ length: random.integer(depthMax + 1) }, () => random.integer(locationCount));
    distinct.set(stack.join(), stack);
  }
  return stackTreeOf(distinct.values());
}
