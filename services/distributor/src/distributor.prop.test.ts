import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelValue } from '@flamelake/model';
import { stackAt } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { createTestDistributor, TEST_NOW_MS } from './distributor-server.test-support.ts';
import { type TestSample, testPprof } from './pprof-builder.test-support.ts';

const SERIES = { env: 'prod', service_name: 'shop' };
const TYPES = ['samples/count', 'cpu/nanoseconds'];

const sample: fc.Arbitrary<TestSample> = fc.record(
  {
    stack: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
    values: fc.tuple(fc.integer({ min: -1, max: 3 }), fc.bigInt({ min: 0n, max: 2n ** 55n })),
    labels: fc.dictionary(fc.constantFrom('env', 'task', 'span_id', '__name__'), fc.constantFrom('x', 'y', '1f')),
  },
  { noNullPrototype: true },
);

/** Totals by type, task label and leaf, summed the plain way: what is dropped, and where the series wins. */
function plainTotals(samples: readonly TestSample[]): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const { stack, values, labels } of samples) {
    if (values.some((value) => value < 0)) continue;
    values.forEach((value, type) => {
      const key = `${type} ${labels?.task ?? ''} ${stack.length}`;
      if (BigInt(value) > 0n) totals.set(key, (totals.get(key) ?? 0n) + BigInt(value));
    });
  }
  return totals;
}

test('whatever the samples, what is stored sums to what was sent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { maxLength: 12 }), async (samples) => {
      const { distributor, profiles } = createTestDistributor();
      const labels = Object.entries({ __name__: 'process_cpu', ...SERIES }).map(([name, value]) => ({ name, value }));
      const rawProfile = testPprof({ types: TYPES, samples, timeMs: TEST_NOW_MS });
      await distributor.push('t', [{ labels, samples: [{ rawProfile, id: '' }] }]);
      const totals = new Map<string, bigint>();
      for (const { groups, stacks } of await profiles()) {
        assert.equal(new Set(groups.map((group) => JSON.stringify(group.labels))).size, groups.length);
        for (const group of groups) {
          assert.equal(labelValue(group.labels, 'env'), 'prod');
          assert.equal(labelValue(group.labels, '__name__'), '');
          group.values.forEach((value, i) => {
            const s = i % group.sampleCount;
            const depth = stackAt(stacks, group.stack[s]).length;
            const key = `${Math.floor(i / group.sampleCount)} ${labelValue(group.labels, 'task')} ${depth}`;
            if (value > 0n) totals.set(key, (totals.get(key) ?? 0n) + value);
          });
        }
      }
      assert.deepEqual(totals, plainTotals(samples));
    }),
  );
});
