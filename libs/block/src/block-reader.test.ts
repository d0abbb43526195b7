/** What of a block is read, counted in requests and bytes, and what a reader does with bytes that are not as they should be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { createBlockBuilder } from './block-builder.ts';
import { openBlock, parseBlock } from './block-reader.ts';
import { memorySource, objectSource } from './block-source.ts';
import { decodeContents } from './contents.ts';
import { decodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
import { SECTION, type StoredSection } from './section.ts';
import type { BlockReader, BlockSource, LogRange } from './types.ts';

const LOG: LogRange = {
  logId: 'log',
  partition: 0,
  position: 0,
  next: 40,
  lastAppendMs: 1,
  gaps: [{ from: 3, until: 5 }],
};
const BYTES = sampleBlock();
const PLACES = placesOf(BYTES);

/** Two datasets of twenty profiles each; one has a quarantined record beside them. */
function sampleBlock(): Uint8Array {
  const random = createSeededRandom(7);
  const builder = createBlockBuilder();
  for (let offset = 0; offset < 40; offset++) {
    const services = offset % 2 === 0 ? ['cart'] : ['checkout'];
    builder.addProfile(
      randomProfileRecord(random, { services, functionsMax: 60, stacksMax: 40, depthMax: 12 }),
      offset,
    );
  }
  builder.addQuarantined({ offset: 39, reason: 'version is unknown', value: Uint8Array.of(1, 2, 3) });
  return builder.build({ id: 'ab'.repeat(16), level: 0, log: LOG }).bytes;
}

function placesOf(bytes: Uint8Array) {
  const footer = decodeFooter(bytes);
  assert.ok('contents' in footer);
  return decodeContents(footer.contents, bytes.length - FOOTER_TRAILER_BYTES - footer.contents.length);
}

/** Bytes of the pages of dataset 0 that hold these sections and, as small ones share pages, must hold no others. */
function bytesOf(...sections: readonly StoredSection[]): number {
  const kinds = new Set<number>(sections.map((section) => SECTION[section]));
  const pages = PLACES.datasets[0].filter(({ parts }) => parts.some(({ kind }) => kinds.has(kind)));
  assert.deepEqual(new Set(pages.flatMap(({ parts }) => parts.map(({ kind }) => kind))), kinds);
  return pages.reduce((sum, page) => sum + page.lengthBytes, 0);
}

interface CountingSource extends BlockSource {
  requests: number;
  bytes: number;
}

function countingSource(bytes: Uint8Array): CountingSource {
  const inner = memorySource(bytes, 'blocks/one');
  const source: CountingSource = {
    ...inner,
    requests: 0,
    bytes: 0,
    read(offset, lengthBytes) {
      source.requests++;
      source.bytes += lengthBytes;
      return inner.read(offset, lengthBytes);
    },
  };
  return source;
}

/** Opens the block with no more of its end than the footer, and runs `read` on dataset 0; counts what that reads. */
async function count(read: (block: BlockReader) => Promise<unknown>): Promise<{ requests: number; bytes: number }> {
  const source = countingSource(BYTES);
  const footer = decodeFooter(BYTES);
  assert.ok('contents' in footer);
  const block = await openBlock(source, {
    tail: BYTES.subarray(BYTES.length - FOOTER_TRAILER_BYTES - footer.contents.length),
  });
  assert.equal(source.requests, 0);
  await read(block);
  return { requests: source.requests, bytes: source.bytes };
}

test('opening reads the tail once, or twice when the footer is larger', async () => {
  const whole = countingSource(BYTES);
  await openBlock(whole);
  assert.deepEqual([whole.requests, whole.bytes], [1, Math.min(65_536, BYTES.length)]);
  const short = countingSource(BYTES);
  await openBlock(short, { tail: BYTES.subarray(BYTES.length - 20) });
  assert.equal(short.requests, 1);
  assert.ok(short.bytes < 1_000);
});

test('what came with the tail is not read again', async () => {
  const source = countingSource(BYTES);
  const block = await openBlock(source);
  await block.dataset(0).samples();
  await block.identities();
  assert.equal(source.requests, BYTES.length <= 65_536 ? 1 : 2);
});

test('a label query reads only series', async () => {
  const counted = await count((block) => block.dataset(0).series());
  assert.deepEqual(counted, { requests: 1, bytes: bytesOf('series') });
});

test('a time series reads series and profiles, in one request', async () => {
  const counted = await count(async (block) => {
    await block.dataset(0).load(['series', 'profiles']);
    await block.dataset(0).series();
    await block.dataset(0).profiles();
  });
  assert.deepEqual(counted, { requests: 1, bytes: bytesOf('series', 'pushes', 'profiles') });
});

