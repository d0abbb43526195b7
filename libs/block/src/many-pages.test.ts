/** Datasets whose sections take several pages: counts, order and references go on across them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProfileRecord, stringAt } from '@flamelake/formats';
import { CPU_TYPE, stackTreeOf, stringColumn } from '@flamelake/testkit';
import { createBlockBuilder } from './block-builder.ts';
import { parseBlock } from './block-reader.ts';
import { PART_ROWS } from './page-writer.ts';
import type { BlockReader } from './types.ts';

const HEADER = {
  id: '00'.repeat(16),
  level: 0,
  log: { logId: 'log', partition: 0, position: 0, next: 1, lastAppendMs: 0, gaps: [] },
};
const SPAN_EVERY = 3;

/** `count` functions, each in a stack of its own below function 0, with value 2 × its number + 1. */
function wideRecord(count: number): ProfileRecord {
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  const strings = stringColumn(['', ...Array.from(numbers, (i) => `package/with/a/long/path.function${i}`)]);
  const name = numbers.map((i) => i + 1);
  const zeros = new Uint32Array(count);
  const { stacks, stack } = stackTreeOf(Array.from(numbers, (i) => [i, 0]));
  return {
    tenant: 't',
    service: 's',
    identity: new Uint8Array(16).fill(1),
    timeNanos: 1_795_206_485_000_000_000n,
    durationNanos: 0n,
    period: 0n,
    types: [CPU_TYPE],
    symbols: {
      strings,
      functions: { count, name, systemName: name, filename: zeros, startLine: new Int32Array(count) },
      mappings: {
        count: 0,
        memoryStart: new BigUint64Array(0),
        memoryLimit: new BigUint64Array(0),
        fileOffset: new BigUint64Array(0),
        filename: zeros.subarray(0, 0),
        buildId: zeros.subarray(0, 0),
        flags: new Uint8Array(0),
      },
      locations: {
        count,
        mapping: zeros,
        address: BigUint64Array.from(numbers, BigInt),
        lineStart: Uint32Array.from({ length: count + 1 }, (_, i) => i),
        lineFunction: numbers,
        lineNumber: Int32Array.from(numbers),
      },
    },
    stacks,
    groups: [
      {
        labels: [{ name: 'service_name', value: 's' }],
        sampleCount: count,
        stack,
        values: BigInt64Array.from(numbers, (i) => 2n * BigInt(i) + 1n),
        spanIds: BigUint64Array.from(numbers, (i) => (i % SPAN_EVERY === 0 ? BigInt(i) : 0n)),
        traceIds: undefined,
      },
    ],
  };
}

async function assertWide(block: BlockReader, count: number): Promise<void> {
  const dataset = block.dataset(0);
  const [strings, functions, locations] = [
    await dataset.strings(),
    await dataset.functions(),
    await dataset.locations(),
  ];
  const [tree, samples, spans] = [await dataset.tree(), await dataset.samples(), await dataset.spans()];
  assert.deepEqual([strings.count, functions.count, locations.count], [count + 1, count, count]);
  assert.deepEqual([tree.count, samples.count], [count + 2, count]);
  for (let i = 0; i < count; i++) {
    const location = tree.location[samples.stacktrace[i]];
    const number = Number(locations.address[location]);
    assert.equal(samples.value[i], 2n * BigInt(number) + 1n);
    assert.equal(locations.lineNumber[location], number);
    const fn = locations.lineFunction[locations.lineStart[location]];
    assert.equal(stringAt(strings, functions.name[fn]), `package/with/a/long/path.function${number}`);
    assert.equal(spans?.spanIds[i], number % SPAN_EVERY === 0 ? BigInt(number) : 0n);
  }
}

test('symbols, tree, samples and spans of several pages come back, and merge', async () => {
  const count = PART_ROWS + 5;
  const builder = createBlockBuilder();
  builder.addProfile(wideRecord(count), 0);
  const block = parseBlock(builder.build(HEADER).bytes);
  await assertWide(block, count);
  const merge = createBlockBuilder();
  await merge.addBlock(block);
  await assertWide(parseBlock(merge.build({ ...HEADER, level: 1 }).bytes), count);
});

test('series, profiles and identities of several pages come back in order', async () => {
  const builder = createBlockBuilder();
  const base = wideRecord(1);
  const count = PART_ROWS + 7;
  for (let i = 0; i < count; i++) {
    const identity = new Uint8Array(16);
    new DataView(identity.buffer).setUint32(0, i);
    const labels = [
      { name: 'pod', value: `pod-${i % 5_000}` },
      { name: 'service_name', value: 's' },
    ];
    const timeNanos = base.timeNanos + BigInt(count - i) * 1_000_000n;
    builder.addProfile({ ...base, identity, timeNanos, groups: [{ ...base.groups[0], labels }] }, 3 * i);
  }
  const block = parseBlock(builder.build(HEADER).bytes);
  const [series, profiles] = [await block.dataset(0).series(), await block.dataset(0).profiles()];
  const identities = await block.identities();
  assert.deepEqual([series.length, profiles.count, identities.count], [5_000, count, count]);
  assert.equal(new Set(series.map(({ labels }) => labels.find(({ name }) => name === 'pod')?.value)).size, 5_000);
  for (let row = 0; row < count; row++) {
    const identity = profiles.identity[row];
    const pushed = new DataView(identities.ids.buffer, identities.ids.byteOffset).getUint32(16 * identity);
    assert.equal(identities.offsets[identity], 3 * pushed);
    assert.equal(profiles.timeMs[row], 1_795_206_485_000 + count - pushed);
    const pod = series[profiles.series[row]].labels.find(({ name }) => name === 'pod')?.value;
    assert.equal(pod, `pod-${pushed % 5_000}`);
    if (row === 0) continue;
    const inOrder =
      profiles.series[row] > profiles.series[row - 1] ||
      (profiles.series[row] === profiles.series[row - 1] && profiles.timeMs[row] > profiles.timeMs[row - 1]);
    assert.ok(inOrder, `row ${row}`);
  }
});
