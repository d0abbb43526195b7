import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileTypeId } from '@flamelake/model';
import { CPU_TYPE, createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { createBlockBuilder } from './block-builder.ts';
import { parseBlock } from './block-reader.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 15, 12);
const LOG = { logId: 'log', partition: 0, position: 0, next: 1, lastAppendMs: 0, gaps: [] };
const CPU = profileTypeId(CPU_TYPE);

/** A block of profiles, some minutes apart. @param factor - of all values */
function blockOf(count: number, minutesApart: number, factor = 1n, totalsMs: number | null = HOUR_MS) {
  const random = createSeededRandom(5);
  const builder = createBlockBuilder();
  for (let i = 0; i < count; i++) {
    const timeMs = START_MS + i * minutesApart * 60_000;
    const record = randomProfileRecord(random, { services: ['cart'], timeMs });
    const groups = record.groups.map((group) => ({ ...group, values: group.values.map((value) => value * factor) }));
    builder.addProfile({ ...record, groups }, i);
  }
  const header = { id: '0'.repeat(32), level: 2, log: LOG, ...(totalsMs !== null && { totalsMs }) };
  return parseBlock(builder.build(header).bytes).dataset(0);
}

/** Totals by type, window and stack, the slow way. */
async function expectedTotals(dataset: ReturnType<typeof blockOf>) {
  const series = await dataset.series();
  const profiles = await dataset.profiles();
  const samples = await dataset.samples();
  const sums = new Map<string, bigint>();
  for (let row = 0; row < profiles.count; row++) {
    const type = profileTypeId(series[profiles.series[row]].type);
    const window = Math.floor(profiles.timeMs[row] / HOUR_MS) * HOUR_MS;
    for (let i = samples.start[row]; i < samples.start[row + 1]; i++) {
      const name = `${type} ${window} ${samples.stacktrace[i]}`;
      sums.set(name, (sums.get(name) ?? 0n) + samples.value[i]);
    }
  }
  return sums;
}

async function foundTotals(dataset: ReturnType<typeof blockOf>) {
  const sums = new Map<string, bigint>();
  for (const type of dataset.info.profileTypes) {
    for (const { startMs, stacks } of (await dataset.totals(type, [])) ?? []) {
      for (const { stacktrace, value } of stacks) {
        stacktrace.forEach((node, i) => sums.set(`${type} ${startMs} ${node}`, value[i]));
      }
    }
  }
  return sums;
}

test('totals are the sums of all samples by type, window and stack, exact beyond 2^53', async () => {
  for (const factor of [1n, 2n ** 44n]) {
    const dataset = blockOf(30, 5, factor);
    const found = await foundTotals(dataset);
    assert.deepEqual(found, await expectedTotals(dataset));
    assert.equal(new Set([...found.keys()].map((name) => name.split(' ')[1])).size, 3);
    const totals = (await dataset.totals(CPU, ['tree', 'strings'])) ?? [];
    assert.equal(
      totals.reduce((sum, { profileCount }) => sum + profileCount, 0),
      (await rowsOf(dataset, CPU)).length,
    );
  }
});

async function rowsOf(dataset: ReturnType<typeof blockOf>, typeId: string) {
  const series = await dataset.series();
  const { count, series: seriesOf } = await dataset.profiles();
  return Array.from({ length: count }, (_, row) => row).filter(
    (row) => profileTypeId(series[seriesOf[row]].type) === typeId,
  );
}

test('what has no totals says so: many windows, a type unknown, a sum that leaves int64, a block without', async () => {
  assert.equal(await blockOf(10, 60).totals(CPU, []), undefined);
  assert.equal(await blockOf(10, 1).totals('no:such:type:at:all', []), undefined);
  assert.equal(await blockOf(10, 1, 1n, null).totals(CPU, []), undefined);
  const random = createSeededRandom(5);
  const builder = createBlockBuilder();
  const record = randomProfileRecord(random, { services: ['cart'], groupsMax: 1 });
  const groups = record.groups.map((group) => ({
    ...group,
    sampleCount: 1,
    stack: Uint32Array.of(0),
    values: BigInt64Array.of(2n ** 62n, 1n),
  }));
  for (let i = 0; i < 3; i++) builder.addProfile({ ...record, identity: random.bytes(16), groups }, i);
  const header = { id: '0'.repeat(32), level: 2, log: LOG, totalsMs: HOUR_MS };
  const dataset = parseBlock(builder.build(header).bytes).dataset(0);
  assert.equal(await dataset.totals(CPU, []), undefined);
  assert.equal((await dataset.totals(dataset.info.profileTypes[1], []))?.[0].total, 3n);
});
