/** Properties of whole blocks: what goes in comes out, in any order, through any merge; damage is always noticed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { FlamelakeError, withProducedLabels } from '@flamelake/model';
import { createSeededRandom, naiveRows, randomProfileRecord } from '@flamelake/testkit';
import fc from 'fast-check';
import { createBlockBuilder } from './block-builder.ts';
import { openBlock, parseBlock } from './block-reader.ts';
import { memorySource } from './block-source.ts';
import { describeBlock } from './describe-block.ts';
import type { BlockReader, LogRange } from './types.ts';

const LOG: LogRange = {
  logId: 'log-1',
  partition: 3,
  position: 10,
  next: 99,
  lastAppendMs: 1_768_478_400_000,
  gaps: [],
};
const HEADER = { id: '0123456789abcdef0123456789abcdef', level: 0, log: LOG };

/** What records are made of: printed when a property fails. */
const cases = fc.record({ seed: fc.integer({ min: 0, max: 0x7fffffff }), count: fc.integer({ min: 0, max: 12 }) });

/** Records with their offsets, spread over time, tenants and services, some with spans. */
function recordsOf({ seed, count }: { seed: number; count: number }): { offset: number; record: ProfileRecord }[] {
  const random = createSeededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const timeMs = 1_768_478_400_000 + random.integer(100_000);
    const record = randomProfileRecord(random, { tenants: ['a', 'b'], timeMs });
    const spanned = random.chance(0.3) ? withSpans(record, random) : record;
    return { offset: 10 + i, record: random.chance(0.3) ? withTimes(spanned, random) : spanned };
  });
}

function withSpans(record: ProfileRecord, random: ReturnType<typeof createSeededRandom>): ProfileRecord {
  return {
    ...record,
    groups: record.groups.map((group) => ({
      ...group,
      spanIds: BigUint64Array.from({ length: group.sampleCount }, () => BigInt(random.integer(3)) << 60n),
      traceIds: random.chance(0.5) ? new Uint8Array(16 * group.sampleCount).fill(random.integer(3)) : undefined,
    })),
  };
}

function withTimes(record: ProfileRecord, random: ReturnType<typeof createSeededRandom>): ProfileRecord {
  return {
    ...record,
    groups: record.groups.map((group) => {
      const each = Array.from({ length: group.sampleCount }, () =>
        Array.from({ length: random.integer(4) }, () => random.integer(20_000) - 5_000).toSorted((a, b) => a - b),
      );
      const start = new Uint32Array(group.sampleCount + 1);
      each.forEach((own, i) => {
        start[i + 1] = start[i] + own.length;
      });
      return { ...group, times: { start, offsetMs: Int32Array.from(each.flat()) } };
    }),
  };
}

function build(list: readonly { offset: number; record: ProfileRecord }[], hashSeed?: number): Uint8Array {
  const builder = createBlockBuilder(hashSeed === undefined ? {} : { hashSeed });
  for (const { offset, record } of list) builder.addProfile(record, offset);
  return builder.build(HEADER).bytes;
}

/** One line a row, with its samples by names of functions, sorted: the same for equal content, whatever the numbering. */
async function linesOf(block: BlockReader): Promise<string[]> {
  const { datasets } = await describeBlock(block);
  return datasets
    .flatMap(({ tenant, locations, profiles }) => {
      const names = locations.map(({ address, lines }) =>
        lines.length === 0
          ? address
          : lines
              .map((line) => line.split(' ')[0])
              .toReversed()
              .join(';'),
      );
      return profiles.map(({ labels, timeMs, total, samples }) => {
        const stacks = samples.map(([stack, ...rest]) => {
          const text =
            stack === ''
              ? ''
              : stack
                  .split(' ')
                  .map((location) => names[Number(location)])
                  .join(';');
          return `${text} ${rest.join(' ')}`;
        });
        return JSON.stringify([tenant, labels, timeMs, total, stacks.toSorted()]);
      });
    })
    .toSorted();
}

/** The same lines from the naive model, which knows no spans. */
function naiveLines(list: readonly { record: ProfileRecord }[]): string[] {
  return list
    .flatMap(({ record }) =>
      naiveRows(record).flatMap((row, i) => {
        if (row.stacks.size === 0) return [];
        const type = record.types[i % record.types.length];
        const labels = withProducedLabels(row.labels, type, record.service);
        const total = [...row.stacks.values()].reduce((sum, value) => sum + value, 0n);
        const stacks = [...row.stacks].map(([stack, value]) => `${stack} ${value}`);
        const named = Object.fromEntries(labels.map(({ name, value }) => [name, value]));
        return JSON.stringify([row.tenant, named, row.timeMs, `${total}`, stacks.toSorted()]);
      }),
    )
    .toSorted();
}

