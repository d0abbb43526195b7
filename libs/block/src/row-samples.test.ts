/** Samples of some rows: only the pages that hold them are fetched and decoded, and rows of equal samples share them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { CPU_TYPE, createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import fc from 'fast-check';
import { createBlockBuilder } from './block-builder.ts';
import { openBlock, parseBlock } from './block-reader.ts';
import { memorySource } from './block-source.ts';
import { decodeContents } from './contents.ts';
import { decodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
import { GAP_BYTES_MAX } from './page-loader.ts';
import { type PagePlace, SECTION } from './section.ts';
import type { DatasetReader, RowRange } from './types.ts';

const HEADER = {
  id: '00'.repeat(16),
  level: 1,
  log: { logId: 'log', partition: 0, position: 0, next: 1, lastAppendMs: 0, gaps: [] },
};
const SAMPLES = 3_000;
const PUSHES = 12;
/** In the order of their series: `b` has the values of `a` times ten, `c` others, `d` other stacktraces. */
const TYPES = ['a', 'b', 'c', 'd'].map((sampleType) => ({ ...CPU_TYPE, sampleType }));

/** A block of pushes that have all types, each with thousands of samples of numbers that do not compress. */
function typedBlock(): Uint8Array {
  const random = createSeededRandom(5);
  const shape = { services: ['cart'], groupsMax: 1, functionsMax: 900, stacksMax: SAMPLES, depthMax: 8 };
  let base = randomProfileRecord(random, shape);
  while (base.stacks.count < SAMPLES / 2) base = randomProfileRecord(random, shape);
  const builder = createBlockBuilder();
  for (let offset = 0; offset < PUSHES; offset++) {
    const value = (): bigint => BigInt(1 + random.integer(1_000_000_000));
    const [a, c, d] = [0, 1, 2].map(() => Array.from({ length: SAMPLES }, value));
    const values = [a, a.map((one) => 10n * one), c, d.map((one, i) => (i % 2 === 0 ? one : 0n))].flat();
    const stack = Uint32Array.from({ length: SAMPLES }, () => random.integer(base.stacks.count));
    const group = { ...base.groups[0], sampleCount: SAMPLES, stack, values: BigInt64Array.from(values) };
    builder.addProfile({ ...base, identity: random.bytes(16), types: TYPES, groups: [group] }, offset);
  }
  return builder.build(HEADER).bytes;
}

const BYTES = typedBlock();
const PAGES = pagesOf(BYTES);

function pagesOf(bytes: Uint8Array): readonly PagePlace[] {
  const footer = decodeFooter(bytes);
  assert.ok('contents' in footer);
  return decodeContents(footer.contents, bytes.length - FOOTER_TRAILER_BYTES - footer.contents.length).datasets[0];
}

/** Ranges that `read` reads of the object, in order; the end of the object is known before. */
async function rangesOf(read: (dataset: DatasetReader) => Promise<unknown>): Promise<RowRange[]> {
  const ranges: RowRange[] = [];
  const inner = memorySource(BYTES);
  const end = PAGES.at(-1);
  assert.ok(end !== undefined);
  const block = await openBlock(
    {
      ...inner,
      read(offset, lengthBytes) {
        ranges.push({ from: offset, until: offset + lengthBytes });
        return inner.read(offset, lengthBytes);
      },
    },
    { tail: BYTES.subarray(end.offset + end.lengthBytes) },
  );
  await read(block.dataset(0));
  return ranges.sort((a, b) => a.from - b.from);
}

/** The pages of a section, as ranges. */
function placesOf(section: 'stacks' | 'values'): RowRange[] {
  return PAGES.filter(({ parts }) => parts.some(({ kind }) => kind === SECTION[section])).map((page) => ({
    from: page.offset,
    until: page.offset + page.lengthBytes,
  }));
}

