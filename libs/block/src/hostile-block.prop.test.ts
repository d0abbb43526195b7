/**
 * Blocks whose checksums are right and whose content is wrong: whoever can write to the bucket can make them.
 * Reading one is data loss, or gives columns in which every reference stays in range.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import fc from 'fast-check';
import { createBlockBuilder } from './block-builder.ts';
import { parseBlock } from './block-reader.ts';
import { type Contents, decodeContents, encodeContents } from './contents.ts';
import { decodeFooter, encodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
import { decodePage, encodePage } from './page.ts';
import type { PagePlace } from './section.ts';
import type { BlockReader, DatasetReader } from './types.ts';

const BYTES = sampleBlock();
const CONTENTS = contentsOf(BYTES);
const PLACES: readonly PagePlace[] = [...CONTENTS.datasets.flat(), ...CONTENTS.block];

/** One dataset with spans, totals and quarantine, so that every kind of section is there. */
function sampleBlock(): Uint8Array {
  const random = createSeededRandom(11);
  const builder = createBlockBuilder();
  for (let offset = 0; offset < 4; offset++) {
    const record = randomProfileRecord(random, { services: ['cart'], functionsMax: 9 });
    const groups = record.groups.map((group) => ({
      ...group,
      spanIds: new BigUint64Array(group.sampleCount).fill(BigInt(offset)),
      traceIds: new Uint8Array(16 * group.sampleCount).fill(offset),
    }));
    builder.addProfile({ ...record, groups }, offset);
  }
  builder.addQuarantined({ offset: 4, reason: 'unknown', value: Uint8Array.of(7) });
  const log = { logId: 'log', partition: 0, position: 0, next: 5, lastAppendMs: 0, gaps: [] };
  return builder.build({ id: '00'.repeat(16), level: 0, log, totalsMs: 3_600_000 }).bytes;
}

function contentsOf(bytes: Uint8Array): Contents {
  const footer = decodeFooter(bytes);
  assert.ok('contents' in footer);
  return decodeContents(footer.contents, bytes.length - FOOTER_TRAILER_BYTES - footer.contents.length);
}

/** The sample block with page `index` replaced, and `moreRows` stated for one of its parts. */
function withPage(index: number, page: Uint8Array, part: number, moreRows: number): Uint8Array {
  const out = new ByteWriter();
  const changed = PLACES.map((place, i) => {
    const bytes = i === index ? page : bytesOf(i);
    out.bytes(bytes);
    const parts = place.parts.map(({ kind, rows }, at) => {
      const isChanged = i === index && at === part % place.parts.length;
      return { kind, rows: Math.max(0, rows + (isChanged ? moreRows : 0)) };
    });
    return { lengthBytes: bytes.length, parts };
  });
  const datasetPages = CONTENTS.datasets[0].length;
  const contents = {
    info: CONTENTS.info,
    datasets: [changed.slice(0, datasetPages)],
    block: changed.slice(datasetPages),
  };
  out.bytes(encodeFooter(encodeContents(contents, 1)));
  return out.copy();
}

function bytesOf(page: number): Uint8Array {
  const { offset, lengthBytes } = PLACES[page];
  return BYTES.subarray(offset, offset + lengthBytes);
}

/** A page of the sample block with its columns changed, under a right checksum. */
function rewritePage(
  index: number,
  change: (columns: Uint8Array[], part: number) => readonly Uint8Array[],
): Uint8Array {
  const raw = new ByteWriter();
  const ends: number[] = [];
  const parts = decodePage(bytesOf(index)).parts.map((columns, part) => {
    const changed = change(
      columns.map((column) => column.slice()),
      part,
    );
    for (const column of changed) {
      raw.bytes(column);
      ends.push(raw.length);
    }
    return changed.length;
  });
  const out = new ByteWriter();
  encodePage(out, raw.view(), ends, parts, 1);
  return out.copy();
}

interface Change {
  readonly page: number;
  readonly part: number;
  readonly column: number;
  readonly at: number;
  readonly value: number;
  readonly grow: number;
  readonly moreRows: number;
}