/** Adds up equal stacks of a line and forgets spans, as the naive model does. */
function withoutSpans(line: string): string {
  const [tenant, labels, timeMs, total, stacks] = JSON.parse(line) as [string, object, number, string, string[]];
  const sums = new Map<string, bigint>();
  for (const sample of stacks) {
    const [stack, value] = sample.split(' ');
    sums.set(stack, (sums.get(stack) ?? 0n) + BigInt(value));
  }
  const merged = [...sums].map(([stack, value]) => `${stack} ${value}`);
  return JSON.stringify([tenant, labels, timeMs, total, merged.toSorted()]);
}

test('a block holds exactly what the naive model says', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const list = recordsOf(given);
      const lines = await linesOf(parseBlock(build(list)));
      assert.deepEqual(lines.map(withoutSpans).toSorted(), naiveLines(list));
    }),
    { numRuns: 150 },
  );
});

test('the order of profiles changes no content', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.integer(), async (given, seed) => {
      const list = recordsOf(given);
      const random = createSeededRandom(seed);
      const shuffled = list.map((one) => ({ one, key: random.fraction() })).toSorted((a, b) => a.key - b.key);
      const other = parseBlock(build(shuffled.map(({ one }) => one)));
      assert.deepEqual(await linesOf(other), await linesOf(parseBlock(build(list))));
    }),
    { numRuns: 60 },
  );
});

test('the hash seed changes no byte', () => {
  fc.assert(
    fc.property(cases, fc.integer(), (given, seed) =>
      assert.deepEqual(build(recordsOf(given), seed), build(recordsOf(given))),
    ),
    { numRuns: 60 },
  );
});

test('a builder that was cleared builds what a new one builds', () => {
  fc.assert(
    fc.property(fc.array(cases, { minLength: 2, maxLength: 5 }), (blocks) => {
      const builder = createBlockBuilder();
      for (const input of blocks) {
        const list = recordsOf(input);
        for (const { offset, record } of list) builder.addProfile(record, offset);
        assert.equal(builder.profileCount, list.length);
        assert.deepEqual(builder.build(HEADER).bytes, build(list));
        builder.addQuarantined({ offset: 1, reason: 'of the block before', value: new Uint8Array(9) });
        builder.clear();
        assert.ok(builder.isEmpty);
        assert.equal(builder.sizeBytes, createBlockBuilder().sizeBytes);
      }
      builder.clear();
      assert.equal(builder.memoryBytes, createBlockBuilder().memoryBytes, 'nothing is kept for what did not come');
    }),
  );
});

test('merged blocks hold what one block of all profiles holds, and keep ids and identities', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.integer({ min: 1, max: 4 }), async (given, parts) => {
      const list = recordsOf(given);
      const builder = createBlockBuilder();
      for (let part = 0; part < parts; part++) {
        await builder.addBlock(parseBlock(build(list.filter((_, i) => i % parts === part))));
      }
      const merged = await describeBlock(parseBlock(builder.build(HEADER).bytes));
      const whole = await describeBlock(parseBlock(build(list)));
      assert.deepEqual(await linesOf(parseBlock(builder.build(HEADER).bytes)), await linesOf(parseBlock(build(list))));
      const ids = (block: typeof whole) => block.datasets.flatMap(({ profiles }) => profiles.map(({ id }) => id));
      assert.deepEqual(ids(merged), ids(whole));
      // An identity whose profile has no value at all is in a segment, but only profiles are merged.
      const used = new Set(merged.identities.map(([id]) => id));
      assert.ok(whole.identities.filter(([id]) => used.has(id)).length === merged.identities.length);
    }),
    { numRuns: 60 },
  );
});

test('a filter splits a block into parts that hold each profile once', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.integer({ min: 0, max: 100_000 }), async (given, cut) => {
      const list = recordsOf(given);
      const block = parseBlock(build(list));
      const lines: string[] = [];
      for (const isEarly of [true, false]) {
        const builder = createBlockBuilder();
        await builder.addBlock(block, { row: (_, __, timeMs) => timeMs < 1_768_478_400_000 + cut === isEarly });
        lines.push(...(await linesOf(parseBlock(builder.build(HEADER).bytes))));
      }
      assert.deepEqual(lines.toSorted(), await linesOf(block));
    }),
    { numRuns: 60 },
  );
});

test('a truncated block is data loss', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), async (given, at) => {
      const list = recordsOf(given);
      const bytes = build(list);
      const cut = bytes.subarray(0, at % bytes.length);
      await assert.rejects(openBlock(memorySource(cut)).then(describeBlock), isDataLoss);
    }),
    { numRuns: 200 },
  );
});

test('a block with one bit flipped is data loss', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), fc.nat(7), async (given, at, bit) => {
      const list = recordsOf(given);
      const bytes = build(list);
      bytes[at % bytes.length] ^= 1 << bit;
      await assert.rejects(openBlock(memorySource(bytes)).then(describeBlock), isDataLoss);
    }),
    { numRuns: 400 },
  );
});

function isDataLoss(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'data_loss' && error.details['object'] === 'memory';
}
