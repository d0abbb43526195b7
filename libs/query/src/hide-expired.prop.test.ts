/** What retention hides, with any pins: just the rows before the cut that no pin exempts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pin } from '@flamelake/catalog';
import { compileMatchers, matchLabels, parseSelector } from '@flamelake/model';
import fc from 'fast-check';
import { hideExpired } from './hide-expired.ts';
import { snapshotOf } from './test-snapshots.ts';

const SELECTORS = ['{}', '{pod="a"}', '{pod!="a"}', '{pod=~"a|b"}', '{pod!~"b",zone="x"}', '{zone=""}'];
const pin = fc.record({
  id: fc.constant('p'),
  tenant: fc.constantFrom('t', 'u'),
  selector: fc.constantFrom(...SELECTORS),
  fromMs: fc.integer({ min: 0, max: 20 }),
  untilMs: fc.integer({ min: 0, max: 20 }),
});
const row = fc.record({
  tenant: fc.constantFrom('t', 'u'),
  timeMs: fc.integer({ min: 0, max: 20 }),
  pod: fc.constantFrom('', 'a', 'b', 'c'),
  zone: fc.constantFrom('', 'x'),
});

function matches(rule: Omit<Pin, 'id'>, one: { tenant: string; timeMs: number; pod: string; zone: string }): boolean {
  const labels = [
    { name: 'pod', value: one.pod },
    { name: 'zone', value: one.zone },
  ].filter(({ value }) => value !== '');
  const isInside = one.tenant === rule.tenant && one.timeMs >= rule.fromMs && one.timeMs < rule.untilMs;
  return isInside && matchLabels(compileMatchers(parseSelector(rule.selector)), labels);
}

test('a row is hidden when it is before the cut of its tenant and no pin matches it', () => {
  fc.assert(
    fc.property(
      fc.array(pin, { maxLength: 4 }),
      fc.array(row, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 0, max: 20 }),
      fc.array(fc.record({ tenant: fc.constantFrom('t', 'u', 'v'), beforeMs: fc.integer({ min: 0, max: 20 }) }), {
        maxLength: 1,
      }),
      (pins, rows, cutMs, cuts) => {
        const [partition] = snapshotOf([]).partitions;
        assert.ok(partition !== undefined);
        const snapshot = { partitions: [{ ...partition, manifest: { ...partition.manifest, pins, cuts } }] };
        const expireBefore = (tenant: string) => (tenant === 't' ? cutMs : Number.NEGATIVE_INFINITY);
        const deletes = hideExpired(snapshot, ['t', 'u'], expireBefore).partitions.flatMap(
          ({ manifest }) => manifest.deletes,
        );
        for (const one of rows) {
          const beforeMs = Math.max(
            expireBefore(one.tenant),
            ...cuts.map(({ tenant, beforeMs: at }) => (tenant === one.tenant ? at : 0)),
          );
          const isExpired = one.timeMs < beforeMs && !pins.some((rule) => matches(rule, one));
          assert.equal(
            deletes.some((rule) => matches(rule, one)),
            isExpired,
            JSON.stringify(one),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