/** A page with a byte of one column changed, or the column shorter or longer. */
function changeColumn({ page, part, column, at, value, grow }: Change): Uint8Array {
  return rewritePage(page, (columns, i) => {
    if (i !== part % PLACES[page].parts.length) return columns;
    return columns.map((bytes, number) => {
      if (number !== column % columns.length) return bytes;
      if (bytes.length > 0) bytes[at % bytes.length] = value;
      const longer = new Uint8Array(Math.max(0, bytes.length + grow));
      longer.set(bytes.subarray(0, longer.length));
      return longer;
    });
  });
}

function assertBelow(what: string, column: Uint32Array, limit: number): void {
  for (const value of column) assert.ok(value < limit, `${what}: ${value} of ${limit}`);
}

function assertAscends(what: string, starts: Uint32Array, end: number): void {
  starts.forEach((start, i) => assert.ok(i === 0 ? start === 0 : start >= starts[i - 1], what));
  assert.equal(starts.at(-1), end, what);
}

/** Reads everything and checks every reference. */
async function readAll(block: BlockReader): Promise<void> {
  const identities = await block.identities();
  assert.equal(identities.ids.length, 16 * identities.count);
  await block.quarantine();
  await block.checkLabels();
  await readDataset(block.dataset(0), identities.count);
}

async function readDataset(dataset: DatasetReader, identityCount: number): Promise<void> {
  const strings = await dataset.strings();
  assertAscends('strings', strings.offsets, strings.bytes.length);
  const functions = await dataset.functions();
  for (const column of [functions.name, functions.systemName, functions.filename]) {
    assertBelow('function', column, strings.count);
  }
  const mappings = await dataset.mappings();
  assertBelow('mapping', mappings.filename, strings.count);
  assertBelow('mapping', mappings.buildId, strings.count);
  const locations = await dataset.locations();
  assertBelow('location', locations.mapping, mappings.count + 1);
  assertBelow('line', locations.lineFunction, functions.count);
  assertAscends('lines', locations.lineStart, locations.lineFunction.length);
  const tree = await dataset.tree();
  for (let node = 1; node < tree.count; node++) assert.ok(tree.parent[node] < node, 'parent');
  assertBelow('node', tree.location.subarray(1), locations.count);
  const series = await dataset.series();
  const profiles = await dataset.profiles();
  const samples = await dataset.samples();
  assertBelow('profile', profiles.series, series.length);
  assertBelow('identity', profiles.identity, identityCount);
  assertBelow('list', profiles.stackList, profiles.count);
  assertAscends('samples', samples.start, samples.count);
  assertBelow('sample', samples.stacktrace, tree.count);
  const spans = await dataset.spans();
  if (spans !== undefined) assert.equal(spans.spanIds.length, samples.count);
  if (spans?.traceIds !== undefined) assert.equal(spans.traceIds.length, 16 * samples.count);
  for (const type of dataset.info.profileTypes) {
    for (const { total, stacks } of (await dataset.totals(type, [])) ?? []) {
      let sum = 0n;
      for (const { stacktrace, value } of stacks) {
        assertBelow('total', stacktrace, tree.count);
        assert.equal(value.length, stacktrace.length);
        for (const one of value) sum += one;
      }
      assert.equal(sum, total);
    }
  }
}

const changes: fc.Arbitrary<Change> = fc.record({
  page: fc.nat(PLACES.length - 1),
  part: fc.nat(3),
  column: fc.nat(9),
  at: fc.nat(2_000),
  value: fc.nat(255),
  grow: fc.constantFrom(0, 0, 0, -1, 1),
  moreRows: fc.constantFrom(0, 0, 0, -1, 1, 1_000_000_000),
});

test('wrong content under right checksums is data loss or stays in range', async () => {
  let losses = 0;
  await fc.assert(
    fc.asyncProperty(changes, async (change) => {
      try {
        const bytes = withPage(change.page, changeColumn(change), change.part, change.moreRows);
        await readAll(parseBlock(bytes));
      } catch (error) {
        if (!(error instanceof FlamelakeError)) throw error;
        assert.equal(error.code, 'data_loss');
        losses++;
      }
    }),
    { numRuns: 1_500 },
  );
  assert.ok(losses > 300);
});

