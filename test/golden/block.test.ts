/** Golden blocks of every version stay readable; blocks of the current one are still written to the same bytes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BLOCK_VERSION, type BlockDescription, createBlockBuilder, describeBlock, parseBlock } from '@flamelake/block';
import { GOLDEN_TOTALS_MS, smallBlock, timedBlock } from './block-goldens.ts';

const names = readdirSync(import.meta.dirname)
  .filter((name) => /^block-v\d+-.*\.bin$/.test(name))
  .map((name) => name.slice(0, -4));

interface Golden {
  /** Version of zstd that compressed the pages; another one may find other bytes for the same content. */
  readonly zstd: string;
  readonly block: BlockDescription;
}

function goldenOf(name: string): { bytes: Uint8Array; golden: Golden } {
  const path = `${import.meta.dirname}/${name}`;
  return {
    bytes: new Uint8Array(readFileSync(`${path}.bin`)),
    golden: JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Golden,
  };
}

test('there are golden blocks of the current version', () => {
  assert.ok(names.filter((name) => name.startsWith(`block-v${BLOCK_VERSION}-`)).length >= 3);
});

for (const name of names) {
  test(`${name} reads as it did`, async () => {
    const { bytes, golden } = goldenOf(name);
    const description: unknown = JSON.parse(JSON.stringify(await describeBlock(parseBlock(bytes))));
    assert.deepEqual(description, golden.block);
  });
}

// Those before them have no labels at their end.
for (const name of names.filter((one) => one.startsWith(`block-v${BLOCK_VERSION}-labels-`))) {
  test(`${name} is written again to the same bytes`, async (t) => {
    const { bytes, golden } = goldenOf(name);
    if (golden.zstd !== process.versions.zstd) return t.skip(`written with zstd ${golden.zstd}`);
    const block = parseBlock(bytes);
    const builder = createBlockBuilder();
    await builder.addBlock(block);
    builder.addIdentities(await block.identities());
    for (const record of await block.quarantine()) builder.addQuarantined(record);
    const { id, level, log } = block.info;
    const totals = level < 2 ? {} : { totalsMs: GOLDEN_TOTALS_MS };
    assert.deepEqual(builder.build({ id, level, log, ...totals }).bytes, bytes);
  });
}

test('the golden block with times is built to the same bytes from its records', (t) => {
  const { bytes, golden } = goldenOf('block-v1-labels-times');
  if (golden.zstd !== process.versions.zstd) return t.skip(`written with zstd ${golden.zstd}`);
  assert.deepEqual(timedBlock(), bytes);
});

test('the small golden block is built to the same bytes from its records', (t) => {
  const { bytes, golden } = goldenOf('block-v1-labels-small');
  if (golden.zstd !== process.versions.zstd) return t.skip(`written with zstd ${golden.zstd}`);
  assert.deepEqual(smallBlock(), bytes);
});
