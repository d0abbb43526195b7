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
import { createPageDraft, endColumn, readPages, writePage } from './page.ts';
import type { SectionPlace } from './section.ts';
import type { BlockReader, DatasetReader } from './types.ts';

const BYTES = sampleBlock();
const CONTENTS = contentsOf(BYTES);
const PLACES: readonly SectionPlace[] = [...CONTENTS.datasets.flat(), ...CONTENTS.block];

/** One dataset with spans and quarantine, so that every kind of section is there. */
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
  return builder.build({ id: '00'.repeat(16), level: 0, log }).bytes;
}

function contentsOf(bytes: Uint8Array): Contents {
  const footer = decodeFooter(bytes);
  assert.ok('contents' in footer);
  return decodeContents(footer.contents, bytes.length - FOOTER_TRAILER_BYTES - footer.contents.length);
}

/** The sample block with section `index` replaced, and `moreRows` stated for it. */
function withSection(index: number, section: Uint8Array, moreRows: number): Uint8Array {
  const out = new ByteWriter();
  const changed = PLACES.map((place, i) => {
    const bytes = i === index ? section : BYTES.subarray(place.offset, place.offset + place.lengthBytes);
    out.bytes(bytes);
    return { ...place, lengthBytes: bytes.length, rows: Math.max(0, place.rows + (i === index ? moreRows : 0)) };
  });
  const datasetSections = CONTENTS.datasets[0].length;
  const contents = {
    info: CONTENTS.info,
    datasets: [changed.slice(0, datasetSections)],
    block: changed.slice(datasetSections),
  };
  out.bytes(encodeFooter(encodeContents(contents, 1)));
  return out.copy();
}

/** A section with bytes of one column changed, under right checksums. */
function changeColumn(index: number, change: { column: number; at: number; value: number; grow: number }): Uint8Array {
  const { offset, lengthBytes } = PLACES[index];
  const out = new ByteWriter();
  for (const page of readPages(BYTES.subarray(offset, offset + lengthBytes))) {
    const draft = createPageDraft();
    page.columns.forEach((reader, column) => {
      const bytes = new Uint8Array(reader.bytes(reader.remaining));
      if (column === change.column % page.columns.length) {
        if (bytes.length > 0) bytes[change.at % bytes.length] = change.value;
        draft.raw.bytes(bytes.subarray(0, bytes.length + Math.min(0, change.grow)));
        draft.raw.bytes(new Uint8Array(Math.max(0, change.grow)));
      } else draft.raw.bytes(bytes);
      endColumn(draft);
    });
    writePage(out, draft, page.rows, 1);
  }
  return out.copy();
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
  assertAscends('samples', profiles.sampleStart, samples.count);
  assertBelow('sample', samples.stacktrace, tree.count);
  const spans = await dataset.spans();
  if (spans !== undefined) assert.equal(spans.spanIds.length, samples.count);
  if (spans?.traceIds !== undefined) assert.equal(spans.traceIds.length, 16 * samples.count);
}

const changes = fc.record({
  section: fc.nat(PLACES.length - 1),
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
        const bytes = withSection(change.section, changeColumn(change.section, change), change.moreRows);
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

test('the sample block itself reads', async () => {
  await readAll(parseBlock(BYTES));
  assert.equal(new Set(PLACES.map(({ kind }) => kind)).size, 12);
});

test('sections and columns of a later version are skipped', async () => {
  const out = new ByteWriter();
  for (const place of PLACES) out.bytes(BYTES.subarray(place.offset, place.offset + place.lengthBytes));
  out.bytes(Uint8Array.of(1, 2, 3));
  const block = [...CONTENTS.block, { kind: 99, rows: 1, lengthBytes: 3, offset: 0 }];
  out.bytes(encodeFooter(encodeContents({ ...CONTENTS, block }, 1)));
  await readAll(parseBlock(out.copy()));

  const wider = new ByteWriter();
  const series = PLACES[0];
  const [page] = readPages(BYTES.subarray(series.offset, series.offset + series.lengthBytes));
  const draft = createPageDraft();
  for (const reader of page.columns) {
    draft.raw.bytes(reader.bytes(reader.remaining));
    endColumn(draft);
  }
  draft.raw.text('a column this version does not know');
  endColumn(draft);
  writePage(wider, draft, page.rows, 1);
  await readAll(parseBlock(withSection(0, wider.copy(), 0)));
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