test('samples of rows are those of all samples, or data loss too', async () => {
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(), async (change, chosen) => {
      try {
        const block = parseBlock(withPage(change.page, changeColumn(change), change.part, change.moreRows));
        const { count: nodes } = await block.dataset(0).tree();
        const { count } = await block.dataset(0).profiles();
        const from = chosen % count;
        await block
          .dataset(0)
          .visitSamples([{ from, until: count }], (row, stacktraces, stackFrom, values, ...rest) => {
            const [valueFrom, length, unit] = rest;
            assert.ok(row >= from && row < count && unit >= 1);
            assert.ok(stackFrom + length <= stacktraces.length && 2 * (valueFrom + length) <= values.length);
            assertBelow('sample', stacktraces.subarray(stackFrom, stackFrom + length), nodes);
          });
      } catch (error) {
        if (!(error instanceof FlamelakeError)) throw error;
        assert.equal(error.code, 'data_loss');
      }
    }),
    { numRuns: 500 },
  );
});

test('the sample block itself reads', async () => {
  await readAll(parseBlock(BYTES));
  assert.equal(new Set(PLACES.flatMap(({ parts }) => parts.map(({ kind }) => kind))).size, 16);
});

test('sections and columns of a later version are skipped', async () => {
  const later = new TextEncoder().encode('what this version does not know');
  const raw = new ByteWriter();
  raw.bytes(later);
  const page = new ByteWriter();
  encodePage(page, raw.view(), [raw.length], [1], 1);
  const out = new ByteWriter();
  for (const i of PLACES.keys()) out.bytes(bytesOf(i));
  out.bytes(page.view());
  const block = [...CONTENTS.block, { lengthBytes: page.length, parts: [{ kind: 99, rows: 1 }] }];
  out.bytes(encodeFooter(encodeContents({ ...CONTENTS, block }, 1)));
  await readAll(parseBlock(out.copy()));
  for (const i of PLACES.keys()) {
    await readAll(
      parseBlock(
        withPage(
          i,
          rewritePage(i, (columns) => [...columns, later]),
          0,
          0,
        ),
      ),
    );
  }
});

test('a part of a later section beside known ones is skipped', async () => {
  const page = PLACES.findIndex(({ parts }) => parts.length > 1);
  const out = new ByteWriter();
  const raw = new ByteWriter();
  const ends: number[] = [];
  const { parts } = decodePage(bytesOf(page));
  for (const column of [Uint8Array.of(1, 2, 3), ...parts.flat()]) {
    raw.bytes(column);
    ends.push(raw.length);
  }
  encodePage(out, raw.view(), ends, [1, ...parts.map(({ length }) => length)], 1);
  const widened = PLACES.map((place, i) =>
    i === page
      ? { lengthBytes: out.length, parts: [{ kind: 98, rows: 3 }, ...place.parts] }
      : { lengthBytes: place.lengthBytes, parts: place.parts },
  );
  const whole = new ByteWriter();
  for (const i of PLACES.keys()) whole.bytes(i === page ? out.view() : bytesOf(i));
  const datasetPages = CONTENTS.datasets[0].length;
  const datasets = [widened.slice(0, datasetPages)];
  const block = widened.slice(datasetPages);
  whole.bytes(encodeFooter(encodeContents({ info: CONTENTS.info, datasets, block }, 1)));
  await readAll(parseBlock(whole.copy()));
});

test('a block of a newer version is refused by its version', () => {
  const bytes = BYTES.slice();
  const footer = decodeFooter(bytes);
  assert.ok('contents' in footer);
  const later = encodeFooter(footer.contents, 2);
  bytes.set(later, bytes.length - later.length);
  assert.throws(() => parseBlock(bytes), {
    code: 'unimplemented',
    details: { object: 'memory', section: 'footer', version: 2, newest: 1 },
  });
});
