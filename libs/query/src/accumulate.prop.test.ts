import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  accumulateDoubles,
  accumulateHalves,
  halvesOf,
  scaleHalves,
  settleDoubles,
  settleInt64s,
} from './accumulate.ts';
import { sumValues } from './value.ts';

const NODES = 6;
const samplesBelow = (valueMax: bigint) =>
  fc.array(fc.tuple(fc.nat(NODES - 1), fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, valueMax))), { maxLength: 50 });

function naive(samples: readonly (readonly [number, bigint])[]): BigInt64Array {
  const sums = new BigInt64Array(NODES);
  for (const [node, value] of samples) sums[node] += value;
  return sums;
}

test('doubles and halves add up as BigInts do', () => {
  fc.assert(
    fc.property(samplesBelow(2n ** 53n / 50n), samplesBelow(2n ** 63n / 50n - 1n), (small, large) => {
      const columnsOf = (samples: typeof small) => ({
        stacktrace: Uint32Array.from(samples, ([node]) => node),
        values: halvesOf(BigInt64Array.from(samples, ([, value]) => value)),
      });
      const doubles = new Float64Array(NODES);
      const { stacktrace, values } = columnsOf(small);
      accumulateDoubles(doubles, stacktrace, 0, values, 0, small.length, 1);
      const settled = settleDoubles(doubles, new Uint32Array(NODES));
      assert.deepEqual(settled.sums, naive(small));
      assert.equal(
        settled.total,
        small.reduce((sum, [, value]) => sum + value, 0n),
      );
      const exact = new BigInt64Array(NODES);
      const others = columnsOf(large);
      accumulateHalves(halvesOf(exact), others.stacktrace, 0, others.values, 0, large.length, 1);
      assert.deepEqual(exact, naive(large));
      assert.equal(
        sumValues(exact, 0, NODES),
        large.reduce((sum, [, value]) => sum + value, 0n),
      );
    }),
  );
});

test('values are multiplied by their unit before they are added', () => {
  const unit = fc.constantFrom(1, 7, 10_000_000, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER);
  const value = fc.oneof(fc.bigInt(0n, 99n), fc.bigInt(0n, 2n ** 53n - 1n));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(NODES - 1), value, unit), { maxLength: 20 }), (samples) => {
      const [exact, doubles] = [new BigInt64Array(NODES), new Float64Array(NODES)];
      const [all, small] = [new BigInt64Array(NODES), new BigInt64Array(NODES)];
      for (const [node, quotient, times] of samples) {
        const product = quotient * BigInt(times);
        const column = [Uint32Array.of(0, node), 1, halvesOf(BigInt64Array.of(5n, 5n, quotient)), 2, 1, times] as const;
        if (product < 2n ** 58n) {
          accumulateHalves(halvesOf(exact), ...column);
          all[node] += product;
        }
        if (product < 2n ** 48n) {
          accumulateDoubles(doubles, ...column);
          small[node] += product;
        }
      }
      assert.deepEqual(exact, all);
      assert.deepEqual(settleDoubles(doubles, new Uint32Array(NODES)).sums, small);
    }),
  );
});

test('values are copied times their unit, exactly, and nothing beside them', () => {
  const unit = fc.constantFrom(1, 7, 10_000_000, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER);
  const value = fc.oneof(fc.bigInt(0n, 99n), fc.bigInt(0n, 2n ** 53n + 9n), fc.bigInt(0n, 2n ** 63n - 1n));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 20 }), unit, fc.nat(3), fc.nat(3), (quotients, times, from, before) => {
      const values = quotients.filter((quotient) => quotient * BigInt(times) < 2n ** 63n);
      const stored = BigInt64Array.from([...Array<bigint>(before).fill(5n), ...values, 5n]);
      const column = new BigInt64Array(from + values.length + 1).fill(-1n);
      scaleHalves(halvesOf(column), from, halvesOf(stored), before, values.length, times);
      const scaled = values.map((quotient) => quotient * BigInt(times));
      assert.deepEqual([...column], [...Array<bigint>(from).fill(-1n), ...scaled, -1n]);
    }),
  );
});

test('a node is used when it or one below it has a value', () => {
  // 0 ─ 1 ─ 2, 1 ─ 3, 0 ─ 4
  const parent = Uint32Array.of(0, 0, 1, 1, 0);
  const used = (...sums: bigint[]) => {
    const settled = settleInt64s(BigInt64Array.from(sums), parent);
    assert.deepEqual(settleDoubles(Float64Array.from(sums, Number), parent), settled);
    return [...settled.used].slice(1);
  };
  assert.deepEqual(used(9n, 0n, 0n, 0n, 0n), [0, 0, 0, 0]);
  assert.deepEqual(used(0n, 0n, 0n, 2n ** 40n, 0n), [1, 0, 1, 0]);
  assert.deepEqual(used(0n, 1n, 0n, 0n, 1n), [1, 0, 0, 1]);
});
