/** Random profiles as plain lists that shrink, the same as records, and the plain answers to every kind of query about them. */
import { profileUuid } from '@flamelake/block';
import type { ProfileRecord } from '@flamelake/formats';
import { LABEL, type Labels, sortLabels } from '@flamelake/model';
import { CPU_TYPE, stackTreeOf, stringColumn } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { NOW_MS } from './frontend.test-support.ts';
import type { Flamegraph, FlamegraphDiff } from './queries.ts';

const NAMES = ['a', 'b', 'c', 'd'];
export const TENANTS = ['t', 'u'];

export interface PlainSample {
  /** Root first. */
  readonly frames: readonly string[];
  readonly value: bigint;
  /** 0 for none. */
  readonly span: number;
  readonly trace: number;
}

export interface PlainProfile {
  readonly tenant: string;
  readonly service: string;
  /** '' for none. */
  readonly zone: string;
  /** Before now. */
  readonly ageMs: number;
  readonly samples: readonly PlainSample[];
}

const sample: fc.Arbitrary<PlainSample> = fc.record({
  frames: fc.array(fc.constantFrom(...NAMES), { maxLength: 4 }),
  value: fc.oneof({ weight: 4, arbitrary: fc.bigInt(1n, 50n) }, fc.bigInt(1n, 2n ** 54n)),
  span: fc.integer({ min: 0, max: 2 }),
  trace: fc.integer({ min: 0, max: 2 }),
});
/** A (stack, span, trace) occurs once in a profile. */
const samples = fc.uniqueArray(sample, {
  minLength: 1,
  maxLength: 6,
  selector: ({ frames, span, trace }) => JSON.stringify([frames, span, trace]),
});
export const profiles: fc.Arbitrary<PlainProfile[]> = fc.array(
  fc.record({
    tenant: fc.constantFrom(...TENANTS),
    service: fc.constantFrom('cart', 'shop'),
    zone: fc.constantFrom('', 'x', 'y'),
    ageMs: fc.integer({ min: 0, max: 60 }),
    samples,
  }),
  { maxLength: 10 },
);

export function labelsOf({ service, zone }: PlainProfile): Labels {
  const labels = [{ name: LABEL.serviceName, value: service }];
  return sortLabels(zone === '' ? labels : [...labels, { name: 'zone', value: zone }]);
}

export const timeOf = ({ ageMs }: PlainProfile): number => NOW_MS - ageMs;
export const totalOf = ({ samples: all }: PlainProfile): bigint => all.reduce((sum, { value }) => sum + value, 0n);

/** @param number - tells profiles apart that are the same */
export function identityOf(number: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? number + 1 : i));
}

export function recordOf(profile: PlainProfile, number: number): ProfileRecord {
  const all = profile.samples;
  const { stacks, stack } = stackTreeOf(all.map(({ frames }) => frames.map((name) => NAMES.indexOf(name)).reverse()));
  const each = Uint32Array.from(NAMES, (_, i) => i);
  const none = { count: 0, memoryStart: new BigUint64Array(0), memoryLimit: new BigUint64Array(0) };
  return {
    tenant: profile.tenant,
    service: profile.service,
    identity: identityOf(number),
    timeNanos: BigInt(timeOf(profile)) * 1_000_000n,
    durationNanos: 1_000_000n,
    period: 1n,
    types: [CPU_TYPE],
    symbols: {
      strings: stringColumn(['', ...NAMES]),
      functions: {
        count: NAMES.length,
        name: each.map((i) => i + 1),
        systemName: each.map((i) => i + 1),
        filename: new Uint32Array(NAMES.length),
        startLine: new Int32Array(NAMES.length),
      },
      mappings: {
        ...none,
        fileOffset: new BigUint64Array(0),
        filename: new Uint32Array(0),
        buildId: new Uint32Array(0),
        flags: new Uint8Array(0),
      },
      locations: {
        count: NAMES.length,
        mapping: new Uint32Array(NAMES.length),
        address: BigUint64Array.from(NAMES, (_, i) => BigInt(i + 1)),
        lineStart: Uint32Array.from({ length: NAMES.length + 1 }, (_, i) => i),
        lineFunction: each,
        lineNumber: Int32Array.from(each, (i) => i + 1),
      },
    },
    stacks,
    groups: [
      {
        labels: labelsOf(profile),
        sampleCount: all.length,
        stack,
        values: BigInt64Array.from(all, ({ value }) => value),
        spanIds: BigUint64Array.from(all, ({ span }) => BigInt(span)),
        traceIds: Uint8Array.from({ length: 16 * all.length }, (_, i) =>
          i % 16 === 15 ? (all[Math.floor(i / 16)]?.trace ?? 0) : 0,
        ),
      },
    ],
  };
}

export const uuidOf = (number: number): string => profileUuid(identityOf(number), 0);
export const hex = (id: number, digits: number): string => id.toString(16).padStart(digits, '0');

/** Values by stack as text, root first; an empty stack is a frame of its own. */
export function stacksOf(all: Iterable<PlainSample>): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { frames, value } of all) {
    const path = frames.length === 0 ? '[no stack]' : frames.join(';');
    sums.set(path, (sums.get(path) ?? 0n) + value);
  }
  return sums;
}

/** The same read from a flame graph, or one side of a difference. */
export function pathsOf(graph: Flamegraph | FlamegraphDiff, side = 0): ReadonlyMap<string, bigint> {
  const width = 'leftTicks' in graph ? 7 : 4;
  const sums = new Map<string, bigint>();
  // Bars are placed by all sides together: where one has no width, the other has.
  let above: readonly { path: string; end: bigint }[] = [];
  for (const bars of graph.levels) {
    const here: { path: string; end: bigint }[] = [];
    const ends = [0n, 0n];
    let up = 0;
    for (let at = 0; at < bars.length; at += width) {
      let start = 0n;
      for (let one = 0; 3 * one + 1 < width; one++) {
        start += (ends[one] ?? 0n) + bars[at + 3 * one];
        ends[one] = (ends[one] ?? 0n) + bars[at + 3 * one] + bars[at + 3 * one + 1];
      }
      while (up < above.length - 1 && start >= (above[up]?.end ?? 0n)) up++;
      const parent = above[up]?.path;
      const name = graph.names[Number(bars[at + width - 1])] ?? '';
      const path = parent === undefined ? '' : parent === '' ? name : `${parent};${name}`;
      const self = bars[at + 3 * side + 2];
      if (self > 0n) sums.set(path, (sums.get(path) ?? 0n) + self);
      here.push({ path, end: width === 4 ? (ends[0] ?? 0n) : (ends[0] ?? 0n) + (ends[1] ?? 0n) });
    }
    above = here;
  }
  return sums;
}