async function visitType(dataset: DatasetReader, type: number): Promise<bigint> {
  const series = await dataset.series();
  await dataset.load(['profiles'], undefined, [series[type].rows]);
  await dataset.load(['samples'], undefined, [series[type].rows]);
  let sum = 0n;
  await dataset.visitSamples([series[type].rows], (_row, _stacks, _stackFrom, values, valueFrom, count, unit) => {
    for (let at = 2 * valueFrom; at < 2 * (valueFrom + count); at += 2) {
      sum += (BigInt(values[at]) + (BigInt(values[at + 1]) << 32n)) * BigInt(unit);
    }
  });
  return sum;
}

test('a flame graph of one type reads the pages of its samples and no others', async () => {
  const [stacks, values] = [placesOf('stacks'), placesOf('values')];
  // Stacktraces of a, b and c, then those of d; values of a and b, of c, of d.
  assert.deepEqual([stacks.length, values.length], [2, 3]);
  const needed = [
    [stacks[0], values[0]],
    [stacks[0], values[0]],
    [stacks[0], values[1]],
    [stacks[1], values[2]],
  ];
  for (const [type, pages] of needed.entries()) {
    const [series, profiles, ...samples] = await rangesOf((dataset) => visitType(dataset, type));
    const isHead = (page: number, range: RowRange): boolean =>
      range.from === PAGES[page].offset && range.until === PAGES[page].offset + PAGES[page].lengthBytes;
    assert.ok(isHead(0, series) && isHead(1, profiles), TYPES[type].sampleType);
    const joined = pages[0].until === pages[1].from ? [{ from: pages[0].from, until: pages[1].until }] : pages;
    assert.deepEqual(samples, joined, TYPES[type].sampleType);
  }
  assert.ok(values.every(({ from, until }) => until - from > GAP_BYTES_MAX));
});

test('a second type reads only what the first did not', async () => {
  const counts = await rangesOf(async (dataset) => {
    await visitType(dataset, 0);
    await visitType(dataset, 1);
    await visitType(dataset, 2);
  });
  // Series, profiles, samples of a (which are those of b), values of c.
  assert.equal(counts.length, 4);
});

test('what is visited adds up to the totals, whatever is shared', async () => {
  const dataset = parseBlock(BYTES).dataset(0);
  const { total } = await dataset.profiles();
  const sums = total.reduce<bigint[]>((all, one, row) => {
    const type = Math.floor(row / PUSHES);
    all[type] = (all[type] ?? 0n) + one;
    return all;
  }, []);
  for (const type of TYPES.keys()) assert.equal(await visitType(dataset, type), sums[type]);
  assert.equal(sums[1], 10n * sums[0]);
});

test('samples of any rows are those of all samples', async () => {
  const cases = fc.record({ seed: fc.integer(), count: fc.integer({ min: 1, max: 12 }) });
  const ranges = fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(cases, ranges, async ({ seed, count }, chosen) => {
      const random = createSeededRandom(seed);
      const builder = createBlockBuilder();
      const record = (): ProfileRecord => randomProfileRecord(random, { services: ['cart'] });
      for (let offset = 0; offset < count; offset++) builder.addProfile(record(), offset);
      const { bytes, info } = builder.build(HEADER);
      if (info.datasets.length === 0) return;
      const whole = parseBlock(bytes).dataset(0);
      const samples = await whole.samples();
      const rows = (await whole.profiles()).count;
      const wanted = chosen.map(([from, length]) => ({
        from: from % rows,
        until: Math.min(rows, (from % rows) + length),
      }));
      const visited: number[] = [];
      await parseBlock(bytes)
        .dataset(0)
        .visitSamples(wanted, (row, stacktraces, stackFrom, values, valueFrom, length, unit) => {
          visited.push(row);
          const [start, end] = [samples.start[row], samples.start[row + 1]];
          assert.deepEqual(
            stacktraces.subarray(stackFrom, stackFrom + length),
            samples.stacktrace.subarray(start, end),
          );
          const own = new BigInt64Array(values.slice(2 * valueFrom, 2 * (valueFrom + length)).buffer);
          assert.deepEqual(
            own.map((value) => value * BigInt(unit)),
            samples.value.slice(start, end),
          );
        });
      assert.deepEqual(
        visited,
        wanted.flatMap(({ from, until }) => Array.from({ length: until - from }, (_, i) => from + i)),
      );
    }),
    { numRuns: 100 },
  );
});