test('a flame graph reads all but mappings, in one request', async () => {
  const counted = await count(async (block) => {
    const dataset = block.dataset(0);
    await dataset.load(['tree', 'samples', 'profiles', 'series', 'strings', 'functions', 'locations']);
    await Promise.all([dataset.samples(), dataset.series(), dataset.tree(), dataset.strings(), dataset.functions()]);
    await Promise.all([dataset.locations(), dataset.profiles(), dataset.samples()]);
  });
  const sections = [
    'series',
    'pushes',
    'profiles',
    'stacks',
    'values',
    'tree',
    'locations',
    'functions',
    'strings',
  ] as const;
  assert.deepEqual(counted, { requests: 1, bytes: bytesOf(...sections) });
});

test('the second query of a block reads only what the first did not', async () => {
  const counted = await count(async (block) => {
    await block.dataset(0).series();
    await block.dataset(0).load(['series', 'profiles']);
    await block.dataset(0).profiles();
    await block.dataset(0).samples();
  });
  assert.deepEqual(counted, { requests: 3, bytes: bytesOf('series', 'pushes', 'profiles', 'stacks', 'values') });
});

test('a dataset without spans answers so without reading', async () => {
  const counted = await count(async (block) => assert.equal(await block.dataset(0).spans(), undefined));
  assert.equal(counted.requests, 0);
});

test('recovery reads identities and quarantine', async () => {
  const counted = await count(async (block) => {
    assert.equal((await block.identities()).count, 40);
    assert.deepEqual(await block.quarantine(), [
      { offset: 39, reason: 'version is unknown', value: Uint8Array.of(1, 2, 3) },
    ]);
  });
  const [identities, quarantine] = PLACES.block;
  assert.deepEqual(counted, { requests: 2, bytes: identities.lengthBytes + quarantine.lengthBytes });
});

test('the footer says what the builder was told', () => {
  const { info } = parseBlock(BYTES);
  assert.deepEqual(info.log, LOG);
  assert.deepEqual([info.id, info.level], ['ab'.repeat(16), 0]);
  assert.deepEqual(
    info.datasets.map(({ tenant, service }) => [tenant, service]),
    [
      ['anonymous', 'cart'],
      ['anonymous', 'checkout'],
    ],
  );
});

test('a corrupt page fails the sections in it and nothing else, and names the object', async () => {
  const broken = BYTES.slice();
  const tree = PLACES.datasets[0].find(({ parts }) => parts.some(({ kind }) => kind === SECTION.tree));
  assert.ok(tree !== undefined);
  broken[tree.offset + 20] ^= 0x10;
  const block = await openBlock(memorySource(broken, 'blocks/two'));
  const isTreeLoss = (error: unknown): boolean =>
    error instanceof FlamelakeError &&
    error.code === 'data_loss' &&
    error.details['object'] === 'blocks/two' &&
    error.details['section'] === 'tree';
  await assert.rejects(block.dataset(0).tree(), isTreeLoss);
  await assert.rejects(block.dataset(0).tree(), isTreeLoss, 'a second try says the same');
  assert.ok((await block.dataset(0).samples()).count > 0);
  assert.ok((await block.dataset(1).tree()).count > 1);
});

test('a failed read may be tried again', async () => {
  let failures = 1;
  const inner = memorySource(BYTES);
  const block = await openBlock(
    {
      ...inner,
      read(offset, lengthBytes) {
        if (failures-- > 0) return Promise.reject(new FlamelakeError('unavailable', 'store does not answer'));
        return inner.read(offset, lengthBytes);
      },
    },
    { tail: BYTES.subarray(BYTES.length - 1_000) },
  );
  await assert.rejects(block.dataset(0).series(), { code: 'unavailable' });
  assert.ok((await block.dataset(0).series()).length > 0);
});

test('an object that is no block is data loss', async () => {
  await assert.rejects(openBlock(memorySource(new Uint8Array(100))), { code: 'data_loss' });
  await assert.rejects(openBlock(memorySource(new Uint8Array(0))), { code: 'data_loss' });
});

test('an object that is gone or replaced is not found', async () => {
  const stored = new Map([['k', { bytes: BYTES, etag: 'one' }]]);
  const store: Pick<ObjectStore, 'get'> = {
    get(key, range) {
      const object = stored.get(key);
      if (object === undefined || range === undefined || !('offset' in range)) return Promise.resolve(undefined);
      const bytes = object.bytes.slice(range.offset, range.offset + range.length);
      return Promise.resolve({ bytes, sizeBytes: object.bytes.length, modifiedMs: 0, etag: object.etag });
    },
  };
  const source = objectSource(store, { key: 'k', sizeBytes: BYTES.length, etag: 'one' });
  const block = await openBlock(source);
  assert.equal(block.info.id, 'ab'.repeat(16));
  stored.set('k', { bytes: BYTES, etag: 'two' });
  await assert.rejects(source.read(0, 1), { code: 'not_found' });
  stored.clear();
  await assert.rejects(source.read(0, 1), { code: 'not_found' });
});
