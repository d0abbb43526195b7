/** Labels of a block: how many reads and bytes they cost, where they are left out, and what it takes to be believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { type BuiltBlock, createBlockBuilder } from './block-builder.ts';
import { openBlock, parseBlock } from './block-reader.ts';
import { memorySource } from './block-source.ts';
import { type Contents, decodeContents, encodeContents } from './contents.ts';
import { decodeFooter, encodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
import type { BlockReader, BlockSource } from './types.ts';

const LOG = { logId: 'log', partition: 0, position: 0, next: 1_000, lastAppendMs: 1, gaps: [] };

/** A block of so many services, each with so many series or a few more. */
function blockOf(services: number, seriesOf: (service: number) => number): BuiltBlock {
  const random = createSeededRandom(8);
  const builder = createBlockBuilder();
  for (let service = 0; service < services; service++) {
    const record = randomProfileRecord(random, { services: [`service-${service}`], stacksMax: 4 });
    const [group] = record.groups;
    const groups = Array.from({ length: seriesOf(service) }, (_, i) => ({
      ...group,
      labels: [
        { name: 'pod', value: `a-pod-of-service-${service}-by-the-number-${i}-and-${random.integer(1e9)}` },
        { name: 'service_name', value: `service-${service}` },
      ],
    }));
    builder.addProfile({ ...record, groups }, service);
  }
  return builder.build({ id: 'cd'.repeat(16), level: 1, log: LOG });
}

/** A source that keeps how many bytes each read was of. */
function countingSource(bytes: Uint8Array): { readonly source: BlockSource; readonly reads: number[] } {
  const inner = memorySource(bytes);
  const reads: number[] = [];
  const read = (offset: number, lengthBytes: number) => {
    reads.push(lengthBytes);
    return inner.read(offset, lengthBytes);
  };
  return { source: { ...inner, read }, reads };
}

function contentsOf(bytes: Uint8Array): Contents {
  const footer = decodeFooter(bytes);
  assert.ok('contents' in footer);
  return decodeContents(footer.contents, bytes.length - FOOTER_TRAILER_BYTES - footer.contents.length);
}

/** The object as a release without labels would have written it. */
function withoutLabels(bytes: Uint8Array): Uint8Array {
  const contents = contentsOf(bytes);
  const [identities] = contents.block;
  const footer = encodeFooter(encodeContents({ ...contents, block: [identities] }, 1));
  return Buffer.concat([bytes.subarray(0, identities.offset + identities.lengthBytes), footer]);
}

async function assertSeries(block: BlockReader, bytes: Uint8Array): Promise<void> {
  const own = parseBlock(bytes);
  for (const [i] of block.info.datasets.entries())
    assert.deepEqual(await block.dataset(i).series(), await own.dataset(i).series());
}

const all = ({ info }: BlockReader) => [...info.datasets.keys()];

test('the series of all datasets are one read of the end, as long as the builder says', async () => {
  const { bytes, tailBytes } = blockOf(30, () => 3);
  const { source, reads } = countingSource(bytes);
  const block = await openBlock(source, { tailBytes });
  await block.fetchSeries(all(block));
  await assertSeries(block, bytes);
  assert.deepEqual(reads, [tailBytes]);
  assert.deepEqual([block.tailBytes, parseBlock(bytes).tailBytes], [tailBytes, tailBytes]);
  await block.checkLabels();
});

test('labels that are many are read apart from the footer, and not for one dataset', async () => {
  const { bytes, tailBytes } = blockOf(300, () => 40);
  const { block: pages } = contentsOf(bytes);
  const labelBytes = pages.slice(1).reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  assert.ok(pages.length > 3 && labelBytes > 65_536, `${pages.length} pages, ${labelBytes} bytes`);
  assert.ok(tailBytes < 65_536);
  const { source, reads } = countingSource(bytes);
  const block = await openBlock(source, { tailBytes });
  await block.fetchSeries(all(block));
  await assertSeries(block, bytes);
  assert.deepEqual(reads, [tailBytes, labelBytes]);
  const one = countingSource(bytes);
  const other = await openBlock(one.source, { tailBytes });
  await other.fetchSeries([7]);
  await other.dataset(7).series();
  assert.equal(one.reads.length, 2);
  assert.ok(one.reads[1] < labelBytes / 50, `${one.reads[1]} bytes`);
});

test('a dataset of very many series is left out, and read itself', async () => {
  const { bytes, tailBytes } = blockOf(3, (service) => (service === 1 ? 4_200 : 2));
  const { source, reads } = countingSource(bytes);
  const block = await openBlock(source, { tailBytes });
  await block.fetchSeries([0, 2]);
  await block.dataset(0).series();
  await block.dataset(2).series();
  assert.deepEqual(reads, [tailBytes]);
  await block.fetchSeries(all(block));
  assert.equal(reads.length, 2);
  await assertSeries(block, bytes);
  assert.equal(reads.length, 2);
  await block.checkLabels();
});

test('without labels series are fetched in few reads, and then cost none', async () => {
  const bytes = withoutLabels(blockOf(30, () => 3).bytes);
  const { source, reads } = countingSource(bytes);
  const block = await openBlock(source, { tailBytes: 2_048 });
  const opened = reads.length;
  await block.fetchSeries(all(block));
  const fetched = reads.length;
  assert.ok(fetched > opened && fetched - opened < all(block).length / 3, `${fetched - opened} reads`);
  await assertSeries(block, bytes);
  assert.equal(reads.length, fetched);
  await block.checkLabels();
});

test('a failed read of labels may be tried again', async () => {
  const { bytes } = blockOf(300, () => 40);
  const { source } = countingSource(bytes);
  let failures = 0;
  const read: BlockSource['read'] = (offset, lengthBytes) =>
    failures-- > 0
      ? Promise.reject(new FlamelakeError('unavailable', 'store does not answer'))
      : source.read(offset, lengthBytes);
  const block = await openBlock({ ...source, read });
  failures = 1;
  await assert.rejects(block.fetchSeries([0, 1]), { code: 'unavailable' });
  await Promise.all([block.fetchSeries([0, 1]), block.fetchSeries(all(block))]);
  await assertSeries(block, bytes);
});

test('labels that are not those of the datasets are found', async () => {
  const [one, other] = [blockOf(3, () => 2).bytes, blockOf(3, () => 3).bytes];
  const [contents, others] = [contentsOf(one), contentsOf(other)];
  const [identities] = contents.block;
  const labels = others.block[1];
  const footer = encodeFooter(encodeContents({ ...contents, block: [identities, labels] }, 1));
  const mixed = Buffer.concat([
    one.subarray(0, identities.offset + identities.lengthBytes),
    other.subarray(labels.offset, labels.offset + labels.lengthBytes),
    footer,
  ]);
  await assert.rejects(parseBlock(mixed).checkLabels(), {
    code: 'data_loss',
    message: 'labels are not those of the dataset',
  });
});
